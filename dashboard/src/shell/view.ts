// How the page is looked at: what the reader chose, for this tab. Only the theme is kept, in localStorage.

import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";
const KEY = "orderstream-theme";

export const help_open = signal(false);

/** Charts are shown as tables. */
export const tables = signal(false);

export const theme = signal<Theme>(kept());

/** Grows whenever colours change: charts draw anew, because a canvas does not follow the style sheet. */
export const recoloured = signal(0);

function kept(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "auto";
  } catch {
    // The browser forbids storage: the system's setting holds.
    return "auto";
  }
}

export function follow_theme(): void {
  effect(() => {
    const chosen = theme.value;
    if (chosen === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    try {
      if (chosen === "auto") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, chosen);
    } catch {
      // As above: the choice then lives as long as the page.
    }
    recoloured.value = recoloured.peek() + 1;
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    recoloured.value = recoloured.peek() + 1;
  });
}
