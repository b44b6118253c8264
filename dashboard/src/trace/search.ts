// A search in Kafka: lines of JSON as they come, and what is known of the search after each. The functions are pure.

import type { Searched } from "./shapes";

export type Search =
  | { at: "idle" }
  | { at: "running"; records: number }
  | { at: "done"; searched: Searched }
  /** The reader has ended it; what was found until then is not known. */
  | { at: "cancelled"; records: number }
  | { at: "failed"; why: string; records: number };

/** Whole lines of a text that comes in pieces, and the rest that is not whole yet. */
export function split(rest: string, piece: string): { lines: string[]; rest: string } {
  const parts = (rest + piece).split("\n");
  const last = parts.pop() ?? "";
  return { lines: parts.map((line) => line.trim()).filter((line) => line !== ""), rest: last };
}

/** What is known after a line. A line that says nothing known changes nothing: a newer server may say more. */
export function heard(search: Search, line: string): Search {
  const said = parsed(line);
  const records = records_of(search);
  if (said === null) return { at: "failed", why: "The answer cannot be read; search again.", records };
  const { progress, search: searched, error } = said;
  if (is_object(progress) && typeof progress.records === "number")
    return { at: "running", records: progress.records };
  if (is_object(searched)) return { at: "done", searched: searched as unknown as Searched };
  if (typeof error === "string") return { at: "failed", why: error, records };
  return search;
}

/** What is known when the answer is over. */
export function ended(search: Search): Search {
  if (search.at !== "running") return search;
  return {
    at: "failed",
    why: "The connection ended before the search did; search again.",
    records: search.records,
  };
}

/** How many records were looked at, as far as was told. */
export const records_of = (search: Search): number =>
  search.at === "idle" ? 0 : search.at === "done" ? search.searched.records : search.records;

const is_object = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

function parsed(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return is_object(value) ? value : null;
  } catch {
    return null;
  }
}
