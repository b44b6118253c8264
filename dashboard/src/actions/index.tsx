// The operator's actions. Placeholder: the protocol (preview, confirm, watch) comes in place of the button.

import type { ActionRequest } from "../api";
import { Button } from "../ui";

/** A request without its reason: the dialog asks for the reason. */
export type Ask = ActionRequest extends infer R ? (R extends unknown ? Omit<R, "reason"> : never) : never;

export function ActionButton({ label }: { request: Ask; label: string }) {
  return <Button disabled>{label}</Button>;
}
