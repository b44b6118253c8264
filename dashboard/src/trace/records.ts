// Records of Kafka in words.

import type { Column, Found } from "./shapes";

const OPS: Record<string, string> = {
  c: "created",
  u: "changed",
  d: "deleted",
  r: "read by a snapshot",
  t: "truncated",
  tombstone: "null value (tombstone)",
  flat: "flat row",
};

/** What a record says, in words. */
export const what = (found: Found): string =>
  found.change === null ? "not shown" : (OPS[found.change.op] ?? found.change.op);

/** What is wrong with a record, if something is. */
export function flaw(found: Found): string | null {
  if (found.why_not !== null) return found.why_not;
  return found.is_of_order ? null : "The record is of another order: the topic was made anew since.";
}

/** Both sides of a column in one text. */
export function sides(column: Column): string {
  const { before, after } = column;
  if (before !== null && after !== null) return `${before} → ${after}`;
  return after ?? before ?? "-";
}
