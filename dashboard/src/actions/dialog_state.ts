// The dialog of an action as one signal of the page, and the requests that its states call for. The dialog belongs to no screen: another screen, or
// the end of a login, takes nothing away. Closing starts nothing and stops nothing.

import { signal } from "@preact/signals";
import type { Action, ActionRequest, Plan } from "../api";
import { request } from "../request";
import { as_error } from "../session/asked";
import { begun, type Event, found, is_over, next, type Refusal, type State } from "./machine";

/** The open dialog; null: none. */
export const dialog = signal<State | null>(null);

/** Grows with each action that was seen to end here, so that lists are read anew. */
export const ended = signal(0);

const POLL_MS = 1_000;
const SLOWEST_MS = 10_000;

let cancel = new AbortController();
let timer: ReturnType<typeof setTimeout> | undefined;
let failures = 0;

/** Opens the dialog for a request. */
export const open_request = (wanted: ActionRequest): void => enter(begun(wanted));

/** Opens the dialog for an action that runs, or ran, already. */
export const open_action = (action: Action): void => enter(found(action));

/** Closes the dialog: what it asks for is not waited for any more, and what runs goes on. */
export function close(): void {
  leave();
  dialog.value = null;
}

/** Something happened in the dialog. */
export function tell(event: Event): void {
  const before = dialog.value;
  if (before === null) return;
  const after = next(before, event);
  if (after === before) return;
  dialog.value = after;
  if (after.at !== before.at) arrive(after);
  else if (after.at === "watch" && before.at === "watch") watched(before.action, after.action);
}

/** Asks again for what was refused for want of a login. */
export function after_login(): void {
  const state = dialog.value;
  if (state?.at === "watch" && state.silent !== null) look(0);
}

/** Asks the server to stop the action after its chunk. */
export async function stop(): Promise<void> {
  const state = dialog.value;
  if (state?.at !== "watch") return;
  tell({ is: "stop_asked" });
  const { signal } = cancel;
  await say_how(
    signal,
    request<Action>(`api/actions/${encodeURIComponent(state.action.id)}/stop`, { method: "POST", body: {} }),
    {
      good: (action) => tell({ is: "news", action }),
      bad: (refusal) => tell({ is: "stop_refused", refusal }),
    },
  );
}

function enter(state: State): void {
  leave();
  dialog.value = state;
  arrive(state);
}

function leave(): void {
  cancel.abort();
  stop_looking();
  cancel = new AbortController();
  failures = 0;
}

function arrive(state: State): void {
  if (state.at === "dry_run") void preview(state.request);
  if (state.at === "start") void start(state.plan);
  if (state.at === "watch" && !is_over(state.action)) look(POLL_MS);
  if (state.at === "watch" && is_over(state.action)) ended.value += 1;
}

async function preview(of: ActionRequest): Promise<void> {
  const { signal } = cancel;
  const asked = request<Plan>("api/actions/preview", {
    method: "POST",
    body: of,
    signal,
    deadline_ms: 60_000,
  });
  await say_how(signal, asked, {
    good: (plan) => tell({ is: "planned", plan, of }),
    bad: (refusal) => tell({ is: "plan_refused", refusal, of }),
  });
}

/** The start is not cancelled by closing: a request that is on its way may have arrived already. */
async function start({ plan_id, confirm }: Plan): Promise<void> {
  const { signal } = cancel;
  const asked = request<Action>(`api/actions/${encodeURIComponent(plan_id)}`, {
    method: "POST",
    body: { confirm },
  });
  await say_how(signal, asked, {
    good: (action) => tell({ is: "started", action, plan_id }),
    bad: (refusal) => tell({ is: "start_refused", refusal, plan_id }),
  });
}

/** Whether the page will ask for news by itself. */
export const is_waiting = (): boolean => timer !== undefined;

function stop_looking(): void {
  clearTimeout(timer);
  timer = undefined;
}

function look(in_ms: number): void {
  stop_looking();
  timer = setTimeout(poll, in_ms);
}

async function poll(): Promise<void> {
  timer = undefined;
  const state = dialog.value;
  if (state?.at !== "watch") return;
  const { signal } = cancel;
  await say_how(
    signal,
    request<Action>(`api/actions/${encodeURIComponent(state.action.id)}`, { signal, deadline_ms: 5_000 }),
    {
      good: (action) => {
        failures = 0;
        tell({ is: "news", action });
        if (!is_over(action)) look(POLL_MS);
      },
      bad: (refusal) => {
        failures += 1;
        tell({ is: "no_news", refusal });
        // Who is not logged in is not let in by asking again: the form asks again.
        if (refusal.status !== 401 && refusal.status !== 403)
          look(Math.min(POLL_MS * 2 ** failures, SLOWEST_MS));
      },
    },
  );
}

function watched(before: Action, after: Action): void {
  if (!is_over(before) && is_over(after)) {
    stop_looking();
    ended.value += 1;
  }
}

type Ways<T> = { good: (answer: T) => void; bad: (refusal: Refusal) => void };

/** Tells how a request went, unless the dialog was closed meanwhile. */
async function say_how<T>(signal: AbortSignal, asked: Promise<T>, { good, bad }: Ways<T>): Promise<void> {
  try {
    const answer = await asked;
    if (!signal.aborted) good(answer);
  } catch (thrown) {
    const { status, message, code, retry_after_ms } = as_error(thrown);
    if (!signal.aborted) bad({ status, message, code, retry_after_ms });
  }
}
