// What must not move under the reader: a selection on the page, and rows under the pointer or with the focus.

import { useRef, useState } from "preact/hooks";
import { frozen } from "../live";

/** While text of the page is selected, updates stand still: they would take the selection away. */
export function hold_for_selection(): void {
  document.addEventListener("selectionchange", () => {
    const selection = document.getSelection();
    const main = document.getElementById("main");
    const selecting = selection?.isCollapsed === false && main?.contains(selection.anchorNode) === true;
    if (selecting && frozen.peek() === null) frozen.value = "selecting";
    if (!selecting && frozen.peek() === "selecting") frozen.value = null;
  });
}

/** The value of the moment at which the pointer or the focus came into the block; outside the newest. Spread `on` on the block. */
export function useHeld<T>(newest: T) {
  const [inside, set_inside] = useState(0);
  const kept = useRef(newest);
  if (inside === 0) kept.current = newest;
  const POINTER = 1;
  const FOCUS = 2;
  return {
    value: kept.current,
    held: inside !== 0 && kept.current !== newest,
    on: {
      onPointerEnter: (event: PointerEvent) =>
        event.pointerType === "mouse" && set_inside((now) => now | POINTER),
      onPointerLeave: () => set_inside((now) => now & ~POINTER),
      onFocusIn: () => set_inside((now) => now | FOCUS),
      onFocusOut: () => set_inside((now) => now & ~FOCUS),
    },
  };
}
