import { describe, expect, it } from "vitest";
import {
  age,
  bytes,
  clock,
  counted,
  integer,
  measured,
  milliseconds,
  moment,
  money,
  rate,
  seconds,
  share,
} from "./format";

const UNKNOWN = [integer, money, measured, rate, share, seconds, milliseconds, bytes, clock] as ((
  value: null,
) => string)[];

describe("a value that is not known", () => {
  it.each(UNKNOWN.map((format) => [format.name, format] as const))("is - as %s, and never 0", (_, format) => {
    expect(format(null)).toBe("-");
  });
});

describe("numbers of 64 bits and amounts", () => {
  it("keep each digit", () => {
    expect(integer("9223372036854775807")).toBe("9,223,372,036,854,775,807");
    expect(money("90071992547409931.10")).toBe("90,071,992,547,409,931.10");
    expect(money("-0.50")).toBe("-0.50");
  });

  it("that are no numbers stay as they came", () => {
    expect(money("NaN")).toBe("NaN");
    expect(integer("12e3")).toBe("12e3");
  });
});

it.each([
  [0, "0"],
  [0.001, "0"],
  [0.02, "0.02"],
  [7.5, "7.5"],
  [41.26, "41.3"],
  [4120.4, "4,120"],
])("%d is measured as %s", (value, text) => expect(measured(value)).toBe(text));

it.each([
  [0, "0 s"],
  [0.02, "20 ms"],
  [0.4, "0.4 s"],
  [9.97, "10 s"],
  [59.6, "1 min"],
  [200, "3 min 20 s"],
  [7500, "2 h 5 min"],
  [86_399, "1 d"],
  [273_600, "3 d 4 h"],
])("%d seconds are %s", (value, text) => expect(seconds(value)).toBe(text));

it.each([
  [0.44, "0.4 ms"],
  [15, "15 ms"],
  [1_240, "1.2 s"],
])("%d milliseconds are %s", (value, text) => expect(milliseconds(value)).toBe(text));

it.each([
  [512, "512 B"],
  [2_100_000, "2.1 MB"],
  [999_999, "1 MB"],
  [1_400_000_000, "1.4 GB"],
])("%d bytes are %s", (value, text) => expect(bytes(value)).toBe(text));

it.each([
  [0, "0 %"],
  [0.004, "<1 %"],
  [0.934, "93 %"],
])("the share %d is %s", (value, text) => expect(share(value)).toBe(text));

it("counts one and many", () => {
  expect(counted(1, "process", "processes")).toBe("1 process");
  expect(counted(1200, "order")).toBe("1,200 orders");
});

it("tells the day only of another day", () => {
  const noon = Date.UTC(2026, 11, 1, 12, 0, 5);
  expect(moment(noon - 3_600_000, noon)).toBe("11:00:05");
  expect(moment(noon - 86_400_000, noon)).toBe("2026-11-30 12:00:05");
});

it("tells how long ago", () => {
  expect(age(null, 0)).toBe("never");
  expect(age(9_000, 10_000)).toBe("now");
  expect(age(0, 12_900)).toBe("12 s ago");
});
