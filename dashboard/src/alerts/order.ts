// Alerts by harm: critical before warnings, among them the longest first. Pure.

import type { Alert } from "../api";

export function by_harm(alerts: Alert[]): Alert[] {
  return [...alerts].sort((a, b) => rank(a) - rank(b) || since(a) - since(b) || (a.id < b.id ? -1 : 1));
}

function rank(alert: Alert): number {
  return alert.severity === "critical" ? 0 : 1;
}

/** An alert whose begin is not known stands behind those that are. */
function since(alert: Alert): number {
  return alert.since ?? Number.MAX_SAFE_INTEGER;
}
