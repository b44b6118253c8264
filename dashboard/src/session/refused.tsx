// A question without an answer: why, and what to do. Where a login is missing, the form stands here, so nothing that was typed is lost.

import { session } from "../live";
import type { ApiError } from "../request";
import { Button, Failed } from "../ui";
import { Login } from "./login";
import { advice } from "./refusals";

type Props = {
  error: Pick<ApiError, "message" | "status" | "code" | "retry_after_ms">;
  /** Asks again. */
  again?: () => void;
  /** Of when the numbers are that are still shown. */
  as_of?: number | null;
};

export function Refused({ error, again, as_of = null }: Props) {
  if (error.status === 401) return <Login why={`${error.message} What you have typed stays.`} />;
  const known = session.value;
  // The sentence of a refusal says what to do, so nothing is added to it.
  if (error.status === 403 && known?.user === null && known.has_tokens) return <Login why={error.message} />;
  if (error.status === 403) {
    return (
      <div role="alert" class="refused">
        <Failed why={error.message} as_of={as_of} />
      </div>
    );
  }
  const retry = again && <Button onClick={again}>Ask again</Button>;
  return (
    <div role="alert" class="refused">
      <Failed why={`${error.message}${advice(error)}`} as_of={as_of} retry={retry} />
    </div>
  );
}
