import { describe, expect, it } from "vitest";
import type { Action, ActionRequest, Plan } from "../api";
import {
  begun,
  type Event,
  found,
  is_too_old,
  MOVED,
  matches,
  may_start,
  next,
  type State,
  step_of,
  when_closed,
} from "./machine";

const REPLAY: ActionRequest = {
  action: "replay",
  parameters: { reasons: ["invalid"], resolved: false },
  reason: "",
};
const PAUSE: ActionRequest = {
  action: "pause",
  parameters: { topic: "orders", partition: 3, minutes: 15 },
  reason: "",
};
const PLAN: Plan = {
  plan_id: "p1",
  action: "replay",
  effect: "",
  details: [],
  warnings: [],
  confirm: "1180",
  expires_at: 1_000,
};
const ACTION: Action = {
  id: "a1",
  at: 0,
  who: "alice",
  action: "replay",
  parameters: {},
  reason: "",
  state: "running",
  progress: null,
  outcome: null,
  finished_at: null,
};
const refused = (status: number) => ({ status, message: "no", code: "x", retry_after_ms: null });
const reached = (state: State, ...events: Event[]) => events.reduce(next, state);
const PLANNED: Event[] = [{ is: "dry_run_asked" }, { is: "planned", plan: PLAN, of: REPLAY }];
const TYPED: Event[] = [...PLANNED, { is: "typed", text: "1,180" }];
const CONFIRMED: Event[] = [...TYPED, { is: "confirmed", now: 10 }];
const STARTED: Event[] = [...CONFIRMED, { is: "started", action: ACTION, plan_id: "p1" }];

describe("the dialog of an action", () => {
  it("goes through four steps, and nothing else leads to a start", () => {
    const steps = [[], PLANNED.slice(0, 1), PLANNED, TYPED, CONFIRMED, STARTED].map((events) =>
      reached(begun(REPLAY), ...events),
    );
    expect(steps.map((state) => state.at)).toEqual([
      "choose",
      "dry_run",
      "confirm",
      "confirm",
      "start",
      "watch",
    ]);
    expect(steps.map(step_of)).toEqual([1, 2, 3, 3, 3, 4]);
  });

  it.each<[string, Event[]]>([
    ["from the choice", [{ is: "confirmed", now: 10 }]],
    ["from the dry run", [{ is: "dry_run_asked" }, { is: "confirmed", now: 10 }]],
    ["without the number", [...PLANNED, { is: "confirmed", now: 10 }]],
    ["with another number", [...PLANNED, { is: "typed", text: "1181" }, { is: "confirmed", now: 10 }]],
    ["with half of the number", [...PLANNED, { is: "typed", text: "118" }, { is: "confirmed", now: 10 }]],
    ["with a plan that is too old", [...TYPED, { is: "confirmed", now: 1_000 }]],
    ["after going back", [...TYPED, { is: "back" }, { is: "confirmed", now: 10 }]],
  ])("does not start %s", (_, events) => {
    expect(reached(begun(REPLAY), ...events).at).not.toBe("start");
  });

  it("asks for a reason before the dry run, but not for a replay", () => {
    expect(reached(begun(PAUSE), { is: "dry_run_asked" })).toMatchObject({
      at: "choose",
      problem: expect.stringContaining("why"),
    });
    const said = { ...PAUSE, reason: "shop is migrated" };
    expect(reached(begun(PAUSE), { is: "edited", request: said }, { is: "dry_run_asked" }).at).toBe(
      "dry_run",
    );
  });

  it("makes a new dry run after 409, and asks for the number again", () => {
    const again = reached(begun(REPLAY), ...CONFIRMED, {
      is: "start_refused",
      refusal: refused(409),
      plan_id: "p1",
    });
    expect(again).toMatchObject({ at: "dry_run", note: MOVED });
    const of = again.at === "dry_run" ? again.request : REPLAY;
    const planned = reached(again, { is: "planned", plan: { ...PLAN, plan_id: "p2", confirm: "1179" }, of });
    expect(planned).toMatchObject({ at: "confirm", typed: "", note: MOVED });
  });

  it.each([0, 502])("says that nobody knows whether it began after %i, and keeps the plan", (status) => {
    const state = reached(begun(REPLAY), ...CONFIRMED, {
      is: "start_refused",
      refusal: refused(status),
      plan_id: "p1",
    });
    expect(state).toMatchObject({
      at: "confirm",
      plan: { plan_id: "p1" },
      note: expect.stringContaining("not known"),
    });
    expect(may_start(state, 10)).toBe(true);
  });

  it.each([401, 403, 429])("keeps everything after %i", (status) => {
    const state = reached(begun(REPLAY), ...CONFIRMED, {
      is: "start_refused",
      refusal: refused(status),
      plan_id: "p1",
    });
    expect(state).toMatchObject({ at: "confirm", typed: "1180", note: null, refusal: { status } });
  });

  it("does not listen to answers that it does not wait for", () => {
    const elsewhere = { ...REPLAY };
    const waiting = reached(begun(REPLAY), { is: "dry_run_asked" });
    expect(next(waiting, { is: "planned", plan: PLAN, of: elsewhere })).toBe(waiting);
    const back = next(waiting, { is: "back" });
    expect(next(back, { is: "planned", plan: PLAN, of: REPLAY })).toBe(back);
    const watched = reached(begun(REPLAY), ...STARTED);
    expect(next(watched, { is: "news", action: { ...ACTION, id: "a2", state: "done" } })).toBe(watched);
    expect(next(watched, { is: "start_refused", refusal: refused(409), plan_id: "p1" })).toBe(watched);
  });

  it("never runs again what was over, and goes on after silence", () => {
    const over = next(found(ACTION), {
      is: "news",
      action: { ...ACTION, state: "done", outcome: "931 applied" },
    });
    expect(next(over, { is: "news", action: ACTION })).toBe(over);
    const silent = next(found(ACTION), { is: "no_news", refusal: refused(0) });
    expect(silent).toMatchObject({ silent: { status: 0 } });
    expect(next(silent, { is: "news", action: ACTION })).toMatchObject({ silent: null });
  });

  it("says what closing means", () => {
    expect(when_closed(begun(REPLAY))).toBeNull();
    expect(when_closed(reached(begun(REPLAY), ...CONFIRMED))).toContain("Recent actions");
    expect(when_closed(found(ACTION))).toContain("goes on");
    expect(when_closed(found({ ...ACTION, state: "done" }))).toBeNull();
  });

  it("knows when a plan is too old, and what matches it", () => {
    expect([is_too_old(PLAN, 999), is_too_old(PLAN, 1_000)]).toEqual([false, true]);
    const typed = ["1180", " 1180 ", "1,180", "1 180", "", "118", "11800", "-1180", "x"];
    expect(typed.map((text) => matches(PLAN, text))).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(matches({ ...PLAN, confirm: null }, "")).toBe(true);
  });
});
