import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

type Props = {
  title: string;
  /** Called by Esc and by the button that closes. The owner then takes the dialog away. */
  onClose: () => void;
  children: ComponentChildren;
  /** The buttons at the end. The one with `autofocus` has the focus at the start. */
  buttons?: ComponentChildren;
  /** Esc does nothing while this is set, for example while an action is being sent. */
  locked?: boolean;
};

/** A modal dialog: it keeps the focus inside, closes by Esc, and gives the focus back to where it was. */
export function Dialog({ title, onClose, children, buttons, locked = false }: Props) {
  const id = useId();
  const ref = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    const dialog = ref.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      // What opened the dialog may be gone, as a button of a list that was read anew meanwhile.
      const back = before?.isConnected ? before : document.getElementById("main");
      if (back instanceof HTMLElement) back.focus({ preventScroll: true });
    };
  }, []);

  return (
    <dialog
      ref={ref}
      class="dialog"
      aria-labelledby={id}
      onCancel={(event) => {
        // The owner decides: the browser alone would close the dialog and leave the owner's state open.
        event.preventDefault();
        if (!locked) onClose();
      }}
    >
      <h2 id={id}>{title}</h2>
      <div class="dialog-body">{children}</div>
      {buttons && <div class="dialog-buttons">{buttons}</div>}
    </dialog>
  );
}
