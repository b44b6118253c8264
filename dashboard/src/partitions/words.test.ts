import { describe, expect, it } from "vitest";
import { overview } from "../../dev/answers/overview.mjs";
import { fate_words, in_order, owner_words, short_topic, state_words, tone_of, total_lag } from "./words";

const parts = overview("not_ready", 1_780_000_000_000, 1).partitions;
const [running, waiting, stopped, silent] = parts as [
  (typeof parts)[0],
  (typeof parts)[0],
  (typeof parts)[0],
  (typeof parts)[0],
];

describe("a partition", () => {
  it("whose owner is gone says by whom it is claimed and since when nobody was heard", () => {
    expect(owner_words(silent)).toBe("claimed by shop-2, silent 40 s");
    expect(state_words(silent)).toBe("silent, was running");
    expect(tone_of(silent)).toBe("bad");
  });

  it("has a tone for its state, and none for a state of a newer server", () => {
    expect([running, waiting, stopped].map(tone_of)).toEqual(["good", "notice", "bad"]);
    expect(tone_of({ ...running, state: "dreaming" })).toBe("unknown");
  });

  it("without an owner is nobody's", () => {
    expect(owner_words({ ...running, owner: null, owner_heard_s: null })).toBe("nobody");
  });
});

describe("the lag in all", () => {
  it("is at least, as soon as one is not known", () => {
    expect(total_lag([{ ...running, lag: 1_200 }, stopped])).toBe("at least 1,200");
    expect(total_lag([{ ...running, lag: 1_200 }])).toBe("1,200");
  });
  it("is - if none is known", () => expect(total_lag([stopped])).toBe("-"));
});

it("keeps rows in one order, whatever their numbers", () => {
  const shuffled = [...parts].reverse();
  expect(in_order(shuffled).map((part) => `${part.topic} ${part.partition}`)).toEqual(
    in_order(parts).map((part) => `${part.topic} ${part.partition}`),
  );
  expect(in_order(parts)[0]?.topic).toBe("shop.public.orders");
});

it("shortens a topic only where the rest tells them apart", () => {
  expect(short_topic("a.public.orders", ["a.public.orders", "a.public.customers"])).toBe("orders");
  expect(short_topic("a.public.orders", ["a.public.orders", "b.public.orders"])).toBe("a.public.orders");
});

it("tells fates that were, and - where nothing is known", () => {
  expect(fate_words({ applied: 1_000, stale: 0, ignored: 0, dead_lettered: 2 })).toBe(
    "applied 1,000, dead letters 2",
  );
  expect(fate_words(null)).toBe("-");
});
