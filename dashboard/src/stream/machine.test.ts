import { describe, expect, it } from "vitest";
import { backoff_ms, type Effect, type Input, type State, start, step, told } from "./machine";

const HALF = 0.5;
const GRANTED: Input = { kind: "slot", granted: true, never: false };
const NO_SLOT: Input = { kind: "slot", granted: false, never: false };
const NO_LOCKS: Input = { kind: "slot", granted: false, never: true };
const NEWS: Input = { kind: "snapshot", instance: "i1", version: "1" };
const OK: Input = { kind: "session", allowed: true };
const REFUSED: Input = { kind: "session", allowed: false };
const TICK: Input = { kind: "tick" };
const FAILED: Input = { kind: "stream_failed" };

/** A page and its clock. `at(ms, input)` gives what the machine wants done. */
function page(visible = true) {
  const begun = start(visible, 0);
  let state: State = begun.state;
  return {
    first: begun.effects,
    at(now: number, input: Input): Effect[] {
      const next = step(state, input, now, HALF);
      state = next.state;
      return next.effects;
    },
    told: (now: number) => told(state, now),
    get state() {
      return state;
    },
  };
}

/** A visible page whose stream has told something at 100 ms. */
function live_page() {
  const it = page();
  it.at(0, GRANTED);
  it.at(50, OK);
  it.at(100, NEWS);
  return it;
}

describe("the start", () => {
  it("asks who is logged in and for a slot at the same time", () => {
    expect(page().first).toEqual(["probe", "ask_slot"]);
  });

  it("polls in a hidden tab and asks for no slot", () => {
    expect(page(false).first).toEqual(["probe", "poll"]);
  });

  it("opens a stream with a slot", () => {
    expect(page().at(0, GRANTED)).toEqual(["open"]);
  });

  it("polls without a slot, and asks for one again every 15 s", () => {
    const it = page();
    expect(it.at(0, NO_SLOT)).toEqual(["poll"]);
    it.at(100, NEWS);
    expect(it.at(2_099, TICK)).toEqual([]);
    expect(it.at(2_100, TICK)).toEqual(["poll"]);
    it.at(2_200, NEWS);
    expect(it.at(15_000, TICK)).toEqual(["poll", "ask_slot"]);
    expect(it.at(15_001, GRANTED)).toEqual(["open"]);
  });

  it("polls for ever where the browser has no locks", () => {
    const it = page();
    it.at(0, NO_LOCKS);
    it.at(100, NEWS);
    expect(it.at(60_000, TICK)).toEqual(["poll"]);
  });

  it("fetches the history with the first news, once", () => {
    const it = page();
    it.at(0, GRANTED);
    expect(it.at(100, NEWS)).toEqual(["history"]);
    expect(it.at(1_100, NEWS)).toEqual([]);
  });
});

describe("silence", () => {
  it("is told after 3 s", () => {
    const it = live_page();
    expect(it.told(3_100)).toBe("live");
    expect(it.told(3_101)).toBe("disconnected");
  });

  it("of 10 s closes the stream, because its connection may be dead without an error", () => {
    const it = live_page();
    expect(it.at(10_099, TICK)).toEqual([]);
    expect(it.at(10_100, TICK)).toEqual(["close", "probe"]);
    expect(it.at(11_099, TICK)).toEqual([]);
    expect(it.at(11_100, TICK)).toEqual(["open"]);
  });

  it("of a poll without news is told like that of a stream", () => {
    const it = page();
    it.at(0, NO_SLOT);
    it.at(100, NEWS);
    it.at(2_100, TICK);
    it.at(2_200, { kind: "unchanged" });
    it.at(4_200, TICK);
    it.at(4_300, { kind: "unchanged" });
    expect(it.told(5_101)).toBe("disconnected");
  });
});

describe("a stream that fails", () => {
  it("is closed, the session is asked, and the next try waits", () => {
    const it = live_page();
    expect(it.at(2_000, FAILED)).toEqual(["close", "probe"]);
    expect(it.at(2_999, TICK)).toEqual([]);
    expect(it.at(3_000, TICK)).toEqual(["open"]);
  });

  it("is counted once, however often the browser says so", () => {
    const it = live_page();
    it.at(2_000, FAILED);
    expect(it.at(2_001, FAILED)).toEqual([]);
    expect(it.state.failures).toBe(1);
  });

  it("waits twice as long each time, and starts anew after news", () => {
    const it = live_page();
    it.at(2_000, FAILED);
    it.at(3_000, TICK);
    it.at(3_100, FAILED);
    expect(it.at(5_099, TICK)).toEqual([]);
    expect(it.at(5_100, TICK)).toEqual(["open"]);
    it.at(5_200, NEWS);
    expect(it.state.failures).toBe(0);
  });

  it("leaves a hole in the charts, and the history is fetched with the next news", () => {
    const it = live_page();
    it.at(2_000, FAILED);
    it.at(9_000, TICK);
    expect(it.at(9_100, NEWS)).toEqual(["history"]);
  });

  it("is tried at once when the tab is shown again", () => {
    const it = live_page();
    for (let n = 0; n < 6; n += 1) {
      it.at(10_000 + n * 40_000, FAILED);
      it.at(45_000 + n * 40_000, TICK);
    }
    it.at(300_000, FAILED);
    it.at(300_100, { kind: "hide" });
    it.at(300_200, { kind: "show" });
    expect(it.at(300_201, TICK)).toEqual(["open"]);
  });
});

describe("the wait between tries", () => {
  it.each([
    [1, 0, 1_000],
    [1, 1, 1_250],
    [2, 0.5, 2_000],
    [4, 0, 6_000],
    [5, 1, 20_000],
    [6, 0.5, 30_000],
    [60, 1, 30_000],
  ])("after %i failures and chance %d is %i ms", (failures, random, ms) => {
    expect(backoff_ms(failures, random)).toBe(ms);
  });
});

describe("a refusal", () => {
  it("ends the stream and all tries", () => {
    const it = live_page();
    it.at(2_000, FAILED);
    expect(it.at(2_100, REFUSED)).toEqual(["free_slot"]);
    expect(it.told(2_100)).toBe("denied");
    expect(it.at(60_000, TICK)).toEqual([]);
  });

  it("closes a stream that is open", () => {
    expect(live_page().at(2_000, REFUSED)).toEqual(["close", "free_slot"]);
  });

  it("of a poll is no outage: the session is asked", () => {
    const it = page();
    it.at(0, NO_SLOT);
    expect(it.at(100, { kind: "poll_failed", denied: true })).toEqual(["probe"]);
    expect(it.told(100)).toBe("denied");
  });

  it("ends with a login", () => {
    const it = live_page();
    it.at(2_000, REFUSED);
    expect(it.at(9_000, OK)).toEqual(["ask_slot"]);
    expect(it.at(9_001, GRANTED)).toEqual(["open"]);
    expect(it.at(9_100, NEWS)).toEqual(["history"]);
    expect(it.told(9_100)).toBe("live");
  });

  it("is asked again when the tab is shown: another tab may have logged in", () => {
    const it = live_page();
    it.at(2_000, REFUSED);
    it.at(3_000, { kind: "hide" });
    expect(it.at(4_000, { kind: "show" })).toEqual(["probe"]);
  });

  it("gives a slot back that comes too late", () => {
    const it = page();
    it.at(10, REFUSED);
    expect(it.at(20, GRANTED)).toEqual(["free_slot"]);
  });
});

describe("a hidden tab", () => {
  it("keeps its stream for 30 s and then polls every 30 s", () => {
    const it = live_page();
    it.at(1_000, { kind: "hide" });
    it.at(30_900, NEWS);
    expect(it.at(30_999, TICK)).toEqual([]);
    expect(it.at(31_000, TICK)).toEqual(["close", "free_slot"]);
    expect(it.at(60_999, TICK)).toEqual([]);
    expect(it.at(61_000, TICK)).toEqual(["poll"]);
    it.at(61_100, NEWS);
    expect(it.at(91_099, TICK)).toEqual([]);
    expect(it.at(91_100, TICK)).toEqual(["poll"]);
  });

  it("that is shown again asks at once, and for a slot and what the charts lack", () => {
    const it = live_page();
    it.at(1_000, { kind: "hide" });
    it.at(31_000, TICK);
    it.at(61_000, TICK);
    it.at(61_100, NEWS);
    expect(it.at(62_000, { kind: "show" })).toEqual(["poll", "ask_slot", "history"]);
  });

  it("that is shown within 30 s has lost nothing", () => {
    const it = live_page();
    it.at(1_000, { kind: "hide" });
    it.at(20_000, NEWS);
    expect(it.at(20_100, { kind: "show" })).toEqual([]);
    expect(it.at(20_200, TICK)).toEqual([]);
  });
});

describe("another server", () => {
  it("of another version is told until the page is loaded again", () => {
    const it = live_page();
    it.at(1_000, { kind: "snapshot", instance: "i2", version: "2" });
    expect(it.state.newer).toBe("2");
  });

  it("of the first version again is told no more", () => {
    const it = live_page();
    it.at(1_000, { kind: "snapshot", instance: "i2", version: "2" });
    it.at(2_000, NEWS);
    expect(it.state.newer).toBeNull();
  });

  it("with another history has the history fetched anew", () => {
    expect(live_page().at(1_000, { kind: "snapshot", instance: "i2", version: "1" })).toEqual(["history"]);
  });
});

describe("a poll that fails", () => {
  it("waits like a stream, and a late answer of a poll does not disturb a stream", () => {
    const it = page();
    it.at(0, NO_SLOT);
    it.at(100, { kind: "poll_failed", denied: false });
    expect(it.at(1_099, TICK)).toEqual([]);
    expect(it.at(1_100, TICK)).toEqual(["poll"]);
    it.at(1_200, GRANTED);
    it.at(1_300, { kind: "poll_failed", denied: false });
    expect(it.at(2_300, TICK)).toEqual([]);
    expect(it.state.opened_at).toBe(1_200);
  });
});
