import type { ComponentChildren } from "preact";

/** How good a state is. Each tone has a shape of its own, so that no state is told by colour alone. */
export type Tone = "good" | "notice" | "bad" | "quiet" | "unknown";

export const PATHS: Record<Tone, string> = {
  good: "M8 3a5 5 0 1 0 0 10a5 5 0 0 0 0-10z",
  notice: "M8 2.4L14.2 13.4H1.8z",
  bad: "M3 3h10v10H3z",
  quiet: "M8 2.2L13.8 8L8 13.8L2.2 8z",
  unknown: "M3 7h10v2H3z",
};

/** A state as a word with a shape. */
export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge badge-${tone}`}>
      <Shape tone={tone} />
      {children}
    </span>
  );
}

/** The shape alone; the word stands beside it. */
export function Shape({ tone }: { tone: Tone }) {
  return (
    <svg class={`shape shape-${tone}`} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[tone]} />
    </svg>
  );
}
