// Actions that were begun, in words.

import type { Action } from "../api";
import type { Word } from "../trace/words";

const STATES: Record<Action["state"], Word> = {
  running: { tone: "notice", word: "running" },
  stopping: { tone: "notice", word: "stopping" },
  done: { tone: "good", word: "done" },
  stopped: { tone: "quiet", word: "stopped" },
  failed: { tone: "bad", word: "failed" },
  interrupted: { tone: "bad", word: "interrupted" },
};

/** The state of an action as a word. */
export const of_state = (state: Action["state"]): Word =>
  STATES[state] ?? { tone: "unknown", word: String(state) };

const NAMES: Record<string, string> = {
  replay: "replay",
  pause: "pause",
  resume: "resume",
  hold_breaker: "hold breaker",
  release_breaker: "release breaker",
  rebuild: "rebuild",
  restart_connector: "restart connector",
};

/** The name of an action. */
export const name_of = (action: string): string => NAMES[action] ?? action.replaceAll("_", " ");

const SAID: Record<string, (value: unknown) => string> = {
  resolved: (is_resolved) => (is_resolved ? "closed" : "open"),
  since: (at) => `since ${time(at)}`,
  until: (at) => `until ${time(at)}`,
  rate: (rate) => `${rate} a second at most`,
  max: (max) => `${max} at most`,
  minutes: (minutes) => `for ${minutes} min`,
};

/** The parameters of an action in one line: those that say something, in the order of the server. */
export function parameters_of(parameters: Action["parameters"]): string {
  const is_said = (value: unknown) =>
    value !== null && value !== undefined && value !== "" && !(Array.isArray(value) && value.length === 0);
  const said = Object.entries(parameters).filter(([, value]) => is_said(value));
  return said
    .map(([name, value]) => (Object.hasOwn(SAID, name) ? SAID[name]?.(value) : `${name} ${text(value)}`))
    .join(", ");
}

const time = (at: unknown): string =>
  typeof at === "number" ? `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC` : String(at);

function text(value: unknown): string {
  if (Array.isArray(value))
    return value.length > 3 ? `${value.slice(0, 3).join(" ")} and ${value.length - 3} more` : value.join(" ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** How far an action is: 0 to 1, or null where that is not known. */
export function share_of(progress: Action["progress"]): number | null {
  if (progress === null || progress.of === null || progress.of <= 0) return null;
  return Math.min(1, Math.max(0, progress.done / progress.of));
}

/** Whether an action can be stopped: a replay or a rebuild, after its chunk. */
export const can_stop = (action: Action): boolean =>
  action.state === "running" && ["replay", "rebuild"].includes(action.action);
