import { expect, it } from "vitest";
import type { Action } from "../api";
import { can_stop, name_of, of_state, parameters_of, share_of } from "./words";

it("parameters are one line of what says something", () => {
  const parameters = {
    reasons: ["invalid", "malformed"],
    topic: "",
    key: null,
    ids: ["1", "2", "3", "4", "5"],
    rate: 100,
    resolved: false,
    since: 0,
    empty: [],
  };
  expect(parameters_of(parameters)).toBe(
    "reasons invalid malformed, ids 1 2 3 and 2 more, 100 a second at most, open, since 1970-01-01 00:00:00 UTC",
  );
  expect(parameters_of({})).toBe("");
});

it("progress without an end has no share", () => {
  const shares = [
    null,
    { done: 5, of: null, text: "" },
    { done: 5, of: 0, text: "" },
    { done: 5, of: 20, text: "" },
    { done: 30, of: 20, text: "" },
  ];
  expect(shares.map(share_of)).toEqual([null, null, null, 0.25, 1]);
});

it("states and names that are not known are shown as they come", () => {
  expect(of_state("running").word).toBe("running");
  expect(of_state("odd" as Action["state"])).toEqual({ tone: "unknown", word: "odd" });
  expect([name_of("hold_breaker"), name_of("move_mountain")]).toEqual(["hold breaker", "move mountain"]);
});

it("only a replay or a rebuild that runs can be stopped", () => {
  const action = (name: string, state: Action["state"]) => ({ action: name, state }) as Action;
  const all = [
    action("replay", "running"),
    action("rebuild", "running"),
    action("pause", "running"),
    action("replay", "stopping"),
  ];
  expect(all.map(can_stop)).toEqual([true, true, false, false]);
});
