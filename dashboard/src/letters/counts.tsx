// The counts by reason as bars. A bar is a switch: it chooses its reason.

import type { LetterPage } from "../api";
import { integer, moment } from "../format";
import { now } from "../live";
import { Skeleton } from "../ui";
import { bars } from "./bars";
import { type Choice, toggled } from "./filter";
import { choice } from "./store";

export function Counts({ page, chosen }: { page: LetterPage | null; chosen: Choice }) {
  if (page === null) return <Skeleton lines={2} label="The letters are counted" />;
  const shown = bars(page.counts, chosen.reasons);
  if (shown.length === 0) return null;
  return (
    <>
      <ul class="bars" aria-label="Letters by reason; a reason is a filter">
        {shown.map(({ reason, letters, rising_since, share }) => (
          <li key={reason}>
            <button
              type="button"
              class="bar"
              aria-pressed={chosen.reasons.includes(reason)}
              onClick={() => {
                choice.value = toggled(chosen, reason);
              }}
            >
              <span class="bar-name">{reason}</span>
              <svg class="bar-line" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
                <rect width={share * 100} height="8" />
              </svg>
              <span class="bar-count">
                {integer(letters)}
                {page.capped ? "+" : ""}
              </span>
              <span class="bar-rising">
                {rising_since !== null && `rising since ${moment(rising_since, now.value)}`}
              </span>
            </button>
          </li>
        ))}
      </ul>
      {page.capped && <p class="hint">There are more letters than were counted.</p>}
    </>
  );
}
