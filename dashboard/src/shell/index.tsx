// The frame around the screens: skip link, header, navigation, and the screen that the address names.

import { Screen as Alerts } from "../alerts";
import { Screen as Flow } from "../flow";
import { Screen as Letters } from "../letters";
import { session } from "../live";
import { Screen as Partitions } from "../partitions";
import { Screen as Redis } from "../redis";
import { Login, Who } from "../session";
import { Screen as Trace } from "../trace";
import { LiveRegion } from "../ui";
import { route, SCREENS } from "./route";

const PARTS = {
  flow: Flow,
  trace: Trace,
  letters: Letters,
  partitions: Partitions,
  redis: Redis,
  alerts: Alerts,
};

export function Shell() {
  const { screen, arg } = route.value;
  const Part = PARTS[screen];
  const denied = session.value !== null && session.value.role === null;
  return (
    <>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="head">
        <nav aria-label="Screens">
          {SCREENS.map((name) => (
            <a key={name} href={`#${name}`} aria-current={name === screen ? "page" : undefined}>
              {name}
            </a>
          ))}
        </nav>
        <Who />
      </header>
      <main id="main" tabIndex={-1}>
        {denied ? <Login /> : <Part key={screen} arg={arg} />}
      </main>
      <LiveRegion />
    </>
  );
}
