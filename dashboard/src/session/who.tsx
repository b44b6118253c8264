// Name and role in the header, and what stands behind them: what the caller may do, until when, and the way out.

import { useState } from "preact/hooks";
import { moment } from "../format";
import { now, session } from "../live";
import { request } from "../request";
import { Button, Dialog, say } from "../ui";
import { as_error } from "./asked";
import { Login } from "./login";
import { Refused } from "./refused";
import { ending, rights_of } from "./rights";

/** The button in the header, and the line that tells the end of the login before it comes. */
export function WhoButton() {
  const [is_open, set_open] = useState(false);
  const known = session.value;
  const end = ending(known, now.value);
  if (known === null) return null;
  return (
    <div class="who">
      <Button kind="quiet" onClick={() => set_open(true)} title="What you may do, log in, log out">
        <span class="who-name">{known.user ?? "Log in"}</span>
        {known.user !== null && known.role !== null && ` (${known.role})`}
      </Button>
      {end && (
        <p class="who-end" role="status">
          {end}
        </p>
      )}
      {is_open && <Panel onClose={() => set_open(false)} is_ending={end !== null} />}
    </div>
  );
}

function Panel({ onClose, is_ending }: { onClose: () => void; is_ending: boolean }) {
  const [error, set_error] = useState<ReturnType<typeof as_error> | null>(null);
  const known = session.value;
  if (known === null) return null;
  const log_out = async () => {
    try {
      await request<null>("api/session", { method: "DELETE" });
      session.value = await request<NonNullable<typeof known>>("api/session");
      say("Logged out.");
      onClose();
    } catch (refused) {
      set_error(as_error(refused));
    }
  };
  const buttons = (
    <>
      <Button onClick={onClose} autofocus={known.user !== null}>
        Close
      </Button>
      {known.user !== null && <Button onClick={log_out}>Log out</Button>}
    </>
  );
  return (
    <Dialog
      title={known.user === null ? "Log in" : `Logged in as ${known.user}`}
      onClose={onClose}
      buttons={buttons}
    >
      <p>You may {rights_of(known.role)}.</p>
      {known.expires_at !== null && <p>The login ends by itself at {moment(known.expires_at, now.value)}.</p>}
      {known.user !== null && known.role !== "operate" && <p>{known.how}</p>}
      {(known.user === null || is_ending) && <Login onDone={onClose} />}
      {error && <Refused error={error} again={log_out} />}
    </Dialog>
  );
}
