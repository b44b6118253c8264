// The third step: what the dry run has found, and the number that confirms it.

import { seconds } from "../format";
import { now } from "../live";
import { Button, Field } from "../ui";
import { tell } from "./dialog_state";
import { is_too_old, matches, type State } from "./machine";
import { Refusal } from "./refusal";

export function Confirm({ state }: { state: Extract<State, { at: "confirm" }> }) {
  const { plan, typed, note, refusal } = state;
  const left = (plan.expires_at - now.value) / 1_000;
  return (
    <>
      {note && (
        <p class="note" role="alert">
          {note}
        </p>
      )}
      <p class="effect">{plan.effect}</p>
      {plan.details.length > 0 && (
        <dl class="pairs">
          {plan.details.map(({ label, value }) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
      {plan.warnings.length > 0 && (
        <ul class="warnings" aria-label="Warnings">
          {plan.warnings.map((warning) => (
            <li key={warning}>{warning}</li>
          ))}
        </ul>
      )}
      {plan.confirm !== null && (
        <Field
          label={`Type ${plan.confirm} to confirm`}
          value={typed}
          inputmode="numeric"
          error={typed !== "" && !matches(plan, typed) ? `This is not ${plan.confirm}.` : null}
          onInput={(text) => tell({ is: "typed", text })}
        />
      )}
      {is_too_old(plan, now.value) ? (
        <p class="note" role="alert">
          This dry run is too old. <Button onClick={() => tell({ is: "dry_run_asked" })}>New dry run</Button>
        </p>
      ) : (
        <p class="hint">This dry run is good for {seconds(Math.ceil(left))} more.</p>
      )}
      <Refusal refusal={refusal} />
    </>
  );
}
