// Who is logged in: the form of the token, and the name in the header. The dialog of an action hangs in the header too, so that neither another
// screen nor the end of a login takes it away.

import { ActionDialog } from "../actions/dialog";
import { WhoButton } from "./who";

export { Login } from "./login";
export { Refused } from "./refused";

/** Name, role and logout, in the header. */
export function Who() {
  return (
    <>
      <WhoButton />
      <ActionDialog />
    </>
  );
}
