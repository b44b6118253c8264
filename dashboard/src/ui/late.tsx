import { now } from "../live";
import { Failed } from "./states";

/** The server reads each block every few seconds: a block that is older than this failed. */
export const LATE_MS = 15_000;

export function is_late(as_of: number | null, at: number): boolean {
  return as_of !== null && at - as_of > LATE_MS;
}

/** Says that a block's numbers are old, and of when they are. Nothing while they are fresh. */
export function Late({ as_of, who }: { as_of: number | null; who: string }) {
  if (!is_late(as_of, now.value)) return null;
  return <Failed why={`${who} did not answer.`} as_of={as_of} />;
}
