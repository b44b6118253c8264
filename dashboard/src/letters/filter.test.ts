import { expect, it } from "vitest";
import { type Choice, FIRST, filter_of, in_words, meant, replay_of, replay_of_one, toggled } from "./filter";

const NOW = 1_000_000_000;
const choice = (part: Partial<Choice>): Choice => ({ ...FIRST, ...part });

it.each<[string, Partial<Choice>, object]>([
  ["the first choice means what is open", {}, { resolved: false }],
  ["all states have no resolved", { state: "all" }, {}],
  ["closed", { state: "closed" }, { resolved: true }],
  ["reasons", { reasons: ["invalid", "malformed"] }, { resolved: false, reasons: ["invalid", "malformed"] }],
  ["spaces around are nothing", { topic: " orders ", key: "  " }, { resolved: false, topic: "orders" }],
  ["a key", { key: "CUST1" }, { resolved: false, key: "CUST1" }],
  ["an hour", { since: "1h" }, { resolved: false, since: NOW - 3_600_000 }],
])("%s", (_, part, filter) => {
  expect(filter_of(choice(part), NOW)).toEqual(filter);
});

it("a replay is only of open letters, whatever is listed", () => {
  expect(replay_of(choice({ state: "closed", reasons: ["invalid"] }), NOW)).toEqual({
    action: "replay",
    parameters: { resolved: false, reasons: ["invalid"] },
    reason: "",
  });
  expect(replay_of_one("77")).toEqual({ action: "replay", parameters: { ids: ["77"] }, reason: "" });
});

it("what a choice means is counted over its reasons, and not known is not 0", () => {
  const page = {
    counts: [
      { reason: "invalid", letters: 1180, rising_since: null },
      { reason: "malformed", letters: 21, rising_since: null },
    ],
    capped: false,
  };
  expect(meant(choice({}), page)).toEqual({ letters: 1201, at_least: false });
  expect(meant(choice({ reasons: ["malformed"] }), page)).toEqual({ letters: 21, at_least: false });
  expect(meant(choice({ reasons: ["too_large"] }), { ...page, capped: true })).toEqual({
    letters: 0,
    at_least: true,
  });
  expect(meant(choice({}), null)).toBeNull();
});

it("a choice in words does not say the key", () => {
  expect(in_words(choice({ key: "ann@example.com", reasons: ["invalid"], since: "24h" }))).toBe(
    "open letters, of reason invalid, of this key, of the last 24 hours",
  );
  expect(in_words(FIRST)).toBe("open letters, of any reason");
});

it("a reason is chosen and given up by the same click", () => {
  const once = toggled(FIRST, "invalid");
  expect(once.reasons).toEqual(["invalid"]);
  expect(toggled(toggled(once, "malformed"), "invalid").reasons).toEqual(["malformed"]);
});
