// The actions in words, and what each of them needs before its preview may be asked for.

import type { ActionRequest } from "../api";

export const MOST_MINUTES = 1_440;
export const LONGEST_REASON = 500;

/** What an action does, as a title. */
export function title_of(request: ActionRequest): string {
  switch (request.action) {
    case "replay":
      return request.parameters.ids?.length === 1
        ? `Replay letter ${request.parameters.ids[0]}`
        : "Replay letters";
    case "pause":
      return `Pause ${request.parameters.topic} ${request.parameters.partition}`;
    case "resume":
      return `Resume ${request.parameters.topic} ${request.parameters.partition}`;
    case "hold_breaker":
      return `Hold the breaker ${request.parameters.state}`;
    case "release_breaker":
      return "Release the breaker";
    case "rebuild":
      return request.parameters.what === "cache" ? "Rebuild the cache" : "Rebuild the customers";
    case "restart_connector":
      return "Restart the connector";
  }
}

/** The verb on the last button. */
export function verb_of(request: ActionRequest): string {
  const verbs: Record<ActionRequest["action"], string> = {
    replay: "Replay",
    pause: "Pause",
    resume: "Resume",
    hold_breaker: "Hold",
    release_breaker: "Release",
    rebuild: "Rebuild",
    restart_connector: "Restart",
  };
  return verbs[request.action];
}

/** Whether an action needs a reason. */
export const needs_reason = (request: ActionRequest): boolean => request.action !== "replay";

/** The minutes of an action that ends by itself; null for the others. */
export const minutes_of = (request: ActionRequest): number | null =>
  request.action === "pause" || request.action === "hold_breaker" ? request.parameters.minutes : null;

/** The request with other minutes. */
export function with_minutes(request: ActionRequest, minutes: number): ActionRequest {
  if (request.action === "pause") return { ...request, parameters: { ...request.parameters, minutes } };
  if (request.action === "hold_breaker")
    return { ...request, parameters: { ...request.parameters, minutes } };
  return request;
}

/** The request for a replay with another rate or number; nothing: the server's own. */
export function with_pace(
  request: ActionRequest,
  pace: { rate?: number | undefined; max?: number | undefined },
): ActionRequest {
  if (request.action !== "replay") return request;
  const { rate: _rate, max: _max, ...rest } = request.parameters;
  const parameters: typeof request.parameters = { ...rest };
  if (pace.rate !== undefined) parameters.rate = pace.rate;
  if (pace.max !== undefined) parameters.max = pace.max;
  return { ...request, parameters };
}

/** A whole number of at least 1 that a text names; `undefined` for an empty text; NaN for anything else. */
export function whole(text: string): number | undefined {
  const typed = text.trim();
  if (typed === "") return undefined;
  return /^[0-9]{1,9}$/.test(typed) && Number(typed) >= 1 ? Number(typed) : Number.NaN;
}

/** What is missing before a preview can be asked for; null: nothing. */
export function problem_of(request: ActionRequest): string | null {
  const minutes = minutes_of(request);
  if (minutes !== null && !(Number.isInteger(minutes) && minutes >= 1 && minutes <= MOST_MINUTES)) {
    return `Say for how many minutes: 1 to ${MOST_MINUTES}.`;
  }
  if (request.action === "replay") {
    const { rate, max } = request.parameters;
    if (rate !== undefined && !Number.isInteger(rate))
      return "The rate is a whole number of letters a second, or empty.";
    if (max !== undefined && !Number.isInteger(max)) return "The most letters are a whole number, or empty.";
  }
  if (needs_reason(request) && request.reason.trim() === "")
    return "Say why: the reason is kept with the action.";
  return request.reason.length > LONGEST_REASON
    ? `The reason has at most ${LONGEST_REASON} characters.`
    : null;
}
