// The form of the token. The token stands in the field until it is sent, and nowhere else: the cookie that the server sets is out of reach for
// scripts.

import { useState } from "preact/hooks";
import type { Session } from "../api";
import { session } from "../live";
import { type ApiError, request } from "../request";
import { Button, Empty, Field, say } from "../ui";
import { as_error } from "./asked";
import { logins } from "./logins";
import { again_in } from "./refusals";

type Props = {
  /** Why the form is here, and what to do: said once, so that the form adds nothing to it. */
  why?: string;
  onDone?: () => void;
};

/** The login; where the server knows no token, what to do instead. */
export function Login({ why, onDone }: Props) {
  const [token, set_token] = useState("");
  const [error, set_error] = useState<ApiError | null>(null);
  const [is_asking, set_asking] = useState(false);
  const known = session.value;
  if (known !== null && !known.has_tokens) {
    return (
      <div class="login">
        {why && <p>{why}</p>}
        <Empty>{known.how}</Empty>
      </div>
    );
  }

  const log_in = async (event: Event) => {
    event.preventDefault();
    const typed = token.trim();
    if (typed === "" || is_asking) return;
    set_asking(true);
    set_token("");
    try {
      const answer = await request<Session>("api/session", { method: "POST", body: { token: typed } });
      set_error(null);
      session.value = answer;
      logins.value += 1;
      say(answer.user === null ? "Logged in." : `Logged in as ${answer.user}.`);
      onDone?.();
    } catch (refused) {
      set_error(as_error(refused));
    } finally {
      set_asking(false);
    }
  };

  return (
    <form class="login" onSubmit={log_in}>
      {why && <p>{why}</p>}
      <Field
        label="Token"
        type="password"
        value={token}
        onInput={set_token}
        disabled={is_asking}
        hint={why === undefined && known !== null ? known.how : "The page does not keep the token."}
        error={error && `${error.message}${again_in(error)}`}
      />
      <Button type="submit" kind="main" disabled={is_asking}>
        {is_asking ? "Logging in" : "Log in"}
      </Button>
    </form>
  );
}
