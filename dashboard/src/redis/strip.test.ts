import { describe, expect, it } from "vitest";
import type { Transition } from "../api";
import { DAY_MS, open_seconds, state_words, stretches } from "./strip";

const NOW = 10 * DAY_MS;
const HOUR = 3_600_000;
const change = (hours_ago: number, from: string, to: string): Transition => ({
  at: NOW - hours_ago * HOUR,
  breaker: "server",
  from,
  to,
  cause: `${from} to ${to}`,
});
const short = (of: ReturnType<typeof stretches>) =>
  of.map(({ state, from, to }) => [state, from * 24, to * 24]);

describe("the strip of a breaker", () => {
  it("begins where the process began to watch: what was before is not known", () => {
    expect(short(stretches([], "server", "closed", NOW - 6 * HOUR, NOW))).toEqual([["closed", 18, 24]]);
  });

  it("has a stretch for each state, with the cause of its begin", () => {
    const all = stretches(
      [change(6, "open", "closed"), change(12, "closed", "open")],
      "server",
      "closed",
      NOW - 40 * HOUR,
      NOW,
    );
    expect(short(all)).toEqual([
      ["closed", 0, 12],
      ["open", 12, 18],
      ["closed", 18, 24],
    ]);
    expect(all[1]?.cause).toBe("closed to open");
    expect(open_seconds(all)).toBe(6 * 3_600);
  });

  it("of the other breaker has nothing of this one", () => {
    expect(short(stretches([change(6, "closed", "open")], "writes", "closed", 0, NOW))).toEqual([
      ["closed", 0, 24],
    ]);
  });

  it("begins with the state that held 24 hours ago", () => {
    expect(short(stretches([change(30, "closed", "open")], "server", "open", 0, NOW))).toEqual([
      ["open", 0, 24],
    ]);
  });
});

it("says held instead of forced", () => {
  expect(state_words("forced_open")).toBe("held open");
  expect(state_words("half_open")).toBe("half open");
});
