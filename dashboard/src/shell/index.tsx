// The frame around the screens: skip link, header, banners, and the screen that the address names.

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { connection, frozen, overview, session, session_error, stale, tick } from "../live";
import { Login } from "../session";
import { Failed, LiveRegion, say } from "../ui";
import { spoken, title } from "../verdict";
import { announce, SILENT } from "./announce";
import { Header } from "./header";
import { Help } from "./help";
import { route, type ScreenName } from "./route";
import { ScreenOf } from "./screens";
import { Banners } from "./status";

export function Shell() {
  const main = useRef<HTMLElement>(null);
  const { screen, arg } = route.value;
  useFocusOnNewScreen(main, screen);
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        To the content
      </button>
      <Header />
      <Banners />
      <main id="main" ref={main} tabIndex={-1} class={stale.value ? "stale" : undefined}>
        <Part screen={screen} arg={arg} />
      </main>
      <Foot />
      <Help />
      <LiveRegion />
    </>
  );
}

function Part({ screen, arg }: { screen: ScreenName; arg: string | null }) {
  if (session.value?.role === null) return <Login />;
  if (session_error.value && !overview.value) {
    return (
      <>
        <h1 class="unseen">No answer</h1>
        <Failed why={session_error.value} />
      </>
    );
  }
  return <ScreenOf screen={screen} arg={arg} />;
}

/** A new screen is read from its start. The first screen leaves the focus where the browser has put it. */
function useFocusOnNewScreen(main: { current: HTMLElement | null }, screen: string): void {
  const before = useRef(screen);
  useEffect(() => {
    if (before.current === screen) return;
    before.current = screen;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [main, screen]);
}

function Foot() {
  const at = overview.value;
  if (!at) return null;
  return (
    <footer class="foot">
      orderstream {at.version}
      {at.revision && ` (${at.revision.slice(0, 12)})`}
    </footer>
  );
}

/** The title of the tab, and what screen readers are told. */
export function tell_outside(): void {
  let announcer = SILENT;
  effect(() => {
    document.title = title(overview.value, connection.value);
  });
  effect(() => {
    const sentence = frozen.value === "paused" ? "Paused." : spoken(overview.value, connection.value);
    const { next, say: now } = announce(announcer, sentence, tick.value);
    announcer = next;
    if (now !== null) say(now);
  });
}
