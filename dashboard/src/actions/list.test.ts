import { expect, it } from "vitest";
import type { Action } from "../api";
import { merged } from "./list";

const action = (id: string, at: number, state: Action["state"]): Action => ({
  id,
  at,
  who: "alice",
  action: "replay",
  parameters: {},
  reason: "",
  state,
  progress: null,
  outcome: null,
  finished_at: state === "running" ? null : at + 1,
});
const ids = (actions: Action[]) => actions.map(({ id, state }) => `${id} ${state}`);

it("news of an action stand in its place, and new actions stand first", () => {
  const items = [action("b", 2, "running"), action("a", 1, "done")];
  const news = [action("b", 2, "done"), action("d", 4, "running"), action("c", 3, "done")];
  expect(ids(merged(items, news))).toEqual(["d running", "c done", "b done", "a done"]);
});

it("an old answer wakes nothing up, and the last action of another page is not put first", () => {
  const items = [action("b", 2, "done")];
  expect(ids(merged(items, [action("b", 2, "running"), action("a", 1, "done")]))).toEqual(["b done"]);
  expect(ids(merged([], [action("a", 1, "running")]))).toEqual(["a running"]);
});
