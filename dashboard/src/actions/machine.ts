// The states of an action's dialog: choose, dry run, confirm, watch. The functions are pure: a state and what happened in, the next state out.
//
// Only `confirmed` leads to a start, and only from `confirm` with a plan that is not too old and a number that matches. What comes late, of a
// request that is not waited for any more, changes nothing. The page never says that something was done before the server has measured it.

import type { Action, ActionRequest, Plan } from "../api";
import { problem_of } from "./requests";

/** Why a request did not succeed. `status` 0: no answer at all. */
export type Refusal = { status: number; message: string; code: string; retry_after_ms: number | null };

export type State =
  | { at: "choose"; request: ActionRequest; problem: string | null; refusal: Refusal | null }
  /** The dry run is asked for. `note`: why it is asked for again. */
  | { at: "dry_run"; request: ActionRequest; note: string | null }
  | {
      at: "confirm";
      request: ActionRequest;
      plan: Plan;
      typed: string;
      note: string | null;
      refusal: Refusal | null;
    }
  | { at: "start"; request: ActionRequest; plan: Plan }
  /** `silent`: why there is no news of the action at present. */
  | { at: "watch"; action: Action; silent: Refusal | null; is_stop_asked: boolean };

export type Event =
  | { is: "edited"; request: ActionRequest }
  | { is: "dry_run_asked" }
  | { is: "planned"; plan: Plan; of: ActionRequest }
  | { is: "plan_refused"; refusal: Refusal; of: ActionRequest }
  | { is: "typed"; text: string }
  | { is: "confirmed"; now: number }
  | { is: "started"; action: Action; plan_id: string }
  | { is: "start_refused"; refusal: Refusal; plan_id: string }
  | { is: "back" }
  | { is: "news"; action: Action }
  | { is: "no_news"; refusal: Refusal }
  | { is: "stop_asked" }
  | { is: "stop_refused"; refusal: Refusal };

export const MOVED = "What the dry run had counted has changed, or it was too old. This is a new one.";
const NOBODY_KNOWS =
  "Whether it has begun is not known. Asking again is safe: a plan is carried out once at most.";

/** The first state of a request. An action that needs nothing more is still only chosen: the dry run has to be asked for. */
export const begun = (request: ActionRequest): State => ({
  at: "choose",
  request,
  problem: null,
  refusal: null,
});

/** The state of an action that runs, or ran, already. */
export const found = (action: Action): State => ({ at: "watch", action, silent: null, is_stop_asked: false });

/** The state after an event. */
export function next(state: State, event: Event): State {
  switch (state.at) {
    case "choose":
      return choosing(state, event);
    case "dry_run":
      return running(state, event);
    case "confirm":
      return confirming(state, event);
    case "start":
      return starting(state, event);
    case "watch":
      return watching(state, event);
  }
}

type In<At extends State["at"]> = Extract<State, { at: At }>;

function choosing(state: In<"choose">, event: Event): State {
  if (event.is === "edited") return { ...state, request: event.request, problem: null };
  if (event.is !== "dry_run_asked") return state;
  const problem = problem_of(state.request);
  return problem === null ? { at: "dry_run", request: state.request, note: null } : { ...state, problem };
}

function running(state: In<"dry_run">, event: Event): State {
  if (event.is === "back") return begun(state.request);
  if (event.is === "planned" && event.of === state.request) {
    return {
      at: "confirm",
      request: state.request,
      plan: event.plan,
      typed: "",
      note: state.note,
      refusal: null,
    };
  }
  if (event.is === "plan_refused" && event.of === state.request) {
    return { at: "choose", request: state.request, problem: null, refusal: event.refusal };
  }
  return state;
}

function confirming(state: In<"confirm">, event: Event): State {
  if (event.is === "typed") return { ...state, typed: event.text };
  if (event.is === "back") return begun(state.request);
  if (event.is === "dry_run_asked") return { at: "dry_run", request: state.request, note: null };
  if (event.is === "confirmed" && may_start(state, event.now))
    return { at: "start", request: state.request, plan: state.plan };
  return state;
}

function starting(state: In<"start">, event: Event): State {
  if (event.is === "started" && event.plan_id === state.plan.plan_id) return found(event.action);
  if (event.is !== "start_refused" || event.plan_id !== state.plan.plan_id) return state;
  const { request, plan } = state;
  if (event.refusal.status === 409) return { at: "dry_run", request: { ...request }, note: MOVED };
  const note = event.refusal.status === 0 || event.refusal.status >= 500 ? NOBODY_KNOWS : null;
  return { at: "confirm", request, plan, typed: plan.confirm ?? "", note, refusal: event.refusal };
}

function watching(state: In<"watch">, event: Event): State {
  if (event.is === "news" && event.action.id === state.action.id && is_later(state.action, event.action)) {
    return { ...state, action: event.action, silent: null };
  }
  if (event.is === "no_news") return { ...state, silent: event.refusal };
  if (event.is === "stop_asked" && state.action.state === "running") return { ...state, is_stop_asked: true };
  if (event.is === "stop_refused") return { ...state, silent: event.refusal, is_stop_asked: false };
  return state;
}

/** Whether an answer may follow another one: what is over does not run again, whatever answer comes late. */
const is_later = (before: Action, after: Action): boolean => !is_over(before) || is_over(after);

const OVER: Action["state"][] = ["done", "stopped", "failed", "interrupted"];

/** Whether an action is over. */
export const is_over = (action: Action): boolean => OVER.includes(action.state);

/** Whether a plan is too old. */
export const is_too_old = (plan: Plan, now: number): boolean => now >= plan.expires_at;

/** Whether what was typed is what the plan asks for. Points, commas and spaces between thousands do not matter. */
export const matches = (plan: Plan, typed: string): boolean =>
  plan.confirm === null || typed.replace(/[\s.,']/g, "") === plan.confirm;

/** Whether the last button is enabled. */
export const may_start = (state: State, now: number): boolean =>
  state.at === "confirm" && !is_too_old(state.plan, now) && matches(state.plan, state.typed);

/** The number of the step, as the dialog shows it: 1 choose, 2 dry run, 3 confirm, 4 watch. */
export const step_of = (state: State): 1 | 2 | 3 | 4 => STEPS[state.at];
const STEPS = { choose: 1, dry_run: 2, confirm: 3, start: 3, watch: 4 } as const;

/** What closing the dialog means at this moment, in one sentence; null: nothing was asked for. */
export function when_closed(state: State): string | null {
  if (state.at === "start") return "It was asked for already; Recent actions shows whether it runs.";
  if (state.at === "watch" && !is_over(state.action))
    return "Closing this window changes nothing: it goes on, and Recent actions shows it.";
  return null;
}
