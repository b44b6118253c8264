import { expect, it } from "vitest";
import { until } from "./until";

const AT = Date.parse("2026-11-21T12:00:00Z");

it.each([
  ["2026-11-21T11:59:57.000000Z", "It is due since 3 s (2026-11-21 11:59:57 UTC)"],
  ["2026-11-21T12:01:00.000000Z", "It is tried next in 1 min (2026-11-21 12:01:00 UTC)"],
  ["some day", "Due at some day"],
])("%s: %s", (due, said) => {
  expect(until(due, AT)).toBe(said);
});
