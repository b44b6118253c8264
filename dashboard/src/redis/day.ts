// The transitions of the last day, asked again whenever a snapshot says that there are more.

import { effect, signal } from "@preact/signals";
import type { RedisDay } from "../api";
import { overview } from "../live";
import { request } from "../request";

export const day = signal<RedisDay | null>(null);
export const day_error = signal<string | null>(null);

/** Follows the count of transitions while the screen is open. Gives what ends it. */
export function follow_day(): () => void {
  let seen: string | null = null;
  return effect(() => {
    const at = overview.value;
    if (!at) return;
    const mark = `${at.instance} ${at.redis.transitions}`;
    if (mark === seen) return;
    seen = mark;
    void ask();
  });
}

export async function ask(): Promise<void> {
  try {
    day.value = await request<RedisDay>("api/redis");
    day_error.value = null;
  } catch (error) {
    day_error.value = error instanceof Error ? error.message : String(error);
  }
}
