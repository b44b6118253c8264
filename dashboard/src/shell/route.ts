// Where the reader is: the fragment of the address, such as `#trace/1000006`. Nothing personal stands in it (P11): an order's id at most.

import { signal } from "@preact/signals";

export const SCREENS = ["flow", "trace", "letters", "partitions", "redis", "alerts", "actions"] as const;
export type ScreenName = (typeof SCREENS)[number];
export type Route = { screen: ScreenName; arg: string | null };

/** What each screen gets: what follows its name in the address, or null. */
export type ScreenProps = { arg: string | null };

/** `#trace/123` is the screen `trace` with `123`. An unknown name is Flow. */
export function parsed(hash: string): Route {
  const [name = "", ...rest] = hash.replace(/^#/, "").split("/");
  const screen = SCREENS.find((known) => known === name);
  if (!screen) return { screen: "flow", arg: null };
  const arg = rest.join("/");
  return { screen, arg: arg === "" ? null : decoded(arg) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const route = signal<Route>(parsed(location.hash));

addEventListener("hashchange", () => {
  route.value = parsed(location.hash);
});

/** Goes to a screen. */
export function go(screen: ScreenName, arg?: string): void {
  location.hash = arg === undefined ? `#${screen}` : `#${screen}/${encodeURIComponent(arg)}`;
}
