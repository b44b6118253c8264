// What is chosen among the letters, and what is asked for it. The key may be the id of a customer, so a choice is never part of an address.

import type { ActionRequest, LetterFilter, LetterPage } from "../api";

export type Since = "1h" | "24h" | "7d" | "30d" | "all";
export type Choice = {
  /** None: every reason. */
  reasons: string[];
  topic: string;
  key: string;
  since: Since;
  state: "open" | "closed" | "all";
};

export const FIRST: Choice = { reasons: [], topic: "", key: "", since: "all", state: "open" };

/** The reasons of letters: a closed set, crates/change/src/rejection.rs. */
export const REASONS = [
  "malformed",
  "invalid",
  "unsupported",
  "unresolved_toast",
  "rejected_by_database",
  "too_large",
  "customer_missing",
  "redis_down",
];

const HOUR = 3_600_000;
export const SPANS: Record<Since, { words: string; ms: number | null }> = {
  "1h": { words: "last hour", ms: HOUR },
  "24h": { words: "last 24 hours", ms: 24 * HOUR },
  "7d": { words: "last 7 days", ms: 7 * 24 * HOUR },
  "30d": { words: "last 30 days", ms: 30 * 24 * HOUR },
  all: { words: "any time", ms: null },
};

/** What the server is asked for a choice. */
export function filter_of(choice: Choice, now: number): LetterFilter {
  const filter: LetterFilter = {};
  if (choice.reasons.length > 0) filter.reasons = choice.reasons;
  if (choice.topic.trim() !== "") filter.topic = choice.topic.trim();
  if (choice.key.trim() !== "") filter.key = choice.key.trim();
  const span = SPANS[choice.since].ms;
  if (span !== null) filter.since = now - span;
  if (choice.state !== "all") filter.resolved = choice.state === "closed";
  return filter;
}

/** A choice in words. The key itself is not said: a sentence may be shown where the key is not wanted. */
export function in_words(choice: Choice): string {
  const parts = [
    choice.state === "all" ? "open and closed letters" : `${choice.state} letters`,
    choice.reasons.length > 0 ? `of reason ${choice.reasons.join(" or ")}` : "of any reason",
    choice.topic.trim() !== "" ? `of topic ${choice.topic.trim()}` : "",
    choice.key.trim() !== "" ? "of this key" : "",
    choice.since === "all" ? "" : `of the ${SPANS[choice.since].words}`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** A reason more or less among those that are chosen. */
export function toggled(choice: Choice, reason: string): Choice {
  const without = choice.reasons.filter((known) => known !== reason);
  return { ...choice, reasons: without.length < choice.reasons.length ? without : [...without, reason] };
}

export type Meant = { letters: number; at_least: boolean };

/** How many letters a choice means; null while that is not known. The server's counts leave the reasons of the filter out, so those that are
 *  not chosen are left out here. */
export function meant(choice: Choice, page: Pick<LetterPage, "counts" | "capped"> | null): Meant | null {
  if (page === null) return null;
  const { reasons } = choice;
  const counted = page.counts.filter((count) => reasons.length === 0 || reasons.includes(count.reason));
  return { letters: counted.reduce((sum, count) => sum + count.letters, 0), at_least: page.capped };
}

/** The request for a replay of what a choice means. Only open letters are replayed. */
export function replay_of(choice: Choice, now: number): ActionRequest {
  const parameters = filter_of({ ...choice, state: "open" }, now);
  return { action: "replay", parameters, reason: "" };
}

/** The request for a replay of one letter. */
export const replay_of_one = (id: string): ActionRequest => ({
  action: "replay",
  parameters: { ids: [id] },
  reason: "",
});
