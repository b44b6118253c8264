// The actions of the newest snapshot. The list stays the same one while nothing of it has changed, so a table is not drawn anew each second.

import { computed } from "@preact/signals";
import type { Action } from "../api";
import { overview } from "../live";

let before: { text: string; actions: readonly Action[] } = { text: "[]", actions: [] };

export const actions_now = computed(() => {
  const actions = overview.value?.actions ?? [];
  const text = JSON.stringify(actions);
  if (text !== before.text) before = { text, actions };
  return before.actions;
});
