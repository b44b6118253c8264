// Who is logged in. Placeholder: the form of the token, and the name in the header.

import { session } from "../live";

/** Shown in place of a screen while the session has no role. */
export function Login() {
  return <p>{session.value?.how}</p>;
}

/** Name, role and logout, in the header. */
export function Who() {
  const at = session.value;
  return <span>{at?.user ? `${at.user} (${at.role})` : ""}</span>;
}
