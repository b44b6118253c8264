// Which changes a screen reader is told: at most one sentence in ten seconds, the newest one. Pure.

const GAP_MS = 10_000;

export type Announcer = {
  /** What was told last, and when. */
  told: string;
  told_at: number | null;
};

export const SILENT: Announcer = { told: "", told_at: null };

/** `sentence` is what holds now. Gives what to say, or null. The first sentence is known and not said: the page has just been read. */
export function announce(
  before: Announcer,
  sentence: string,
  now: number,
): { next: Announcer; say: string | null } {
  if (sentence === "" || sentence === before.told) return { next: before, say: null };
  if (before.told === "") return { next: { told: sentence, told_at: null }, say: null };
  if (before.told_at !== null && now - before.told_at < GAP_MS) return { next: before, say: null };
  return { next: { told: sentence, told_at: now }, say: sentence };
}
