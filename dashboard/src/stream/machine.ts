// How the page hears of news: a pure state machine. It takes what happened and the time, and gives the next state and what to do.
//
// A visible tab has one stream, if one of the browser's three slots is free: a browser opens six connections to a server at most over
// HTTP/1.1, and streams in all of them would leave none for requests. Every other tab polls. The browser's own retry of a stream is not
// used, because it never ends and does not tell a refusal from an outage.

export const SILENT_MS = 3_000;
/** A stream that is silent for so long is closed and opened again: its connection may be dead without an error. */
export const DEAD_MS = 10_000;
export const HIDDEN_MS = 30_000;
export const POLL_MS = 2_000;
export const POLL_HIDDEN_MS = 30_000;
/** How often a polling tab asks whether a slot has become free. */
export const SLOT_MS = 15_000;
/** News that come later than this after those before leave a hole in the charts. */
const HOLE_MS = 6_000;

export type State = {
  started_at: number;
  visible: boolean;
  hidden_at: number | null;
  /** Whether the server answers this browser at all; null: not known yet. */
  allowed: boolean | null;
  way: "none" | "asking" | "stream" | "poll";
  /** When the stream was opened; null: it is not open. */
  opened_at: number | null;
  /** A poll is on its way. */
  polling: boolean;
  /** When to open or to poll next. */
  due_at: number | null;
  /** When to ask for a slot again, while polling; null: never, or the answer is on its way. */
  slot_due_at: number | null;
  heard_at: number | null;
  failures: number;
  instance: string | null;
  version: string | null;
  /** The server's version, while another one answers than at the start. */
  newer: string | null;
  /** The charts lack points, and the history is to be asked. */
  hole: boolean;
};

export type Input =
  | { kind: "show" }
  | { kind: "hide" }
  /** The answer to `ask_slot`. `never`: the browser has no locks here. */
  | { kind: "slot"; granted: boolean; never: boolean }
  | { kind: "snapshot"; instance: string; version: string }
  /** The poll's answer is the one before: the server answers, and has no news. */
  | { kind: "unchanged" }
  | { kind: "stream_failed" }
  | { kind: "poll_failed"; denied: boolean }
  /** The server, or the login on this page, said whether the caller may read. */
  | { kind: "session"; allowed: boolean }
  | { kind: "tick" };

export type Effect = "ask_slot" | "free_slot" | "open" | "close" | "poll" | "probe" | "history";

export type Step = { state: State; effects: Effect[] };

/** The start: the session is asked and the first news are fetched at the same time. */
export function start(visible: boolean, now: number): Step {
  const state: State = {
    started_at: now,
    visible,
    hidden_at: visible ? null : now,
    allowed: null,
    way: "none",
    opened_at: null,
    polling: false,
    due_at: null,
    slot_due_at: null,
    heard_at: null,
    failures: 0,
    instance: null,
    version: null,
    newer: null,
    hole: true,
  };
  const begun = begin(state);
  return { state: begun.state, effects: ["probe", ...begun.effects] };
}

/** `random` is from 0 to 1 and spreads the tries of many pages. */
export function step(state: State, input: Input, now: number, random: number): Step {
  switch (input.kind) {
    case "show":
      return shown(state);
    case "hide":
      return hidden(state, now);
    case "slot":
      return slot(state, input.granted, input.never, now);
    case "snapshot":
      return snapshot(state, input.instance, input.version, now);
    case "unchanged":
      return unchanged(state, now);
    case "stream_failed":
      return state.opened_at === null ? stay(state) : stream_failed(state, now, random);
    case "poll_failed":
      return poll_failed(state, input.denied, now, random);
    case "session":
      return input.allowed ? allowed(state) : denied(state);
    case "tick":
      return tick(state, now, random);
  }
}

function stay(state: State): Step {
  return { state, effects: [] };
}

/** A visible tab asks for a slot; a hidden one polls. */
function begin(state: State): Step {
  if (state.visible) return { state: { ...state, way: "asking" }, effects: ["ask_slot"] };
  return { state: { ...state, way: "poll", polling: true }, effects: ["poll"] };
}

function shown(state: State): Step {
  const next = { ...state, visible: true, hidden_at: null };
  if (state.allowed === false) return { state: next, effects: ["probe"] };
  if (state.way === "stream") {
    if (state.opened_at !== null || state.due_at === null) return stay(next);
    return stay({ ...next, due_at: 0 });
  }
  if (state.way !== "poll") return stay(next);
  const effects: Effect[] = [];
  if (!state.polling) effects.push("poll");
  if (state.slot_due_at !== null) effects.push("ask_slot");
  if (state.hole) effects.push("history");
  return { state: { ...next, polling: true, slot_due_at: null, hole: false }, effects };
}

function hidden(state: State, now: number): Step {
  const due_at = state.way === "poll" && !state.polling ? now + POLL_HIDDEN_MS : state.due_at;
  return stay({ ...state, visible: false, hidden_at: now, due_at });
}

function slot(state: State, granted: boolean, never: boolean, now: number): Step {
  const wanted = state.visible && state.allowed !== false && (state.way === "asking" || state.way === "poll");
  if (granted && !wanted) return { state, effects: ["free_slot"] };
  if (granted) {
    return {
      state: { ...state, way: "stream", opened_at: now, due_at: null, slot_due_at: null },
      effects: ["open"],
    };
  }
  const next = { ...state, slot_due_at: never ? null : now + SLOT_MS };
  if (state.way !== "asking") return stay(next);
  return { state: { ...next, way: "poll", polling: true }, effects: ["poll"] };
}

function snapshot(state: State, instance: string, version: string, now: number): Step {
  if (state.allowed === false) return stay(state);
  const restarted = state.instance !== null && state.instance !== instance;
  const late = state.heard_at === null || now - state.heard_at > HOLE_MS;
  const hole = state.hole || restarted || late;
  const first = state.version ?? version;
  const next: State = {
    ...state,
    heard_at: now,
    failures: 0,
    instance,
    version: first,
    newer: first === version ? null : version,
    hole: hole && !state.visible,
    polling: false,
    due_at: state.way === "poll" ? now + poll_ms(state) : null,
  };
  return { state: next, effects: hole && state.visible ? ["history"] : [] };
}

function unchanged(state: State, now: number): Step {
  if (state.way !== "poll") return stay({ ...state, polling: false });
  return stay({ ...state, failures: 0, polling: false, due_at: now + poll_ms(state) });
}

/** A stream tells no status, so the session is asked whether the stream was refused or the server is away. */
function stream_failed(state: State, now: number, random: number): Step {
  const failures = state.failures + 1;
  const next = { ...state, failures, opened_at: null, due_at: now + backoff_ms(failures, random) };
  return { state: next, effects: ["close", "probe"] };
}

function poll_failed(state: State, refused: boolean, now: number, random: number): Step {
  if (refused) {
    const step = denied(state);
    return { state: step.state, effects: [...step.effects, "probe"] };
  }
  if (state.way !== "poll") return stay({ ...state, polling: false });
  const failures = state.failures + 1;
  const wait = Math.max(backoff_ms(failures, random), state.visible ? 0 : POLL_HIDDEN_MS);
  return stay({ ...state, failures, polling: false, due_at: now + wait });
}

function allowed(state: State): Step {
  const next = { ...state, allowed: true };
  return state.way === "none" ? begin({ ...next, failures: 0 }) : stay(next);
}

/** Whoever is refused does not try again until somebody logs in, here or in another tab. */
function denied(state: State): Step {
  const effects: Effect[] = [];
  if (state.opened_at !== null) effects.push("close");
  if (state.way === "stream") effects.push("free_slot");
  const next: State = {
    ...state,
    allowed: false,
    way: "none",
    opened_at: null,
    polling: false,
    due_at: null,
    slot_due_at: null,
  };
  return { state: { ...next, hole: true }, effects };
}

function tick(state: State, now: number, random: number): Step {
  if (state.way === "stream") return tick_of_stream(state, now, random);
  if (state.way !== "poll") return stay(state);
  const effects: Effect[] = [];
  let next = state;
  if (!state.polling && state.due_at !== null && state.due_at <= now) {
    next = { ...next, polling: true, due_at: null };
    effects.push("poll");
  }
  if (state.visible && state.slot_due_at !== null && state.slot_due_at <= now) {
    next = { ...next, slot_due_at: null };
    effects.push("ask_slot");
  }
  return { state: next, effects };
}

function tick_of_stream(state: State, now: number, random: number): Step {
  if (state.hidden_at !== null && now - state.hidden_at >= HIDDEN_MS) {
    const effects: Effect[] = state.opened_at === null ? ["free_slot"] : ["close", "free_slot"];
    const due_at = now + POLL_HIDDEN_MS;
    return { state: { ...state, way: "poll", opened_at: null, due_at, slot_due_at: now }, effects };
  }
  if (state.opened_at !== null) {
    const since = Math.max(state.opened_at, state.heard_at ?? 0);
    return now - since >= DEAD_MS ? stream_failed(state, now, random) : stay(state);
  }
  if (state.due_at !== null && state.due_at <= now) {
    return { state: { ...state, opened_at: now, due_at: null }, effects: ["open"] };
  }
  return stay(state);
}

function poll_ms(state: State): number {
  return state.visible ? POLL_MS : POLL_HIDDEN_MS;
}

/** 1 s, 2 s, 4 s and so on to 30 s, each a quarter shorter or longer. */
export function backoff_ms(failures: number, random: number): number {
  const plain = 1_000 * 2 ** Math.min(failures - 1, 5);
  return Math.min(30_000, Math.max(1_000, plain * (0.75 + random / 2)));
}

/** What the operator is told of the connection. */
export function told(state: State, now: number): "connecting" | "live" | "disconnected" | "denied" {
  if (state.allowed === false) return "denied";
  const pause = state.way === "poll" ? poll_ms(state) : 0;
  const since = state.heard_at ?? state.started_at;
  if (now - since > pause + SILENT_MS) return "disconnected";
  return state.heard_at === null ? "connecting" : "live";
}
