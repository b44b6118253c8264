// The numbers of the last 15 minutes, in columns of equal length, as the charts want them. Bounded (P10): an open page must not grow.

import type { History, Overview } from "../api";

export const POINTS = 900;
/** A hole of more seconds than this is shown as one: the line breaks. */
const HOLE_S = 6;

export type Column = (number | null)[];
export type Ring = { t: number[]; series: Record<string, Column> };

export function empty_ring(): Ring {
  return { t: [], series: {} };
}

/** The history, and behind it the points of `ring` that are newer. */
export function merged(history: History, ring: Ring): Ring {
  const next = empty_ring();
  const from = Math.max(0, history.t.length - POINTS);
  next.t = history.t.slice(from);
  for (const [name, column] of Object.entries(history.series)) next.series[name] = column.slice(from);
  const last = next.t.at(-1) ?? 0;
  ring.t.forEach((t, row) => {
    if (t > last) push(next, t, at_row(ring, row));
  });
  return next;
}

function at_row(ring: Ring, row: number): Record<string, number | null> {
  const values: Record<string, number | null> = {};
  for (const [name, column] of Object.entries(ring.series)) values[name] = column[row] ?? null;
  return values;
}

/** Adds a point and drops those before the last 900. A time that is not newer than the last is left out. */
export function push(ring: Ring, t: number, values: Record<string, number | null>): void {
  const last = ring.t.at(-1);
  if (last !== undefined && t <= last) return;
  if (last !== undefined && t - last > HOLE_S) append(ring, last + 1, {});
  append(ring, t, values);
}

function append(ring: Ring, t: number, values: Record<string, number | null>): void {
  ring.t.push(t);
  const length = ring.t.length;
  for (const name of Object.keys(values)) {
    if (!ring.series[name]) ring.series[name] = new Array<number | null>(length - 1).fill(null);
  }
  for (const [name, column] of Object.entries(ring.series)) column.push(values[name] ?? null);
  if (length > POINTS) shorten(ring, length - POINTS);
}

function shorten(ring: Ring, by: number): void {
  ring.t.splice(0, by);
  for (const [name, column] of Object.entries(ring.series)) {
    column.splice(0, by);
    // A partition that is gone leaves its column in 15 minutes.
    if (column.at(-1) === null && column.every((value) => value === null)) delete ring.series[name];
  }
}

/** A snapshot as a point, under the names of `/api/history`. */
export function point_of(overview: Overview): Record<string, number | null> {
  const { edges, lag, age_ms, redis } = overview;
  const point: Record<string, number | null> = {
    lag: lag.records,
    lag_s: lag.seconds,
    per_s: edges.commit.per_s,
    age_p50_ms: age_ms.p50,
    age_p99_ms: age_ms.p99,
    busy_decode: edges.decode.busy,
    busy_lookup: edges.lookup.busy,
    busy_commit: edges.commit.busy,
    busy_write_back: edges.write_back.busy,
    lookups_per_s: edges.lookup.per_s,
    hashes_per_s: edges.write_back.per_s,
    letters_per_s: edges.dead_letter.per_s,
    redis_behind: redis.behind,
    due: overview.due?.orders ?? null,
  };
  for (const part of overview.partitions) point[`lag:${part.topic}-${part.partition}`] = part.lag;
  return point;
}

/** The values of one column; empty if there is none of the name. */
export function column(ring: Ring, name: string): Column {
  return ring.series[name] ?? new Array<number | null>(ring.t.length).fill(null);
}
