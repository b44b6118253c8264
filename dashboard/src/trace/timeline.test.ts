import { expect, it } from "vitest";
import { in_words, is_minor, lines, moment, type TraceEvent } from "./timeline";

const event = (part: Partial<TraceEvent>): TraceEvent => ({
  at: "2026-11-21T12:00:00.123456Z",
  op: "changed",
  position: "2@7",
  fate: null,
  cause: null,
  changed: [],
  note: null,
  from: "row",
  ...part,
});
const CHANGED = [{ column: "status", before: "new", after: "paid" }];

it.each([
  ["2026-11-21T12:00:00.123456Z", { day: "2026-11-21", time: "12:00:00.123" }],
  ["2026-11-21T12:00:00.1Z", { day: "2026-11-21", time: "12:00:00.100" }],
  ["2026-11-21T12:00:00Z", { day: "2026-11-21", time: "12:00:00" }],
  ["+12026-11-21", { day: "", time: "+12026-11-21" }],
])("%s in day and time", (at, expected) => {
  expect(moment(at)).toEqual(expected);
  expect(in_words(at)).toBe(expected.day === "" ? at : `${expected.day} 12:00:00 UTC`);
});

it("days stand only where they change, failures are marked, and the order of the server is kept", () => {
  const shown = lines(
    [
      event({ op: "created", at: "2026-11-20T23:59:59.000000Z" }),
      event({ op: "letter", fate: "invalid" }),
      event({ op: "changed", changed: CHANGED, from: "history", at: "2026-11-21T12:00:01.000000Z" }),
    ],
    true,
  );
  expect(shown.map(({ day, what, is_failure }) => [day, what, is_failure])).toEqual([
    ["2026-11-20", "created", false],
    ["2026-11-21", "refused", true],
    [null, "changed", false],
  ]);
});

it.each<[string, Partial<TraceEvent>, boolean]>([
  ["a write of the row", { op: "written" }, true],
  ["a change that changed nothing", { from: "history" }, true],
  ["a change whose columns are not recorded", { from: "row" }, false],
  ["a change", { from: "history", changed: CHANGED }, false],
  ["a letter", { op: "letter", fate: "invalid" }, false],
  ["a letter that was overtaken", { op: "letter_closed", fate: "overtaken" }, true],
  ["a letter that was replayed", { op: "letter_closed", fate: "replayed" }, false],
  ["a delete", { op: "deleted", from: "tombstone" }, false],
])("%s tells little: %o is %s", (_, part, expected) => {
  expect(is_minor(event(part))).toBe(expected);
  expect(lines([event(part)], false)).toHaveLength(expected ? 0 : 1);
});
