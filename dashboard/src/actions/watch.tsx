// The last step: what the server measures. Nothing is said to be done before.

import { useEffect, useRef } from "preact/hooks";
import { integer } from "../format";
import { Badge, say } from "../ui";
import { is_over, type State } from "./machine";
import { Refusal } from "./refusal";
import { of_state, share_of } from "./words";

const SAID_EVERY_MS = 5_000;

export function Watch({ state }: { state: Extract<State, { at: "watch" }> }) {
  const { action, silent } = state;
  const { progress, outcome } = action;
  const { tone, word } = of_state(action.state);
  const share = share_of(progress);
  useSaid(is_over(action), sentence(action));
  return (
    <>
      <p>
        <Badge tone={tone}>{word}</Badge>
      </p>
      {progress && (
        <>
          {!is_over(action) && <progress aria-label="Progress" value={share ?? undefined} max={1} />}
          <p>{progress.text === "" ? counts(progress) : progress.text}</p>
        </>
      )}
      {is_over(action) && (
        <p class="effect">
          <strong>Outcome:</strong> {outcome ?? "nothing was measured"}
        </p>
      )}
      {silent && (
        <>
          <p class="note">No news of it at present. It goes on without this page.</p>
          <Refusal refusal={silent} />
        </>
      )}
    </>
  );
}

type Watched = Extract<State, { at: "watch" }>["action"];

const counts = ({ done, of }: NonNullable<Watched["progress"]>): string =>
  of === null ? integer(done) : `${integer(done)} of ${integer(of)}`;

const sentence = ({ state, progress, outcome }: Watched): string =>
  outcome ?? `${of_state(state).word}${progress ? `: ${progress.text || counts(progress)}` : ""}`;

/** Says how it goes: every few seconds at most, and the end at once. */
function useSaid(is_last: boolean, what: string): void {
  const said_at = useRef(0);
  useEffect(() => {
    if (!is_last && Date.now() - said_at.current < SAID_EVERY_MS) return;
    said_at.current = Date.now();
    say(what);
  }, [is_last, what]);
}
