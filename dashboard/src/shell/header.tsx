import { integer } from "../format";
import { overview } from "../live";
import { Who } from "../session";
import { Button } from "../ui";
import { open_letters } from "../verdict";
import { go, route, SCREENS, type ScreenName } from "./route";
import { Status } from "./status";
import { help_open, type Theme, theme } from "./view";

const NAMES: Record<ScreenName, string> = {
  flow: "Flow",
  trace: "Trace",
  letters: "Letters",
  partitions: "Partitions",
  redis: "Redis",
  alerts: "Alerts",
  actions: "Actions",
};

export function Header() {
  return (
    <header class="head">
      <span class="mark">orderstream</span>
      <nav aria-label="Screens">
        <ul>
          {SCREENS.map((name) => (
            <li key={name}>
              <a href={`#${name}`} aria-current={name === route.value.screen ? "page" : undefined}>
                {NAMES[name]}
                <Count of={name} />
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <OrderSearch />
      <Status />
      <div class="head-end">
        <Who />
        <ThemeSwitch />
        <Button kind="quiet" label="Help: the keys" title="Keys (?)" onClick={() => (help_open.value = true)}>
          ?
        </Button>
      </div>
    </header>
  );
}

function Count({ of }: { of: ScreenName }) {
  const at = overview.value;
  if (!at) return null;
  const number = of === "letters" ? open_letters(at) : of === "alerts" ? at.alerts.length : null;
  if (!number) return null;
  const tone =
    of === "alerts" ? (at.alerts.some((alert) => alert.severity === "critical") ? "bad" : "notice") : "quiet";
  return (
    <span class={`count count-${tone}`}>
      <span aria-hidden="true">{number > 999 ? "999+" : integer(number)}</span>
      <span class="unseen">
        {" "}
        {integer(number)} {of === "letters" ? "open" : "now"}
      </span>
    </span>
  );
}

/** Only digits are an order's number; the server says what it thinks of others. */
function OrderSearch() {
  return (
    <search class="search">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const input = event.currentTarget.elements.namedItem("order");
          if (!(input instanceof HTMLInputElement)) return;
          const id = input.value.trim().replace(/^#/, "");
          if (id === "") return;
          go("trace", id);
          input.value = "";
          input.blur();
        }}
      >
        <label class="unseen" for="order-search">
          Trace an order by its number
        </label>
        <input
          id="order-search"
          name="order"
          inputmode="numeric"
          autocomplete="off"
          placeholder="order id"
          maxLength={20}
        />
        <span class="key-hint" aria-hidden="true">
          /
        </span>
      </form>
    </search>
  );
}

const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const THEME_WORDS: Record<Theme, string> = { auto: "Auto", light: "Light", dark: "Dark" };

function ThemeSwitch() {
  return (
    <Button
      kind="quiet"
      label={`Colours: ${THEME_WORDS[theme.value].toLowerCase()}. Change`}
      title="Colours: as the system has it, light, dark"
      onClick={() => (theme.value = NEXT[theme.value])}
    >
      {THEME_WORDS[theme.value]}
    </Button>
  );
}
