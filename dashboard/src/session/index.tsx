// Who is logged in: the form of the token, and the name in the header. The dialog of an action hangs in the header too, so that neither another
// screen nor the end of a login takes it away.

import { ActionDialog } from "../actions/dialog";
import { ScreenTitle } from "../ui";
import "./style.css";

import { Login as Form } from "./login";
import { WhoButton } from "./who";

export { Refused } from "./refused";

/** In place of a screen while the caller has no role. */
export function Login() {
  return (
    <>
      <ScreenTitle name="Log in" question="Who are you?" />
      <div class="card">
        <Form />
      </div>
    </>
  );
}

/** Name, role and logout, in the header. */
export function Who() {
  return (
    <>
      <WhoButton />
      <ActionDialog />
    </>
  );
}
