import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

type Props = {
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "password" | "search" | "number" | "datetime-local";
  /** A line below the field: what to write, or what is wrong. */
  hint?: ComponentChildren;
  error?: string | null;
  placeholder?: string;
  inputmode?: "numeric" | "text";
  autocomplete?: string;
  required?: boolean;
  disabled?: boolean;
  autofocus?: boolean;
  /** Instead of an input: the options of a select. */
  options?: { value: string; label: string }[];
};

/** A named field with its hint and its error. */
export function Field(props: Props) {
  const id = useId();
  const note = props.error ?? props.hint;
  const described = note ? `${id}-note` : undefined;
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {props.options ? (
        <select
          id={id}
          value={props.value}
          disabled={props.disabled}
          aria-describedby={described}
          onChange={(event) => props.onInput(event.currentTarget.value)}
        >
          {props.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          // The types of Preact tie each kind of input to its own roles; the role is never set here.
          type={(props.type ?? "text") as "text"}
          value={props.value}
          placeholder={props.placeholder}
          inputmode={props.inputmode}
          autocomplete={props.autocomplete ?? "off"}
          spellcheck={false}
          required={props.required}
          disabled={props.disabled}
          autofocus={props.autofocus}
          aria-invalid={props.error ? true : undefined}
          aria-describedby={described}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
      {note && (
        <p id={`${id}-note`} class={props.error ? "field-note field-error" : "field-note"}>
          {note}
        </p>
      )}
    </div>
  );
}
