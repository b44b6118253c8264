// A question to the server as a state of a component: the answer, why there is none, and how to ask again.

import { useEffect, useRef, useState } from "preact/hooks";
import { session } from "../live";
import { ApiError } from "../request";
import { logins } from "./logins";

export type Asked<T> = {
  /** The newest answer to this question; it stays while the question is asked again. */
  value: T | null;
  error: ApiError | null;
  is_asking: boolean;
  /** When the answer came, by the browser's clock. */
  at: number | null;
  again: () => void;
};

type Known<T> = {
  key: string | null;
  value: T | null;
  error: ApiError | null;
  is_asking: boolean;
  at: number | null;
};

/** Asks when the key changes or another person is logged in, whose answer is another one; and after a login where a role was missing. Never
 *  asks again by itself otherwise, so a refusal is no loop. Null asks nothing. */
export function useAsked<T>(asked: string | null, ask: (signal: AbortSignal) => Promise<T>): Asked<T> {
  const person = usePerson();
  const key = asked === null ? null : `${person}\n${asked}`;
  const [turn, set_turn] = useState(0);
  const [known, set_known] = useState<Known<T>>({ key, value: null, error: null, is_asking: true, at: null });

  // `ask` is another function each time; the key says what is asked.
  useEffect(() => {
    if (key === null) return;
    const cancel = new AbortController();
    const set = (part: Partial<Known<T>>) => {
      if (!cancel.signal.aborted) set_known((before) => ({ ...of_key(before, key), ...part }));
    };
    set({ is_asking: true });
    ask(cancel.signal).then(
      (value) => set({ value, error: null, is_asking: false, at: Date.now() }),
      (error: unknown) => set({ error: as_error(error), is_asking: false }),
    );
    return () => cancel.abort();
  }, [key, turn]);

  const again = () => set_turn((before) => before + 1);
  const shown = of_key(known, key);
  useAfterLogin(shown.error, again);
  return { ...shown, again };
}

/** Another number for each person that is logged in after another one. Nobody known yet is the same as the first who is known. */
function usePerson(): number {
  const seen = useRef<{ user: string | null | undefined; number: number }>({ user: undefined, number: 0 });
  const known = session.value;
  if (known !== null) {
    if (seen.current.user !== undefined && seen.current.user !== known.user) seen.current.number += 1;
    seen.current.user = known.user;
  }
  return seen.current.number;
}

/** Does something again once somebody has logged in by the form, if it was refused for want of a role. */
export function useAfterLogin(error: ApiError | null, again: () => void): void {
  const count = logins.value;
  // Only a login does it again: neither another error nor another function.
  useEffect(() => {
    if (error?.needs_login || error?.needs_role) again();
  }, [count]);
}

/** What is known of a key: nothing of what another key has answered. */
function of_key<T>(known: Known<T>, key: string | null): Known<T> {
  return known.key === key ? known : { key, value: null, error: null, is_asking: key !== null, at: null };
}

/** Whatever was thrown, as the error that it should have been. */
export function as_error(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  return new ApiError(
    error instanceof Error ? error.message : "Something went wrong in the page.",
    0,
    "page",
  );
}
