// How the news arrive, in the header: live, polling, paused, or since when there are none.

import { clock, seconds } from "../format";
import { connection, frozen, overview, tick } from "../live";
import { try_now } from "../stream/run";
import { Button } from "../ui";
import { Shape } from "../ui/badge";
import { pause_or_go_on } from "./listen_keys";

export function Status() {
  const { state, way } = connection.value;
  const stopped = frozen.value;
  const at = overview.value?.at;
  const word = stopped ? stopped : state === "live" ? (way === "poll" ? "polling" : "live") : state;
  const tone = stopped ? "quiet" : state === "live" ? "good" : state === "connecting" ? "unknown" : "bad";
  return (
    <div class="status">
      <span class={`status-word status-${tone}`} title={title_of(way)}>
        <Shape tone={tone} />
        <span>{word}</span>
        <time class="tabular">{clock(at)}</time>
      </span>
      <Button
        kind="quiet"
        pressed={stopped === "paused"}
        onClick={pause_or_go_on}
        title="Updates stand still (space)"
      >
        {stopped === "paused" ? "Go on" : "Pause"}
      </Button>
    </div>
  );
}

function title_of(way: "stream" | "poll" | "none"): string {
  if (way === "poll")
    return "Asked every two seconds: other tabs have the streams, or the browser has no locks here.";
  return way === "stream" ? "A stream, once a second." : "";
}

/** What changes how the whole page is to be read, above everything else. */
export function Banners() {
  const { state, newer, heard_at, retry_at } = connection.value;
  return (
    <section aria-label="Notices">
      {newer && (
        <Banner tone="notice">
          <p>A new version runs ({newer}). This page is of the one before.</p>
          <Button kind="main" onClick={() => location.reload()}>
            Reload
          </Button>
        </Banner>
      )}
      {state === "disconnected" && (
        <Banner tone="bad">
          <p>
            {heard_at === null
              ? "Nothing is known yet."
              : `No news since ${clock(heard_at)}: the values are old.`}
            {retry_at !== null && ` ${next_try(retry_at, tick.value)}`}
          </p>
          <Button onClick={try_now}>Try now</Button>
        </Banner>
      )}
      {frozen.value && (
        <Banner tone="quiet">
          <p>
            {frozen.value === "paused"
              ? "Paused by you: what is shown stands still. Space goes on."
              : "Text is selected: what is shown stands still until the selection is gone."}
          </p>
        </Banner>
      )}
    </section>
  );
}

function next_try(at: number, now: number): string {
  const left = Math.ceil((at - now) / 1000);
  return left > 0 ? `Next try in ${seconds(left)}.` : "Trying now.";
}

function Banner({
  tone,
  children,
}: {
  tone: "notice" | "bad" | "quiet";
  children: preact.ComponentChildren;
}) {
  return (
    <div class={`banner banner-${tone}`}>
      <Shape tone={tone} />
      {children}
    </div>
  );
}
