// What a block shows while it has no numbers.

import type { ComponentChildren } from "preact";
import { clock } from "../format";
import { Shape } from "./badge";

/** A block that loads, of the size that it will have. */
export function Skeleton({ lines = 3, label = "Loading" }: { lines?: number; label?: string }) {
  return (
    <div class="skeleton" aria-busy="true">
      <span class="unseen">{label}</span>
      {Array.from({ length: lines }, (_, line) => (
        <span key={line} class="skeleton-line" />
      ))}
    </div>
  );
}

/** A block without anything to show. Says what would appear here and, where there is one, the command that makes it appear. */
export function Empty({ children, command }: { children: ComponentChildren; command?: string }) {
  return (
    <div class="empty">
      <p>{children}</p>
      {command && (
        <p class="command">
          <code>{command}</code>
        </p>
      )}
    </div>
  );
}

/** A block that failed: why, and how old the numbers are that it still shows. `as_of` null: it shows none. */
export function Failed({
  why,
  as_of,
  retry,
}: {
  why: string;
  as_of?: number | null;
  retry?: ComponentChildren;
}) {
  return (
    <div class="failed">
      <Shape tone="bad" />
      <p>
        {why}
        {as_of ? ` What is shown is of ${clock(as_of)}.` : ""}
      </p>
      {retry}
    </div>
  );
}
