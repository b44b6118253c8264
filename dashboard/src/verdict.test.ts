import { describe, expect, it } from "vitest";
import { overview } from "../dev/answers/overview.mjs";
import type { Connection } from "./live";
import {
  bottleneck_words,
  lag_words,
  nothing_yet,
  open_letters,
  spoken,
  title,
  trend_words,
} from "./verdict";

const AT = 1_780_000_000_000;
const LIVE: Connection = { state: "live", way: "stream", heard_at: AT, retry_at: null, newer: null };
const made = (scene: string) => overview(scene, AT, 1);

describe("the bottleneck", () => {
  it("is named in words", () => {
    expect(bottleneck_words({ edge: "commit", busy: 0.93, for_s: 41 })).toBe(
      "commit to Postgres, 93 % busy for 41 s",
    );
    expect(bottleneck_words(null)).toBe("none");
  });
});

describe("the trend of the lag", () => {
  const lag = { records: 5, at_least: false, seconds: 1, trend: null, eta_s: null };
  it.each([
    [{ ...lag }, ""],
    [{ ...lag, trend: "falling" as const, eta_s: 3 }, "falling, 3 s to go"],
    [{ ...lag, trend: "falling" as const }, "falling"],
    [{ ...lag, trend: "rising" as const, eta_s: 3 }, "rising"],
  ])("%o is %s", (of, words) => expect(trend_words(of)).toBe(words));
});

describe("the lag in records", () => {
  it("is at least, if a partition does not tell", () => {
    expect(lag_words(made("not_ready").lag)).toBe("at least 90,211 records");
  });
  it("is - if nobody tells", () => {
    expect(lag_words(made("unknown").lag)).toBe("- records");
  });
});

describe("the title", () => {
  it.each([
    ["ready", "Ready · orderstream"],
    ["degraded", "(2) Degraded · orderstream"],
    ["not_ready", "(3) Not ready · orderstream"],
  ])("of %s is %s", (scene, text) => expect(title(made(scene), LIVE)).toBe(text));

  it("tells that there are no news", () => {
    expect(title(made("ready"), { ...LIVE, state: "disconnected" })).toBe("No news · orderstream");
    expect(title(null, { ...LIVE, state: "denied" })).toBe("Log in · orderstream");
  });
});

describe("what is spoken", () => {
  it("is the same while only the numbers of the headline move", () => {
    const [one, two] = [made("degraded"), made("degraded")];
    two.verdict.headline = two.verdict.headline.replace(/for \d+ s/, "for 3 min 20 s");
    expect(spoken(one, LIVE)).toBe(spoken(two, LIVE));
    expect(spoken(one, LIVE)).toBe(
      "Degraded. Redis is away. Orders are written as pending and completed by themselves. Nothing is lost.",
    );
  });
});

it("knows a system without any event", () => {
  expect(nothing_yet(made("empty"))).toBe(true);
  expect(nothing_yet(made("ready"))).toBe(false);
  expect(nothing_yet(made("unknown"))).toBe(false);
});

it("adds the open letters up, and does not take unknown for none", () => {
  expect(open_letters(made("ready"))).toBe(3);
  expect(open_letters(made("unknown"))).toBeNull();
});
