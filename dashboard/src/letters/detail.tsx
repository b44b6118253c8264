// One letter: what is wrong and where, what became of it, its payload on request, its replay.

import { ActionButton } from "../actions";
import { ended } from "../actions/dialog_state";
import type { Letter } from "../api";
import { integer, moment } from "../format";
import { now } from "../live";
import { request } from "../request";
import { useAsked } from "../session/asked";
import { Refused } from "../session/refused";
import { with_parts } from "../session/shape";
import { Long } from "../trace/long";
import { Button, Card, Skeleton } from "../ui";
import { replay_of_one } from "./filter";
import { PayloadCard } from "./payload";
import { About, Stand } from "./rows";

export function Detail({ id }: { id: string }) {
  const asked = useAsked(`letter ${id} ${ended.value}`, async (signal) => {
    const answer = await request<Letter>(`api/letters/${encodeURIComponent(id)}`, { signal });
    return with_parts(answer, "reason", "message", "created_at");
  });
  const { value, error, is_asking, again } = asked;
  const aside = (
    <Button onClick={again} disabled={is_asking}>
      {is_asking ? "Loading" : "Reload"}
    </Button>
  );
  return (
    <>
      <p>
        <a href="#letters">All letters</a>
      </p>
      {error && <Refused error={error} again={again} />}
      {value === null && is_asking && <Skeleton lines={6} label="The letter is read" />}
      {value && (
        <>
          <Card title={`Letter ${value.id}`} aside={aside}>
            <Facts letter={value} />
            {value.resolved_at === null ? (
              <p class="replay">
                <ActionButton request={without_reason(value.id)} label="Replay this letter…" />{" "}
                <span class="hint">Correct the cause first. A dry run comes before anything is done.</span>
              </p>
            ) : (
              <p class="hint replay">A closed letter is not replayed.</p>
            )}
          </Card>
          <PayloadCard id={value.id} />
        </>
      )}
    </>
  );
}

function without_reason(id: string) {
  const { reason: _, ...rest } = replay_of_one(id);
  return rest;
}

function Facts({ letter }: { letter: Letter }) {
  const { reason, stage, message, topic, position, replays, created_at, resolved_at } = letter;
  return (
    <>
      <p class="finding">
        <Stand letter={letter} /> <Long text={message === "" ? "no message" : message} />
      </p>
      <dl class="pairs">
        <Pair name="reason">{reason}</Pair>
        <Pair name="stage">{stage}</Pair>
        <Pair name="position">
          <Long text={`${topic} ${position}`} />
        </Pair>
        <Pair name="of">
          <About letter={letter} />
        </Pair>
        <Pair name="refused at">{moment(created_at, now.value)}</Pair>
        <Pair name="closed at">{moment(resolved_at, now.value)}</Pair>
        <Pair name="replays in vain">{integer(replays)}</Pair>
      </dl>
    </>
  );
}

function Pair({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
