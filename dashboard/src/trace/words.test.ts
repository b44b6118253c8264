import { expect, it } from "vitest";
import { is_never_seen, of_customer, of_step, of_verdict } from "./words";

// The codes of consumer/src/trace/verdict.rs, customer.rs and report/steps.rs.
const CODES =
  `right right_letter_overtaken right_redis_unknown hash_old_listed hash_old hash_absent_listed hash_expired hash_lost
  hash_absent hash_changed hash_ahead pending missing_customer customer_changed completion_refused letter_open letter_open_without_row
  letter_closed_without_row deleted deleted_hash_old deleted_letter_open truncated truncating other_epoch partition_stopped not_yet_read
  never_seen never_seen_lag_unknown hash_without_row unknown`.split(/\s+/);
const OF_CUSTOMERS = "known orders_follow letter_open deleted lost not_yet_read never_seen unknown".split(
  " ",
);
const OF_STEPS = "ok old refused deleted absent incomplete unknown".split(" ");

it("every code of the server has words of its own", () => {
  // A code without words would be shown as its letters, with an unknown look; `unknown` alone is meant to be unknown.
  const without = (words: (code: string) => { tone: string; word: string }, codes: string[]) =>
    codes.filter((code) => words(code).tone === "unknown" && words(code).word === code.replaceAll("_", " "));
  expect(without(of_verdict, CODES)).toEqual([]);
  expect(without(of_customer, OF_CUSTOMERS)).toEqual([]);
  expect(without(of_step, OF_STEPS)).toEqual(["unknown"]);
});

it("what needs somebody looks bad, and what goes on by itself does not", () => {
  const of_tone = (tone: string) => CODES.filter((code) => of_verdict(code).tone === tone);
  expect(of_tone("good")).toEqual(["right", "right_letter_overtaken"]);
  expect(of_tone("bad")).toEqual([
    "hash_old",
    "hash_absent",
    "hash_changed",
    "hash_ahead",
    "completion_refused",
    "letter_open",
    "letter_open_without_row",
    "deleted_letter_open",
    "partition_stopped",
    "hash_without_row",
  ]);
});

it("a code of a newer server is shown as it comes, and no code is a property of every object", () => {
  expect(of_verdict("brand_new")).toEqual({ tone: "unknown", word: "brand new" });
  expect(of_verdict("constructor")).toEqual({ tone: "unknown", word: "constructor" });
});

it("an order that was never seen is told from one that is deleted", () => {
  expect(CODES.filter(is_never_seen)).toEqual([
    "partition_stopped",
    "not_yet_read",
    "never_seen",
    "never_seen_lag_unknown",
  ]);
});
