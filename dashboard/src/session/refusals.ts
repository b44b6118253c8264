// What a refusal says beside the server's sentence.

import { seconds } from "../format";

type Refused = { status: number; code: string; retry_after_ms: number | null };

/** When to try again, as an addition to a sentence; nothing where the server does not say. */
export const again_in = (error: Refused): string =>
  error.retry_after_ms === null ? "" : ` Try again in ${seconds(Math.ceil(error.retry_after_ms / 1000))}.`;

/** What the operator does about an error, as an addition to its sentence. */
export function advice(error: Refused): string {
  if (error.retry_after_ms !== null) return again_in(error);
  if (error.code === "network") return " See whether orderstream runs, then ask again.";
  if (error.code === "deadline") return " Ask again; the alerts say whether a server is away.";
  if (error.code === "shape") return " See that no proxy answers in its place.";
  return "";
}
