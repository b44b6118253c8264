// Whether an answer is what was asked for. A proxy, or a server of another version, may answer with JSON of another kind.

import { ApiError } from "../request";

/** The answer, if it has these parts; else an `ApiError` that says what to do. */
export function with_parts<T extends object>(answer: T, ...parts: (keyof T & string)[]): T {
  const is_whole = typeof answer === "object" && answer !== null && parts.every((part) => part in answer);
  if (is_whole) return answer;
  throw new ApiError(
    "The answer is not what was asked for. Another version may run by now: load the page again.",
    200,
    "kind",
  );
}
