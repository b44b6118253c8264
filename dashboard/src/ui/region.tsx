import { signal } from "@preact/signals";

const said = signal("");

/** Tells screen readers a sentence, when they have finished the one before. Callers bound how often. */
export function say(sentence: string): void {
  said.value = sentence;
}

/** The page's one live region. */
export function LiveRegion() {
  return (
    <div class="unseen" role="status" aria-live="polite" aria-atomic="true">
      {said.value}
    </div>
  );
}
