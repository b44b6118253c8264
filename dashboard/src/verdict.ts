// The words for how well it goes. Pure: a snapshot in, words out.

import type { Bottleneck, EdgeName, Overview, Verdict } from "./api";
import { measured, seconds, share } from "./format";
import type { Connection } from "./live";
import type { Tone } from "./ui/badge";

export const VERDICT_WORDS: Record<Verdict["state"], string> = {
  ready: "Ready",
  degraded: "Degraded",
  not_ready: "Not ready",
};

export const VERDICT_TONES: Record<Verdict["state"], Tone> = {
  ready: "good",
  degraded: "notice",
  not_ready: "bad",
};

/** What each edge of the picture does, in the words of the docs. */
export const EDGE_WORDS: Record<EdgeName, string> = {
  read: "reading from Kafka",
  decode: "decoding events",
  lookup: "looking customers up in Redis",
  commit: "commit to Postgres",
  write_back: "writing hashes to Redis",
  dead_letter: "sending dead letters",
  sweep: "the sweep",
};

/** `commit to Postgres, 93 % busy for 41 s`. */
export function bottleneck_words(bottleneck: Bottleneck | null): string {
  if (!bottleneck) return "none";
  return `${EDGE_WORDS[bottleneck.edge]}, ${share(bottleneck.busy)} busy for ${seconds(bottleneck.for_s)}`;
}

/** `falling, 3 s to go`. Empty if nothing is known of the trend. */
export function trend_words(lag: Overview["lag"]): string {
  if (lag.trend === null) return "";
  if (lag.trend === "falling" && lag.eta_s !== null) return `falling, ${seconds(lag.eta_s)} to go`;
  return lag.trend;
}

/** The title of the browser's tab: the state, and nothing personal (P11). */
export function title(overview: Overview | null, connection: Connection): string {
  const name = "orderstream";
  if (connection.state === "denied") return `Log in · ${name}`;
  if (connection.state === "disconnected") return `No news · ${name}`;
  if (!overview) return name;
  const alerts = overview.alerts.length;
  return `${alerts > 0 ? `(${alerts}) ` : ""}${VERDICT_WORDS[overview.verdict.state]} · ${name}`;
}

/** What a screen reader is told when the state changes. Numbers are left out, so that a headline that counts seconds is told once. */
export function spoken(overview: Overview | null, connection: Connection): string {
  if (connection.state === "denied") return "Nobody is logged in.";
  if (connection.state === "disconnected") return "Disconnected. The values are old.";
  if (!overview) return "";
  const { state, headline } = overview.verdict;
  return `${VERDICT_WORDS[state]}. ${without_numbers(headline)}`;
}

/** `Redis is away for 12 s.` becomes `Redis is away.` */
function without_numbers(text: string): string {
  return text
    .replace(/\s+(?:for|since|of)?\s*(?:<?\d[\d,.]*\s*(?:ms|s|min|h|d|%)?\s*)+(?=[\s.,;)]|$)/g, "")
    .replace(/\s+([.,;])/g, "$1");
}

/** Whether no event has arrived yet: nothing is committed anywhere and no order stands in results. */
export function nothing_yet(overview: Overview): boolean {
  if (overview.latest === null || overview.latest.length > 0) return false;
  return overview.partitions.every((part) => {
    const fates = part.fates;
    return !fates || fates.applied + fates.stale + fates.ignored + fates.dead_lettered === 0;
  });
}

/** `1,650 records`, `at least 1,650 records`, `-`. */
export function lag_words(lag: Overview["lag"]): string {
  if (lag.records === null) return "- records";
  return `${lag.at_least ? "at least " : ""}${measured(lag.records)} ${lag.records === 1 ? "record" : "records"}`;
}

export function open_letters(overview: Overview): number | null {
  return overview.letters ? overview.letters.reduce((sum, of) => sum + of.open, 0) : null;
}
