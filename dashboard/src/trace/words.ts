// The codes of a trace as words. A state is told by its word and by its tone (colour and shape), never by the tone alone: `good` needs nothing,
// `notice` goes on by itself, `bad` needs somebody, `quiet` is over or not there, `unknown` is not known.

import type { Tone } from "../ui";

export type Word = { tone: Tone; word: string };

const OF_ORDERS: Record<string, Word> = {
  right: { tone: "good", word: "right" },
  right_letter_overtaken: { tone: "good", word: "right" },
  right_redis_unknown: { tone: "unknown", word: "row right, hash not known" },
  hash_old_listed: { tone: "notice", word: "hash follows" },
  hash_absent_listed: { tone: "notice", word: "hash follows" },
  hash_old: { tone: "bad", word: "hash behind" },
  hash_expired: { tone: "quiet", word: "hash expired" },
  hash_lost: { tone: "notice", word: "Redis is made whole" },
  hash_absent: { tone: "bad", word: "hash absent" },
  hash_changed: { tone: "bad", word: "hash changed by hand" },
  hash_ahead: { tone: "bad", word: "hash ahead" },
  pending: { tone: "notice", word: "waits for Redis" },
  missing_customer: { tone: "notice", word: "no customer" },
  customer_changed: { tone: "notice", word: "customer follows" },
  completion_refused: { tone: "bad", word: "refused by Postgres" },
  letter_open: { tone: "bad", word: "letter open" },
  letter_open_without_row: { tone: "bad", word: "letter open" },
  letter_closed_without_row: { tone: "unknown", word: "letter closed" },
  deleted: { tone: "quiet", word: "deleted" },
  deleted_hash_old: { tone: "notice", word: "deleted, hash behind" },
  deleted_letter_open: { tone: "bad", word: "deleted, letter open" },
  truncated: { tone: "quiet", word: "truncated" },
  truncating: { tone: "notice", word: "being truncated" },
  other_epoch: { tone: "unknown", word: "of another epoch" },
  partition_stopped: { tone: "bad", word: "partition stopped" },
  not_yet_read: { tone: "notice", word: "not read yet" },
  never_seen: { tone: "quiet", word: "never seen" },
  never_seen_lag_unknown: { tone: "unknown", word: "never seen" },
  hash_without_row: { tone: "bad", word: "hash without row" },
  unknown: { tone: "unknown", word: "not known" },
};

const OF_CUSTOMERS: Record<string, Word> = {
  known: { tone: "good", word: "known" },
  orders_follow: { tone: "notice", word: "orders follow" },
  letter_open: { tone: "bad", word: "letter open" },
  deleted: { tone: "quiet", word: "deleted" },
  lost: { tone: "notice", word: "Redis is made whole" },
  not_yet_read: { tone: "notice", word: "not read yet" },
  never_seen: { tone: "quiet", word: "never seen" },
  unknown: { tone: "unknown", word: "not known" },
};

const OF_STEPS: Record<string, Word> = {
  ok: { tone: "good", word: "ok" },
  old: { tone: "bad", word: "old" },
  refused: { tone: "bad", word: "refused" },
  deleted: { tone: "quiet", word: "deleted" },
  absent: { tone: "quiet", word: "absent" },
  incomplete: { tone: "notice", word: "incomplete" },
  unknown: { tone: "unknown", word: "unknown" },
};

const known = (words: Record<string, Word>, code: string): Word =>
  Object.hasOwn(words, code) ? (words[code] as Word) : { tone: "unknown", word: code.replaceAll("_", " ") };

export const of_verdict = (code: string): Word => known(OF_ORDERS, code);
export const of_customer = (code: string): Word => known(OF_CUSTOMERS, code);
export const of_step = (state: string): Word => known(OF_STEPS, state);

const NEVER_SEEN = ["never_seen", "never_seen_lag_unknown", "not_yet_read", "partition_stopped"];

/** Whether no event of the order was ever seen. */
export const is_never_seen = (code: string): boolean => NEVER_SEEN.includes(code);

/** The names of the steps as they are drawn. */
export const STEP_NAMES: Record<string, string> = {
  shop: "shop",
  kafka: "Kafka",
  results: "results",
  hash: "hash",
};
