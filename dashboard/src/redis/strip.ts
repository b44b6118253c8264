// The strip of a breaker: which state it had when, over 24 hours. Pure.

import type { Transition } from "../api";

export const DAY_MS = 24 * 3_600_000;

/** A stretch of time in one state, as shares of the strip's width from 0 to 1. */
export type Stretch = {
  state: string;
  from: number;
  to: number;
  since: number;
  until: number;
  cause: string | null;
};

/** `transitions` are the newest first, as the server gives them; `state_now` is what holds at `now`. */
export function stretches(
  transitions: Transition[],
  breaker: Transition["breaker"],
  state_now: string | null,
  since: number,
  now: number,
): Stretch[] {
  const begin = now - DAY_MS;
  const changes = transitions.filter((of) => of.breaker === breaker).sort((a, b) => a.at - b.at);
  const marks = changes.map((of) => ({ at: of.at, state: of.to, cause: of.cause as string | null }));
  const first = changes[0]?.from ?? state_now;
  // Before the process began to watch nothing is known of its breaker.
  const known_from = Math.max(begin, since);
  const points = first === null ? marks : [{ at: known_from, state: first, cause: null }, ...marks];
  const found: Stretch[] = [];
  points.forEach((point, at) => {
    const until = Math.min(points[at + 1]?.at ?? now, now);
    const from = Math.max(point.at, begin);
    if (until <= from) return;
    found.push({
      state: point.state,
      from: (from - begin) / DAY_MS,
      to: (until - begin) / DAY_MS,
      since: from,
      until,
      cause: point.cause,
    });
  });
  return found;
}

/** How long a breaker was not closed within the strip, in seconds. */
export function open_seconds(all: Stretch[]): number {
  return all.filter((of) => !is_closed(of.state)).reduce((sum, of) => sum + (of.until - of.since) / 1000, 0);
}

export function is_closed(state: string): boolean {
  return state === "closed" || state === "forced_closed";
}

/** `half_open` is `half open`, `forced_open` is `held open`. */
export function state_words(state: string): string {
  return state.replace("forced_", "held ").replace("_", " ");
}
