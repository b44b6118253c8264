// What is known now. The stream writes the signals; screens only read them.

import { computed, signal } from "@preact/signals";
import type { Overview, Session } from "./api";

/** How the news arrive: the way, and whether they still do. */
export type Connection = {
  state: "connecting" | "live" | "disconnected" | "denied";
  /** `stream`: once a second. `poll`: every two seconds, because other tabs have the streams or the browser has no locks here. */
  way: "stream" | "poll" | "none";
  /** When the last news came, by the browser's clock; null: never. */
  heard_at: number | null;
  /** When the next try is due, by the browser's clock. */
  retry_at: number | null;
  /** The server's version, if another one answered first on this page: the page must be loaded again. */
  newer: string | null;
};

/** The newest snapshot that is shown; null before the first. Stands still while `frozen`. */
export const overview = signal<Overview | null>(null);

export const connection = signal<Connection>({
  state: "connecting",
  way: "none",
  heard_at: null,
  retry_at: null,
  newer: null,
});

/** Who is logged in; null before the server has said. The login sets the value, and the stream starts or ends with it. */
export const session = signal<Session | null>(null);

/** Why the first question for the session has no answer. */
export const session_error = signal<string | null>(null);

/** Why updates stand still: the operator paused them, or text is selected on the page. */
export const frozen = signal<"paused" | "selecting" | null>(null);

/** The browser's clock, moved once a second. */
export const tick = signal(Date.now());

/** How far the server's clock is before the browser's, in ms, from the newest snapshot. */
export const skew = signal(0);

/** The server's time, moved once a second: what the server's moments are compared with. */
export const now = computed(() => tick.value + skew.value);

/** Values are old: they are shown greyed. */
export const stale = computed(
  () => connection.value.state === "disconnected" || connection.value.state === "denied",
);

export const may_operate = computed(() => session.value?.role === "operate");
export const may_reveal = computed(
  () => session.value?.role === "operate" || session.value?.role === "reveal",
);
