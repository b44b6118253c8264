// The list of recent actions, kept true by the news of those that run.

import type { Action } from "../api";

/** The list with the newest state of each action; actions that have begun since stand first. */
export function merged(items: readonly Action[], news: readonly Action[]): Action[] {
  const newest = new Map(news.map((action) => [action.id, action]));
  const known = items.map((action) => {
    const later = newest.get(action.id);
    newest.delete(action.id);
    return later !== undefined && !is_over_before(action, later) ? later : action;
  });
  const first = items[0]?.at ?? Number.NEGATIVE_INFINITY;
  const begun = [...newest.values()].filter((action) => action.at >= first).sort((a, b) => b.at - a.at);
  return [...begun, ...known];
}

/** Whether an answer is older than what is known: an action that is over does not run again. */
const is_over_before = (known: Action, later: Action): boolean =>
  known.finished_at !== null && later.finished_at === null;
