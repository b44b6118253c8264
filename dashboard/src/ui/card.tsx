import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

type Props = {
  title: string;
  /** Beside the title, at the right: an age, buttons. */
  aside?: ComponentChildren;
  children: ComponentChildren;
  class?: string;
};

/** A named block of a screen. Each block fails alone. */
export function Card({ title, aside, children, class: name = "" }: Props) {
  const id = useId();
  return (
    <section class={`card ${name}`} aria-labelledby={id}>
      <header class="card-head">
        <h2 id={id}>{title}</h2>
        {aside && <div class="card-aside">{aside}</div>}
      </header>
      {children}
    </section>
  );
}
