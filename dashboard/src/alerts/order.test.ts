import { expect, it } from "vitest";
import type { Alert } from "../api";
import { by_harm } from "./order";

const alert = (id: string, severity: Alert["severity"], since: number | null): Alert => ({
  id,
  severity,
  since,
  what: id,
  evidence: null,
  self_heals: "",
  do: "",
  runbook: "",
});

it("puts critical alerts first, among them the longest first, and those of unknown age last", () => {
  const all = [
    alert("w", "warning", 1),
    alert("new", "critical", 9),
    alert("unknown", "critical", null),
    alert("old", "critical", 2),
  ];
  expect(by_harm(all).map((of) => of.id)).toEqual(["old", "new", "unknown", "w"]);
});
