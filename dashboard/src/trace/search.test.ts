import { expect, it } from "vitest";
import { flaw, sides, what } from "./records";
import { ended, heard, type Search, split } from "./search";
import type { Found } from "./shapes";

const RUNNING: Search = { at: "running", records: 5 };
const SEARCHED = { partition: 2, from: "1", up_to: "9", records: 8, ended_by: "time", found: [] };

it("lines come whole, wherever the network has cut them", () => {
  const pieces = ['{"progress":', '{"records":1}}\r\n\n{"pro', 'gress":{"records":2}}', "\n"];
  let rest = "";
  const all: string[] = [];
  for (const piece of pieces) {
    const cut = split(rest, piece);
    all.push(...cut.lines);
    rest = cut.rest;
  }
  expect(all).toEqual(['{"progress":{"records":1}}', '{"progress":{"records":2}}']);
  expect(rest).toBe("");
});

it.each<[string, object]>([
  ['{"progress":{"records":7}}', { at: "running", records: 7 }],
  [JSON.stringify({ search: SEARCHED }), { at: "done", searched: SEARCHED }],
  ['{"error":"Kafka does not answer"}', { at: "failed", why: "Kafka does not answer", records: 5 }],
  ["not JSON", { at: "failed", records: 5 }],
  ["[1]", { at: "running", records: 5 }],
  ['{"heartbeat":1}', { at: "running", records: 5 }],
])("%s", (line, expected) => {
  expect(heard(RUNNING, line)).toMatchObject(expected);
});

it("an answer that ends too early has failed, and one that is whole has not", () => {
  expect(ended(RUNNING)).toMatchObject({ at: "failed", records: 5 });
  const done = heard(RUNNING, JSON.stringify({ search: SEARCHED }));
  expect(ended(done)).toBe(done);
});

it("a record is told in words, with its flaw", () => {
  const found: Found = {
    named_by: "row",
    topic: "orders",
    position: "2@7",
    at: null,
    is_of_order: true,
    change: { op: "u", source_ms: null, columns: [] },
    why_not: null,
  };
  expect([what(found), flaw(found)]).toEqual(["changed", null]);
  expect(flaw({ ...found, is_of_order: false })).toContain("another order");
  expect(what({ ...found, change: null, why_not: "it is gone from the topic" })).toBe("not shown");
  expect(flaw({ ...found, why_not: "it is gone from the topic" })).toBe("it is gone from the topic");
  const column = (before: string | null, after: string | null) => sides({ column: "c", before, after });
  expect([column("a", "b"), column("a", null), column(null, "b"), column(null, null)]).toEqual([
    "a → b",
    "a",
    "b",
    "-",
  ]);
});
