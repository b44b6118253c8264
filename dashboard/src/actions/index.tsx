// The operator's actions: the button that opens an action's dialog, and what runs now. The screen `#actions` is recent.tsx, which stands apart so
// that the first screen does without it.

import type { ActionRequest } from "../api";
import { may_operate, session } from "../live";
import { needs } from "../session/rights";
import { Button } from "../ui";
import { open_request } from "./dialog_state";

export { Running } from "./running";

/** A request without its reason: the dialog asks for the reason. */
export type Ask = ActionRequest extends infer R ? (R extends unknown ? Omit<R, "reason"> : never) : never;

/** Opens the dialog of an action. Nothing is done by a click on this button. */
export function ActionButton({ request, label }: { request: Ask; label: string }) {
  const title = may_operate.value ? undefined : needs("operate", session.value);
  return (
    <Button title={title} onClick={() => open_request({ ...request, reason: "" } as ActionRequest)}>
      {label}
    </Button>
  );
}
