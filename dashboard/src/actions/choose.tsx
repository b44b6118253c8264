// The first step: what is meant, at what pace or for how long, and why.

import { useState } from "preact/hooks";
import { Field } from "../ui";
import { tell } from "./dialog_state";
import type { State } from "./machine";
import { minutes_of, needs_reason, whole, with_minutes, with_pace } from "./requests";
import { parameters_of } from "./words";

type Choosing = Extract<State, { at: "choose" }>;

export function Choose({ state: { request, problem } }: { state: Choosing }) {
  const minutes = minutes_of(request);
  const edited = (next: typeof request) => tell({ is: "edited", request: next });
  const submit = (event: Event) => {
    event.preventDefault();
    tell({ is: "dry_run_asked" });
  };
  return (
    <form id="action-choose" class="choose" onSubmit={submit}>
      {request.action === "replay" && <Replay request={request} edited={edited} />}
      {minutes !== null && (
        <Minutes minutes={minutes} onMinutes={(next) => edited(with_minutes(request, next))} />
      )}
      <Field
        label={needs_reason(request) ? "Reason (is kept with the action)" : "Reason (may be empty)"}
        value={request.reason}
        onInput={(reason) => edited({ ...request, reason })}
        required={false}
        autofocus={request.action !== "replay"}
      />
      <p class="hint">The dry run says what would happen. Nothing is changed before you confirm it.</p>
      {problem && (
        <p class="field-note field-error" role="alert">
          {problem}
        </p>
      )}
    </form>
  );
}

type Request = Choosing["request"];

function Replay({
  request,
  edited,
}: {
  request: Extract<Request, { action: "replay" }>;
  edited: (next: Request) => void;
}) {
  const { rate: first_rate, max: first_max, key, ...said } = request.parameters;
  const [rate, set_rate] = useState(first_rate?.toString() ?? "");
  const [max, set_max] = useState(first_max?.toString() ?? "");
  const paced = (rate: string, max: string) =>
    edited(with_pace(request, { rate: whole(rate), max: whole(max) }));
  const is_one = said.ids?.length === 1;
  const { resolved: _, ...meant } = said;
  const chosen = parameters_of({ ...meant, ...(key ? { key: "(as typed)" } : {}) });
  return (
    <>
      <p>
        Open letters that are tried again: {is_one ? "this one" : chosen === "" ? "all of them" : chosen}.
      </p>
      <div class="field-row">
        <Field
          label="Letters a second, at most"
          value={rate}
          inputmode="numeric"
          hint="Empty: no limit of your own."
          error={Number.isNaN(whole(rate)) ? "A whole number, or empty." : null}
          onInput={(text) => {
            set_rate(text);
            paced(text, max);
          }}
          autofocus
        />
        <Field
          label="Letters in all, at most"
          value={max}
          inputmode="numeric"
          hint="Empty: all that are meant."
          error={Number.isNaN(whole(max)) ? "A whole number, or empty." : null}
          onInput={(text) => {
            set_max(text);
            paced(rate, text);
          }}
        />
      </div>
    </>
  );
}

function Minutes({ minutes, onMinutes }: { minutes: number; onMinutes: (minutes: number) => void }) {
  const [text, set_text] = useState(Number.isNaN(minutes) ? "" : String(minutes));
  return (
    <Field
      label="Minutes"
      value={text}
      inputmode="numeric"
      hint="It ends by itself then, and can be ended before."
      onInput={(typed) => {
        set_text(typed);
        onMinutes(whole(typed) ?? Number.NaN);
      }}
    />
  );
}
