// The list of letters: counts by reason, filters, and pages of fifty, the newest first.

import { useState } from "preact/hooks";
import { ActionButton, Running } from "../actions";
import { ended } from "../actions/dialog_state";
import type { LetterPage } from "../api";
import { counted, integer, milliseconds } from "../format";
import { now } from "../live";
import { as_error, useAsked } from "../session/asked";
import { Refused } from "../session/refused";
import { Age, Button, Card, Empty, Skeleton } from "../ui";
import { Counts } from "./counts";
import { type Choice, FIRST, in_words, meant, replay_of } from "./filter";
import { Filters } from "./filters";
import { begun, MOST, type Pages, with_older } from "./pages";
import { Rows } from "./rows";
import { choice, page } from "./store";

export function List() {
  const chosen = choice.value;
  const asked = useAsked(JSON.stringify({ chosen, ended: ended.value }), (signal) =>
    page(chosen, now.peek(), null, signal),
  );
  const { value, error, is_asking, again } = asked;
  const aside = (
    <>
      {value && <span class="took">{milliseconds(value.took_ms)}</span>}
      {value && <Age at={value.as_of} prefix="as of " />}
      <Button onClick={again} disabled={is_asking}>
        {is_asking ? "Loading" : "Reload"}
      </Button>
    </>
  );
  return (
    <>
      <Running />
      <Card title="Why, and how many" aside={aside}>
        <Counts page={value} chosen={chosen} />
        <Filters />
        <Replay chosen={chosen} page={value} />
      </Card>
      {error && <Refused error={error} again={again} as_of={value?.as_of ?? null} />}
      {(value !== null || is_asking) && (
        <Card title="The letters" class="letters-list">
          {value === null && <Skeleton lines={8} label="The letters are read" />}
          {value && <Listed key={`${value.as_of} ${asked.at}`} first={value} chosen={chosen} />}
        </Card>
      )}
    </>
  );
}

/** The replay of what is chosen, with its count. Without a count there is no such button. */
function Replay({ chosen, page }: { chosen: Choice; page: LetterPage | null }) {
  const open = { ...chosen, state: "open" } as const;
  const count = chosen.state === "open" ? meant(chosen, page) : null;
  if (chosen.state !== "open") return <p class="hint">Choose open letters to replay them.</p>;
  if (count === null) return <p class="hint">How many letters this means is not known yet.</p>;
  if (count.letters === 0) return null;
  const letters = count.at_least ? `${integer(count.letters)}+ letters` : counted(count.letters, "letter");
  const { reason: _, ...request } = replay_of(open, now.peek());
  return (
    <p class="replay">
      <ActionButton request={request} label={`Replay ${letters}…`} />{" "}
      <span class="hint">{in_words(open)}; a dry run comes first</span>
    </p>
  );
}

function Listed({ first, chosen }: { first: LetterPage; chosen: Choice }) {
  const [pages, set_pages] = useState<Pages>(begun(first));
  const [error, set_error] = useState<ReturnType<typeof as_error> | null>(null);
  const [is_asking, set_asking] = useState(false);
  if (pages.items.length === 0) return <None chosen={chosen} />;
  const older = async () => {
    set_asking(true);
    try {
      const next = await page(chosen, now.peek(), pages.next, new AbortController().signal);
      set_pages((before) => with_older(before, next));
      set_error(null);
    } catch (thrown) {
      set_error(as_error(thrown));
    } finally {
      set_asking(false);
    }
  };
  return (
    <>
      <Rows letters={pages.items} />
      {error && <Refused error={error} again={() => void older()} />}
      {pages.next !== null && !error && (
        <p>
          <Button onClick={() => void older()} disabled={is_asking}>
            {is_asking ? "Loading" : "Older"}
          </Button>
        </p>
      )}
      {pages.is_full && (
        <p class="hint">{integer(MOST)} letters are listed. Choose narrower to see others.</p>
      )}
    </>
  );
}

function None({ chosen }: { chosen: Choice }) {
  const is_first =
    chosen.reasons.length === 0 && chosen.topic === "" && chosen.key === "" && chosen.since === "all";
  if (is_first && chosen.state === "open") {
    return (
      <Empty command="orderstream dlq list --all">
        No letter is open. A record that cannot be processed would stand here. In a shell:
      </Empty>
    );
  }
  return (
    <Empty>
      No letter: {in_words(chosen)}.{" "}
      <Button
        onClick={() => {
          choice.value = FIRST;
        }}
      >
        Choose open letters of any kind
      </Button>
    </Empty>
  );
}
