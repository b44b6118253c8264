import { useRef } from "preact/hooks";
import { session } from "../live";
import type { Asked } from "./asked";

type Before<T> = { value: T; is_secret: boolean; user: string | null };

/** The answer that is shown: the newest one, or the one before while a newer one is asked for. Where names were shown, the one before does not
 *  outlast a failure; and nobody sees what another person has asked. */
export function useKept<T>({ value, is_asking }: Asked<T>, is_secret: boolean): T | null {
  const before = useRef<Before<T> | null>(null);
  const user = session.value?.user ?? null;
  if (value !== null) before.current = { value, is_secret, user };
  const known = before.current;
  if (known === null || known.user !== user) return null;
  return is_asking || !known.is_secret ? known.value : value;
}
