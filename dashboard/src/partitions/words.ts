// A partition's state in words. Pure.

import type { Partition } from "../api";
import { integer, seconds } from "../format";
import type { Tone } from "../ui/badge";

/** The owner reports every two seconds: after this long without a report the row says so. */
export const SILENT_S = 10;

const TONES: Record<string, Tone> = {
  running: "good",
  claiming: "quiet",
  paused: "quiet",
  waiting: "notice",
  lost: "notice",
  stopped: "bad",
  unowned: "bad",
};

export function tone_of(part: Partition): Tone {
  if (is_silent(part)) return "bad";
  return TONES[part.state] ?? "unknown";
}

/** What the owner told last, unless the owner is silent: then nobody knows whether the state still holds. */
export function state_words(part: Partition): string {
  return is_silent(part) ? `silent, was ${part.state}` : part.state;
}

export function is_silent(part: Partition): boolean {
  return part.owner !== null && part.owner_heard_s !== null && part.owner_heard_s >= SILENT_S;
}

/** `shop-1`, `claimed by shop-1, silent 40 s`, `nobody`. */
export function owner_words(part: Partition): string {
  if (part.owner === null) return "nobody";
  return is_silent(part) ? `claimed by ${part.owner}, silent ${seconds(part.owner_heard_s)}` : part.owner;
}

/** The sum over all partitions: `at least` as soon as one is not known. */
export function total_lag(parts: Partition[]): string {
  const known = parts.filter((part) => part.lag !== null);
  if (known.length === 0) return "-";
  const sum = known.reduce((all, part) => all + (part.lag ?? 0), 0);
  return known.length < parts.length ? `at least ${integer(sum)}` : integer(sum);
}

/** The name of a partition's column in the history. */
export function lag_column(part: Partition): string {
  return `lag:${part.topic}-${part.partition}`;
}

/** `shop.public.orders` is `orders`: the last part tells the topics apart, if it does. */
export function short_topic(topic: string, all: string[]): string {
  const last = topic.split(".").at(-1) ?? topic;
  const alike = new Set(all.filter((other) => (other.split(".").at(-1) ?? other) === last));
  return alike.size > 1 ? topic : last;
}

/** By topic and number: a row never moves because its numbers do. */
export function in_order(parts: Partition[]): Partition[] {
  return [...parts].sort((a, b) =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? 1 : -1,
  );
}

/** `applied 120, stale 3`: fates that are zero are left out. */
export function fate_words(fates: Partition["fates"]): string {
  if (!fates) return "-";
  const parts = [
    ["applied", fates.applied],
    ["stale", fates.stale],
    ["ignored", fates.ignored],
    ["dead letters", fates.dead_lettered],
  ] as const;
  const seen = parts.filter(([, count]) => count > 0).map(([name, count]) => `${name} ${integer(count)}`);
  return seen.length === 0 ? "none" : seen.join(", ");
}
