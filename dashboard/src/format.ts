// How numbers, moments and texts are written. A value that is not known is "-" and never 0 (page rule). Numbers of 64 bits and amounts arrive as
// strings and stay strings: Number() would round them.

export const UNKNOWN = "-";

type Maybe<T> = T | null | undefined;

/** `1234567` is `1,234,567`. Takes the digits of a string as they are. */
export function integer(value: Maybe<number | string>): string {
  if (value === null || value === undefined) return UNKNOWN;
  const text = typeof value === "number" ? Math.round(value).toFixed(0) : value;
  const match = /^(-?)(\d+)$/.exec(text);
  return match ? `${match[1]}${grouped(match[2] ?? "")}` : text;
}

/** An amount such as `"1234.50"`, with its digits as they came: `1,234.50`. */
export function money(value: Maybe<string>): string {
  if (value === null || value === undefined) return UNKNOWN;
  const match = /^(-?)(\d+)(\.\d+)?$/.exec(value);
  return match ? `${match[1]}${grouped(match[2] ?? "")}${match[3] ?? ""}` : value;
}

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ",");
}

/** A rate or another measured number: `0.02`, `7.5`, `41.3`, `4,120`. */
export function measured(value: Maybe<number>): string {
  if (value === null || value === undefined) return UNKNOWN;
  const size = Math.abs(value);
  if (size < 0.005) return "0";
  if (size < 10) return trimmed(value.toFixed(2));
  if (size < 100) return trimmed(value.toFixed(1));
  return integer(value);
}

function trimmed(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** `4,120/s`. */
export function rate(value: Maybe<number>): string {
  return value === null || value === undefined ? UNKNOWN : `${measured(value)}/s`;
}

/** A share from 0 to 1: `93 %`. A share above 0 is never `0 %`. */
export function share(value: Maybe<number>): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value > 0 && value < 0.01) return "<1 %";
  return `${Math.round(value * 100)} %`;
}

/** `20 ms`, `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function seconds(value: Maybe<number>): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 0) return `-${seconds(-value)}`;
  if (value > 0 && value < 0.0995) return `${Math.max(1, Math.round(value * 1000))} ms`;
  if (value < 9.95) return `${trimmed(value.toFixed(1))} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(value / 60);
  if (minutes < 1440) return two(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(value / 3600);
  return two(Math.floor(hours / 24), "d", hours % 24, "h");
}

function two(large: number, large_unit: string, small: number, small_unit: string): string {
  return small === 0 ? `${large} ${large_unit}` : `${large} ${large_unit} ${small} ${small_unit}`;
}

/** `0.4 ms`, `15 ms`, `1.2 s`. */
export function milliseconds(value: Maybe<number>): string {
  if (value === null || value === undefined) return UNKNOWN;
  if (value < 9.95) return `${trimmed(value.toFixed(1))} ms`;
  if (value < 1000) return `${Math.round(value)} ms`;
  return seconds(value / 1000);
}

/** `512 B`, `2 MB`, `1.4 GB`. */
export function bytes(value: Maybe<number>): string {
  if (value === null || value === undefined) return UNKNOWN;
  const units = ["B", "kB", "MB", "GB", "TB"];
  let size = value;
  let unit = 0;
  while (size >= 999.5 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${size < 9.95 && unit > 0 ? trimmed(size.toFixed(1)) : Math.round(size)} ${units[unit]}`;
}

/** `1 order`, `2 orders`, `- orders`. */
export function counted(value: Maybe<number>, one: string, many = `${one}s`): string {
  return `${integer(value)} ${value === 1 ? one : many}`;
}

/** The time of day in the reader's zone: `07:10:02`. */
export function clock(at: Maybe<number>): string {
  if (at === null || at === undefined) return UNKNOWN;
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(padded).join(":");
}

/** The time of day, with the date if it is another day than that of `now`: `07:10:02`, `2026-11-30 23:59:58`. */
export function moment(at: Maybe<number>, now: number): string {
  if (at === null || at === undefined) return UNKNOWN;
  const [date, today] = [new Date(at), new Date(now)];
  if (date.toDateString() === today.toDateString()) return clock(at);
  return `${date.getFullYear()}-${padded(date.getMonth() + 1)}-${padded(date.getDate())} ${clock(at)}`;
}

/** How long ago: `now` up to a second, then `12 s ago`. */
export function age(at: Maybe<number>, now: number): string {
  if (at === null || at === undefined) return "never";
  const gone = (now - at) / 1000;
  return gone < 1.5 ? "now" : `${seconds(Math.floor(gone))} ago`;
}

function padded(part: number): string {
  return String(part).padStart(2, "0");
}
