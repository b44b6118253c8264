import { seconds } from "../format";
import { in_words } from "./timeline";

/** When the sweep looks at an order next, from a moment such as `2026-11-21T12:00:00.123456Z`. */
export function until(at: string, now: number): string {
  const due = Date.parse(at);
  if (Number.isNaN(due)) return `Due at ${at}`;
  const left = Math.round((due - now) / 1_000);
  const when = left > 0 ? `tried next in ${seconds(left)}` : `due since ${seconds(-left)}`;
  return `It is ${when} (${in_words(at)})`;
}
