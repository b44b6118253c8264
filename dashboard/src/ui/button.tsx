import type { ComponentChildren, Ref } from "preact";

type Props = {
  children: ComponentChildren;
  onClick?: (event: MouseEvent) => void;
  /** `main` for the one thing to do here, `danger` for what changes the system, `quiet` for the rest. */
  kind?: "main" | "danger" | "plain" | "quiet";
  type?: "button" | "submit";
  disabled?: boolean;
  /** For a button that is on or off. */
  pressed?: boolean;
  expanded?: boolean;
  /** The name for screen readers, where the text alone does not say it. */
  label?: string;
  title?: string;
  autofocus?: boolean;
  buttonRef?: Ref<HTMLButtonElement>;
};

export function Button(props: Props) {
  return (
    <button
      ref={props.buttonRef}
      type={props.type ?? "button"}
      class={`button button-${props.kind ?? "plain"}`}
      onClick={props.onClick}
      disabled={props.disabled}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      aria-label={props.label}
      title={props.title}
      autofocus={props.autofocus}
    >
      {props.children}
    </button>
  );
}
