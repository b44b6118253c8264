// The page's own copy of the last 15 minutes: asked from the server once, and then moved by snapshots.

import { signal } from "@preact/signals";
import type { History, Overview } from "../api";
import { frozen } from "../live";
import { request } from "../request";
import { empty_ring, merged, point_of, push, type Ring } from "./ring";

/** The ring with a number that grows: the ring is changed in place, and the number tells charts to draw. */
export const history = signal<{ ring: Ring; moved: number }>({ ring: empty_ring(), moved: 0 });

/** Why the history could not be fetched; the charts then begin with this page. */
export const history_error = signal<string | null>(null);

/** Whether the history was asked and has answered, well or not. */
export const history_asked = signal(false);

let ring = empty_ring();
let instance: string | null = null;
let asking = false;
let again = false;

/** Adds a snapshot. A new instance of the server begins with an empty ring, because its history is another one. */
export function remember(news: Overview): void {
  if (instance !== null && instance !== news.instance) ring = empty_ring();
  instance = news.instance;
  push(ring, Math.round(news.at / 1000), point_of(news));
  tell();
}

/** Fetches the history anew. One request at a time; a wish during a request is fulfilled after it. */
export async function fetch_history(): Promise<void> {
  again = asking;
  if (asking) return;
  asking = true;
  try {
    ring = merged(await request<History>("api/history"), ring);
    history_error.value = null;
  } catch (error) {
    history_error.value = error instanceof Error ? error.message : String(error);
  } finally {
    asking = false;
    history_asked.value = true;
    tell();
  }
  if (again) await fetch_history();
}

function tell(): void {
  if (frozen.peek() === null) history.value = { ring, moved: history.peek().moved + 1 };
}
