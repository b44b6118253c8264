import { describe, expect, it } from "vitest";
import { overview } from "../../dev/answers/overview.mjs";
import { column, empty_ring, merged, POINTS, point_of, push, type Ring } from "./ring";

const times = (n: number, from = 1) => Array.from({ length: n }, (_, at) => from + at);
const is_even = (ring: Ring) => Object.values(ring.series).every((values) => values.length === ring.t.length);

describe("a page that stays open", () => {
  it("keeps 900 points after an hour of snapshots", () => {
    const ring = empty_ring();
    for (let second = 0; second < 3_600; second += 1) {
      const at = 1_780_000_000_000 + second * 1_000;
      const made = overview(second % 600 < 300 ? "ready" : "degraded", at, 1);
      // Another topic each minute, as after many moves: a column of a partition that is gone must go, too.
      for (const part of made.partitions) part.topic = `${part.topic}-${Math.floor(second / 60)}`;
      push(ring, at / 1000, point_of(made));
    }
    expect(ring.t).toHaveLength(POINTS);
    expect(is_even(ring)).toBe(true);
    // 14 columns of the system, and 6 partitions in each of the last 16 minutes.
    expect(Object.keys(ring.series).length).toBeLessThanOrEqual(14 + 6 * 17);
    expect(ring.t.at(-1)! - ring.t[0]!).toBe(POINTS - 1);
  });
});

describe("a point", () => {
  it("that is not newer than the last is left out", () => {
    const ring = empty_ring();
    push(ring, 10, { lag: 1 });
    push(ring, 10, { lag: 2 });
    push(ring, 9, { lag: 3 });
    expect(ring).toEqual({ t: [10], series: { lag: [1] } });
  });

  it("of a new name fills the time before with unknown", () => {
    const ring = empty_ring();
    push(ring, 1, { lag: 1 });
    push(ring, 2, { lag: 2, "lag:orders-9": 5 });
    expect(ring.series["lag:orders-9"]).toEqual([null, 5]);
  });

  it("after a hole breaks the line", () => {
    const ring = empty_ring();
    push(ring, 1, { lag: 1 });
    push(ring, 30, { lag: 2 });
    expect(ring).toEqual({ t: [1, 2, 30], series: { lag: [1, null, 2] } });
  });

  it("keeps 0 apart from unknown", () => {
    const point = point_of(overview("unknown", 1_780_000_000_000, 1));
    expect(point.lag_s).toBeNull();
    expect(point_of(overview("empty", 1_780_000_000_000, 1)).lag_s).toBe(0);
  });
});

describe("the history of the server", () => {
  it("comes first, and snapshots that are newer behind it", () => {
    const ring = empty_ring();
    push(ring, 3, { lag: 33 });
    push(ring, 4, { lag: 44 });
    const all = merged({ t: [1, 2, 3], series: { lag: [1, 2, 3] } }, ring);
    expect(all).toEqual({ t: [1, 2, 3, 4], series: { lag: [1, 2, 3, 44] } });
  });

  it("of more than 900 points is cut", () => {
    const all = merged({ t: times(1_000), series: { lag: times(1_000) } }, empty_ring());
    expect(all.t).toHaveLength(POINTS);
    expect(all.t[0]).toBe(101);
    expect(is_even(all)).toBe(true);
  });
});

it("has an unknown column for a name that nobody has told", () => {
  const ring = empty_ring();
  push(ring, 1, { lag: 1 });
  expect(column(ring, "due")).toEqual([null]);
});
