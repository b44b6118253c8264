// Carries out what the state machine says, and writes what it hears into the signals of live.ts.

import { effect } from "@preact/signals";
import type { Overview, Session } from "../api";
import { fetch_history, remember } from "../history";
import { connection, frozen, overview, session, session_error, skew, tick } from "../live";
import { ApiError, body_of, denials, refusal, request, send } from "../request";
import { type Effect, type Input, type State, type Step, start, step, told } from "./machine";
import { type Release, take_slot } from "./slots";

let state: State;
let source: EventSource | null = null;
let slot: Release | null = null;
let etag: string | null = null;
let newest: Overview | null = null;
let probing = false;

/** Starts to listen. Called once. */
export function listen(): void {
  carry_out(start(!document.hidden, Date.now()));
  document.addEventListener("visibilitychange", () => tell({ kind: document.hidden ? "hide" : "show" }));
  setInterval(beat, 500);
  effect(() => {
    const at = session.value;
    if (at) tell({ kind: "session", allowed: at.role !== null });
  });
  effect(() => {
    if (denials.value > 0) void probe();
  });
  effect(() => {
    if (frozen.value === null) show_newest();
  });
}

/** Asks at once, instead of when the next try is due. */
export function try_now(): void {
  tell({ kind: "show" });
  void probe();
}

function beat(): void {
  const now = Date.now();
  if (Math.floor(now / 1000) !== Math.floor(tick.peek() / 1000)) tick.value = now;
  const ends = session.peek()?.expires_at;
  if (ends && session.peek()?.role && now + skew.peek() > ends) void probe();
  tell({ kind: "tick" });
}

function tell(input: Input): void {
  carry_out(step(state, input, Date.now(), Math.random()));
}

function carry_out(next: Step): void {
  state = next.state;
  publish();
  for (const what of next.effects) DO[what]();
}

const DO: Record<Effect, () => void> = {
  ask_slot: () => void ask_slot(),
  free_slot,
  open,
  close,
  poll: () => void poll(),
  probe: () => void probe(),
  history: () => void fetch_history(),
};

function free_slot(): void {
  slot?.();
  slot = null;
}

function close(): void {
  source?.close();
  source = null;
}

async function ask_slot(): Promise<void> {
  const answer = await take_slot();
  if (typeof answer === "function") {
    if (slot) return answer();
    slot = answer;
  }
  tell({ kind: "slot", granted: typeof answer === "function", never: answer === "never" });
}

function open(): void {
  close();
  const opened = new EventSource("api/stream");
  source = opened;
  opened.addEventListener("snapshot", (event: MessageEvent<string>) => {
    if (source === opened) heard(parsed(event.data));
  });
  opened.onerror = () => {
    if (source === opened) tell({ kind: "stream_failed" });
  };
}

function parsed(text: string): Overview | null {
  try {
    return JSON.parse(text) as Overview;
  } catch {
    return null;
  }
}

async function poll(): Promise<void> {
  try {
    const response = await send("api/overview", {
      headers: etag ? { "if-none-match": etag } : {},
      deadline_ms: 5_000,
    });
    if (response.status === 304) return tell({ kind: "unchanged" });
    if (!response.ok) throw await refusal(response);
    const answer = await body_of<Overview>(response);
    etag = response.headers.get("etag");
    heard(answer);
  } catch (error) {
    tell({
      kind: "poll_failed",
      denied: error instanceof ApiError && (error.needs_login || error.needs_role),
    });
  }
}

/** Asks who is logged in. The effect upon the session tells the machine. */
async function probe(): Promise<void> {
  if (probing) return;
  probing = true;
  try {
    session.value = await request<Session>("api/session", { deadline_ms: 5_000 });
    session_error.value = null;
  } catch (error) {
    if (session.peek() === null) session_error.value = error instanceof Error ? error.message : String(error);
  } finally {
    probing = false;
  }
}

function heard(news: Overview | null): void {
  if (!news) return;
  // An answer to a poll may come later than a snapshot of the stream that was made after the answer.
  const is_old = newest !== null && newest.instance === news.instance && news.seq < newest.seq;
  if (!is_old) {
    newest = news;
    skew.value = news.at - Date.now();
    remember(news);
    if (frozen.peek() === null) show_newest();
  }
  tell({ kind: "snapshot", instance: news.instance, version: news.version });
  if (session.peek() === null) void probe();
}

function show_newest(): void {
  if (newest) overview.value = newest;
}

/** Sets the connection anew only if something changed, so that no component renders twice a second for nothing. */
function publish(): void {
  const next = {
    state: told(state, Date.now()),
    way: state.way === "asking" ? ("none" as const) : state.way,
    heard_at: state.heard_at,
    retry_at: state.failures > 0 ? state.due_at : null,
    newer: state.newer,
  };
  const before = connection.peek();
  const same = (Object.keys(next) as (keyof typeof next)[]).every((key) => before[key] === next[key]);
  if (!same) connection.value = next;
}
