// Which component a screen is. Trace and Letters are loaded when they are first looked at: the first screen does without
// them.

import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { Screen as Actions } from "../actions/recent";
import { Screen as Alerts } from "../alerts";
import { Screen as Flow } from "../flow";
import { Screen as Partitions } from "../partitions";
import { Screen as Redis } from "../redis";
import { Button, Failed, Skeleton } from "../ui";
import type { ScreenName, ScreenProps } from "./route";

type Part = ComponentType<ScreenProps>;

const LATER: Partial<Record<ScreenName, () => Promise<{ Screen: Part }>>> = {
  trace: () => import("../trace"),
  letters: () => import("../letters"),
};

/** What has been loaded. */
const parts = signal<Partial<Record<ScreenName, Part>>>({
  flow: Flow,
  partitions: Partitions,
  redis: Redis,
  alerts: Alerts,
  actions: Actions,
});
const failed = signal<ScreenName | null>(null);

/** The screen; until it is loaded a skeleton, and if it cannot be loaded what to do. */
export function ScreenOf({ screen, arg }: { screen: ScreenName } & ScreenProps) {
  const Known = parts.value[screen];
  if (Known) return <Known key={screen} arg={arg} />;
  if (failed.value === screen) return <NotLoaded />;
  void load(screen);
  return <Skeleton lines={8} label="This part of the page is being loaded" />;
}

const asked = new Set<ScreenName>();

async function load(screen: ScreenName): Promise<void> {
  const ask = LATER[screen];
  if (!ask || asked.has(screen)) return;
  asked.add(screen);
  try {
    const { Screen } = await ask();
    parts.value = { ...parts.peek(), [screen]: Screen };
  } catch {
    failed.value = screen;
  }
}

/** A server of another version has other files; a browser also remembers that a file could not be loaded. Only loading the page again helps. */
function NotLoaded() {
  return (
    <>
      <h1 class="unseen">Not loaded</h1>
      <Failed
        why="This part of the page could not be loaded. The server is away, or it runs another version by now."
        retry={<Button onClick={() => location.reload()}>Reload</Button>}
      />
    </>
  );
}
