import type { Overview } from "../api";
import { Badge } from "../ui";
import { VERDICT_TONES, VERDICT_WORDS } from "../verdict";

/** The sentence that says how well it goes, and why. */
export function VerdictBlock({ at }: { at: Overview }) {
  const { state, headline, reasons, degraded } = at.verdict;
  const lines = [...reasons, ...degraded].filter((line) => line !== headline);
  return (
    <section class={`verdict verdict-${state}`} aria-label="Verdict">
      <Badge tone={VERDICT_TONES[state]}>{VERDICT_WORDS[state]}</Badge>
      <p class="verdict-headline">{headline}</p>
      {at.alerts.length > 0 && (
        <a class="verdict-link" href="#alerts">
          What now
        </a>
      )}
      {lines.length > 0 && (
        <ul class="verdict-lines">
          {lines.map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
      )}
    </section>
  );
}
