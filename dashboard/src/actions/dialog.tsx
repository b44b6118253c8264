// The dialog of an action: choose, dry run, confirm, watch. Cancel has the focus in each step but the first, and Esc is Cancel.

import { useEffect, useRef } from "preact/hooks";
import { may_operate, now, session } from "../live";
import { ApiError } from "../request";
import { useAfterLogin } from "../session/asked";
import { needs } from "../session/rights";
import { Button, Dialog } from "../ui";
import { Choose } from "./choose";
import { Confirm } from "./confirm";
import { after_login, close, dialog, stop, tell } from "./dialog_state";
import { is_over, may_start, type State, step_of, when_closed } from "./machine";
import { Refusal } from "./refusal";
import { title_of, verb_of } from "./requests";
import "./style.css";
import { Watch } from "./watch";
import { can_stop, name_of } from "./words";

/** The open dialog of the page, if there is one. */
export function ActionDialog() {
  const state = dialog.value;
  return state && <Open state={state} />;
}

function Open({ state }: { state: State }) {
  const cancel = useRef<HTMLButtonElement>(null);
  const { at } = state;
  useEffect(() => {
    if (at !== "choose") cancel.current?.focus();
  }, [at]);
  const refusal = state.at === "watch" ? state.silent : null;
  useAfterLogin(refusal && new ApiError(refusal.message, refusal.status, refusal.code), after_login);
  const is_quiet = state.at === "watch" || state.at === "start";
  const buttons = (
    <>
      <Button buttonRef={cancel} onClick={close}>
        {is_quiet ? "Close" : "Cancel"}
      </Button>
      <Further state={state} />
    </>
  );
  const title = state.at === "watch" ? `Action: ${name_of(state.action.action)}` : title_of(state.request);
  return (
    <Dialog title={title} onClose={close} buttons={buttons}>
      {state.at === "watch" && is_over(state.action) ? null : <Steps at={step_of(state)} />}
      <Part state={state} />
      {when_closed(state) && <p class="hint">{when_closed(state)}</p>}
    </Dialog>
  );
}

const NAMES = ["choose", "dry run", "confirm", "watch"];

function Steps({ at }: { at: number }) {
  return (
    <ol class="steps" aria-label="Steps">
      {NAMES.map((name, index) => (
        <li key={name} aria-current={index + 1 === at ? "step" : undefined}>
          {index + 1} {name}
        </li>
      ))}
    </ol>
  );
}

function Part({ state }: { state: State }) {
  if (state.at === "choose") {
    return (
      <>
        <Choose state={state} />
        {state.refusal ? <Refusal refusal={state.refusal} /> : <NeedsRole />}
      </>
    );
  }
  if (state.at === "watch") return <Watch state={state} />;
  if (state.at === "confirm") return <Confirm state={state} />;
  const what =
    state.at === "dry_run"
      ? "The server looks what would happen. Nothing is changed."
      : "Asked for. Waiting for the answer.";
  return (
    <div aria-live="polite">
      {state.at === "dry_run" && state.note && <p class="note">{state.note}</p>}
      <p aria-busy="true">{what}</p>
    </div>
  );
}

/** Before anything is asked for: that the action needs a role which the operator does not have, with the form of the login. */
function NeedsRole() {
  const known = session.value;
  if (known === null || may_operate.value) return null;
  return (
    <Refusal
      refusal={{ status: 403, code: "role", message: needs("operate", known), retry_after_ms: null }}
    />
  );
}

function Further({ state }: { state: State }) {
  if (state.at === "choose") {
    return (
      <button type="submit" form="action-choose" class="button button-main">
        Dry run
      </button>
    );
  }
  if (state.at === "confirm") {
    return (
      <>
        <Button onClick={() => tell({ is: "back" })}>Back</Button>
        <Button
          kind="danger"
          disabled={!may_start(state, now.value)}
          onClick={() => tell({ is: "confirmed", now: now.value })}
        >
          {verb_of(state.request)}
        </Button>
      </>
    );
  }
  if (state.at === "watch" && can_stop(state.action)) {
    return (
      <Button kind="danger" disabled={state.is_stop_asked} onClick={() => void stop()}>
        {state.is_stop_asked ? "Stop is asked for" : "Stop after this chunk"}
      </Button>
    );
  }
  return null;
}
