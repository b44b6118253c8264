import { expect, it } from "vitest";
import type { ActionRequest } from "../api";
import {
  minutes_of,
  needs_reason,
  problem_of,
  title_of,
  verb_of,
  whole,
  with_minutes,
  with_pace,
} from "./requests";

const ALL: ActionRequest[] = [
  { action: "replay", parameters: { ids: ["77"] }, reason: "" },
  { action: "pause", parameters: { topic: "orders", partition: 3, minutes: 15 }, reason: "r" },
  { action: "resume", parameters: { topic: "orders", partition: 3 }, reason: "r" },
  { action: "hold_breaker", parameters: { state: "open", minutes: 30 }, reason: "r" },
  { action: "release_breaker", parameters: {}, reason: "r" },
  { action: "rebuild", parameters: { what: "cache" }, reason: "r" },
  { action: "restart_connector", parameters: {}, reason: "r" },
];

it("every action has a title, a verb, and is complete", () => {
  expect(ALL.map((request) => `${title_of(request)} / ${verb_of(request)}`)).toEqual([
    "Replay letter 77 / Replay",
    "Pause orders 3 / Pause",
    "Resume orders 3 / Resume",
    "Hold the breaker open / Hold",
    "Release the breaker / Release",
    "Rebuild the cache / Rebuild",
    "Restart the connector / Restart",
  ]);
  expect(ALL.map(problem_of)).toEqual(ALL.map(() => null));
});

it("all but a replay need a reason, and no reason is endless", () => {
  const silent = ALL.map((request) => problem_of({ ...request, reason: "  " }));
  expect(silent.map((problem) => problem === null)).toEqual([true, false, false, false, false, false, false]);
  expect(ALL.filter(needs_reason)).toHaveLength(6);
  expect(problem_of({ ...ALL[1], reason: "x".repeat(501) } as ActionRequest)).toContain("500");
});

it.each([0, -1, 1.5, Number.NaN, 1441])("a pause does not last %d minutes", (minutes) => {
  const [, pause, , hold] = ALL as [ActionRequest, ActionRequest, ActionRequest, ActionRequest];
  expect(problem_of(with_minutes(pause, minutes))).toContain("1 to 1440");
  expect(problem_of(with_minutes(hold, minutes))).toContain("1 to 1440");
  expect(minutes_of(with_minutes(pause, 20))).toBe(20);
});

it("rate and number of a replay are whole numbers or the server's own", () => {
  expect(["", " 100 ", "0", "-1", "1.5", "1e3", "x"].map(whole)).toEqual([
    undefined,
    100,
    Number.NaN,
    Number.NaN,
    Number.NaN,
    Number.NaN,
    Number.NaN,
  ]);
  const replay = ALL[0] as ActionRequest;
  expect(with_pace(replay, { rate: 5 }).parameters).toEqual({ ids: ["77"], rate: 5 });
  expect(with_pace(with_pace(replay, { rate: 5, max: 9 }), {}).parameters).toEqual({ ids: ["77"] });
  expect(problem_of(with_pace(replay, { rate: Number.NaN }))).toContain("rate");
  expect(problem_of(with_pace(replay, { max: Number.NaN }))).toContain("most");
});
