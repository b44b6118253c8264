// Columns of numbers as rows of a table and as the line of a sparkline. Pure.

import { column, type Ring } from "../history/ring";

/** A table of 900 rows is not read: one row for each 15 seconds, with the last value in them. */
export const STEP_S = 15;

export type NumberRow = { t: number; values: (number | null)[] };

/** The newest row first. Rows begin at full steps of the clock, so that a row stays the same row while time goes on. */
export function rows_of(ring: Ring, names: string[]): NumberRow[] {
  const columns = names.map((name) => column(ring, name));
  const rows: NumberRow[] = [];
  for (let row = ring.t.length - 1; row >= 0; row -= 1) {
    const t = Math.floor((ring.t[row] ?? 0) / STEP_S) * STEP_S;
    if (rows.at(-1)?.t === t) continue;
    rows.push({ t, values: columns.map((values) => values[row] ?? null) });
  }
  return rows;
}

/** The largest of each of `buckets` equal parts: a peak of one second stays visible. */
export function peaks(values: (number | null)[], buckets: number): (number | null)[] {
  if (values.length <= buckets) return values;
  return Array.from({ length: buckets }, (_, bucket) => {
    const from = Math.floor((bucket * values.length) / buckets);
    const to = Math.floor(((bucket + 1) * values.length) / buckets);
    return values.slice(from, to).reduce<number | null>((most, value) => larger(most, value), null);
  });
}

function larger(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

/** The path of a sparkline: unknown values break the line. `full` is how many points the whole width stands for. */
export function spark_path(values: (number | null)[], full: number, width: number, height: number): string {
  const most = Math.max(1, ...values.map((value) => value ?? 0));
  const step = width / Math.max(1, full - 1);
  const from = full - values.length;
  let pen = "M";
  let path = "";
  values.forEach((value, at) => {
    if (value === null) {
      pen = "M";
      return;
    }
    path += `${pen}${((from + at) * step).toFixed(1)} ${(height - 1 - (value / most) * (height - 2)).toFixed(1)}`;
    pen = "L";
  });
  return path;
}
