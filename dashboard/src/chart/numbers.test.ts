import { describe, expect, it } from "vitest";
import { peaks, rows_of, spark_path } from "./numbers";

describe("the table of a chart", () => {
  it("has a row for each 15 seconds, the newest first", () => {
    const t = Array.from({ length: 40 }, (_, at) => at);
    const rows = rows_of({ t, series: { lag: t } }, ["lag"]);
    expect(rows.map((row) => [row.t, ...row.values])).toEqual([
      [30, 39],
      [15, 29],
      [0, 14],
    ]);
  });

  it("has at most 61 rows for 15 minutes", () => {
    const t = Array.from({ length: 900 }, (_, at) => at);
    expect(rows_of({ t, series: {} }, ["lag"])).toHaveLength(60);
  });
});

describe("a sparkline", () => {
  it("keeps a peak of one second", () => {
    const values = new Array<number | null>(900).fill(0);
    values[450] = 9;
    expect(Math.max(...peaks(values, 90).map((value) => value ?? 0))).toBe(9);
  });

  it("breaks where nothing is known", () => {
    expect(spark_path([1, null, 1], 3, 10, 10)).toBe("M0.0 1.0M10.0 1.0");
  });

  it("that has just begun stands at the right", () => {
    expect(spark_path([1], 3, 10, 10)).toBe("M10.0 1.0");
  });
});
