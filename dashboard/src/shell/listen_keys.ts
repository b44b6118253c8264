// Brings the browser's key events to the rules of keys.ts, and does what they say.

import { frozen } from "../live";
import { deed_of } from "./keys";
import { go } from "./route";
import { help_open, tables } from "./view";

/** How long `g` waits for its letter. */
const LETTER_MS = 1_500;

let g_at = 0;

export function listen_to_keys(): void {
  document.addEventListener("keydown", (event) => {
    const deed = deed_of({
      key: event.key,
      modified: event.ctrlKey || event.altKey || event.metaKey,
      in_field: is(event.target, "input, textarea, select, [contenteditable]"),
      on_control: is(event.target, "button, a, summary, [role=button], .table-scroll, .command"),
      in_dialog: document.querySelector("dialog[open]") !== null,
      after_g: Date.now() - g_at < LETTER_MS,
    });
    g_at = 0;
    if (!deed) return;
    event.preventDefault();
    if (deed.do === "wait_for_letter") g_at = Date.now();
    else if (deed.do === "go") go(deed.screen);
    else if (deed.do === "search") document.getElementById("order-search")?.focus();
    else if (deed.do === "help") help_open.value = true;
    else if (deed.do === "tables") tables.value = !tables.value;
    else pause_or_go_on();
  });
}

export function pause_or_go_on(): void {
  frozen.value = frozen.value === "paused" ? null : "paused";
}

function is(target: EventTarget | null, what: string): boolean {
  return target instanceof Element && target.closest(what) !== null;
}
