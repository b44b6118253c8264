// The breaker now, and over the last day.

import { ActionButton } from "../actions";
import type { Breaker, Overview, RedisDay, Transition } from "../api";
import { clock, counted, integer, moment, seconds } from "../format";
import { may_operate, now } from "../live";
import { Badge, Card, Failed, Skeleton, type Tone } from "../ui";
import { day, day_error } from "./day";
import { is_closed, open_seconds, type Stretch, state_words, stretches } from "./strip";

const TONES: Record<Breaker["state"], Tone> = {
  closed: "good",
  half_open: "notice",
  open: "bad",
  forced_open: "bad",
  forced_closed: "quiet",
};

export function BreakerCard({ at }: { at: Overview }) {
  const { breaker, breaker_of_writes: writes, held } = at.redis;
  return (
    <Card title="Breaker" aside={may_operate.value && <Hold is_held={held !== null} />}>
      {held && (
        <p class="note">
          Held {held.state} by hand, by {held.by}, until {moment(held.until, now.value)}: {held.reason}
        </p>
      )}
      {day_error.value && <Failed why={day_error.value} as_of={day.value?.as_of ?? null} />}
      <One name="Server" what="server" breaker={breaker} />
      <One name="Writes" what="writes" breaker={writes} />
      <Scale />
    </Card>
  );
}

const MINUTES = 30;

function Hold({ is_held }: { is_held: boolean }) {
  if (is_held)
    return <ActionButton request={{ action: "release_breaker", parameters: {} }} label="Release" />;
  const hold = (state: "open" | "closed") => ({
    action: "hold_breaker" as const,
    parameters: { state, minutes: MINUTES },
  });
  return (
    <>
      <ActionButton request={hold("open")} label="Hold open" />
      <ActionButton request={hold("closed")} label="Hold closed" />
    </>
  );
}

type OneProps = { name: string; what: Transition["breaker"]; breaker: Breaker | null };

function One({ name, what, breaker }: OneProps) {
  return (
    <div class="breaker">
      <p class="breaker-now">
        <strong>{name}</strong>
        {breaker ? <Badge tone={TONES[breaker.state]}>{state_words(breaker.state)}</Badge> : <span>-</span>}
        {breaker && <span class="faint tabular">{calls(breaker)}</span>}
      </p>
      {day.value ? (
        <Strip what={what} of={day.value} state={breaker?.state ?? null} />
      ) : (
        <Skeleton lines={1} />
      )}
    </div>
  );
}

/** The calls that the breaker looks at. */
function calls(breaker: Breaker): string {
  const { succeeded, failed, slow, rejected } = breaker;
  return `${integer(succeeded)} succeeded, ${integer(failed)} failed, ${integer(slow)} slow, ${integer(rejected)} rejected`;
}

const WIDTH = 1000;

function Strip({ what, of, state }: { what: Transition["breaker"]; of: RedisDay; state: string | null }) {
  const all = stretches(of.transitions, what, state, of.since, now.value);
  return (
    <svg
      class="strip"
      viewBox={`0 0 ${WIDTH} 20`}
      preserveAspectRatio="none"
      role="img"
      aria-label={words(all)}
    >
      <rect class="strip-unknown" width={WIDTH} height={20} />
      {all.map((stretch) => (
        <rect
          key={stretch.since}
          class={`strip-${is_closed(stretch.state) ? "closed" : stretch.state === "half_open" ? "half" : "open"}`}
          x={stretch.from * WIDTH}
          // A second is 0.01 of the strip: what was open stays visible.
          width={Math.max((stretch.to - stretch.from) * WIDTH, is_closed(stretch.state) ? 0 : 3)}
          y={is_closed(stretch.state) ? 12 : 0}
          height={is_closed(stretch.state) ? 8 : 20}
        >
          <title>{title(stretch)}</title>
        </rect>
      ))}
    </svg>
  );
}

function title(of: Stretch): string {
  const times = `${clock(of.since)} to ${clock(of.until)}`;
  return `${state_words(of.state)}, ${times}${of.cause ? `: ${of.cause}` : ""}`;
}

function words(all: Stretch[]): string {
  const opened = all.filter((of) => !is_closed(of.state)).length;
  if (all.length === 0) return "The last 24 hours: not known";
  if (opened === 0) return "The last 24 hours: closed for as long as is known";
  return `The last 24 hours: ${counted(opened, "stretch", "stretches")} not closed, ${seconds(open_seconds(all))} in all`;
}

function Scale() {
  return (
    <p class="strip-scale faint" aria-hidden="true">
      <span>24 h ago</span>
      <span>18 h</span>
      <span>12 h</span>
      <span>6 h</span>
      <span>now</span>
    </p>
  );
}
