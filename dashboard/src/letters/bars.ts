// The counts by reason as bars.

import type { LetterPage } from "../api";

export type Bar = {
  reason: string;
  letters: number;
  rising_since: number | null;
  /** 0 to 1 of the longest bar. A reason with a letter is never without a bar. */
  share: number;
};

const LEAST = 0.01;

/** The bars, the longest first. Reasons of the same count stand in the order of the alphabet, so no bar jumps between two answers. A reason that is chosen is
 *  always there, so that it can be given up. */
export function bars(counts: LetterPage["counts"], chosen: readonly string[] = []): Bar[] {
  const most = Math.max(0, ...counts.map((count) => count.letters));
  const none = chosen
    .filter((reason) => !counts.some((count) => count.reason === reason))
    .map((reason) => ({ reason, letters: 0, rising_since: null }));
  return [...counts, ...none]
    .filter((count) => count.letters > 0 || chosen.includes(count.reason))
    .map(({ reason, letters, rising_since }) => ({
      reason,
      letters,
      rising_since: rising_since,
      share: letters === 0 ? 0 : Math.max(letters / most, LEAST),
    }))
    .sort((a, b) => b.letters - a.letters || a.reason.localeCompare(b.reason));
}
