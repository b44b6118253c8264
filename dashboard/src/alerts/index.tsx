// Alerts: what is wrong now, what do I do?

import type { Alert, Overview } from "../api";
import { clock, counted, moment, seconds } from "../format";
import { now, overview } from "../live";
import { useHeld } from "../shell/hold";
import type { ScreenProps } from "../shell/route";
import { Badge, ScreenTitle, Skeleton } from "../ui";
import { open_letters } from "../verdict";
import { by_harm } from "./order";

export function Screen(_: ScreenProps) {
  const at = overview.value;
  return (
    <>
      <ScreenTitle name="Alerts" question="What is wrong now, what do I do?" />
      {at ? <Known at={at} /> : <Skeleton lines={6} label="The alerts are being asked" />}
    </>
  );
}

function Known({ at }: { at: Overview }) {
  const { value: alerts, held, on } = useHeld(at.alerts);
  if (alerts.length === 0) {
    const open = open_letters(at) ?? 0;
    return (
      <div class="card all-well" {...on}>
        <Badge tone={open > 0 ? "notice" : "good"}>{open > 0 ? "No alert" : "Nothing is wrong"}</Badge>
        {open > 0 && (
          <p>
            But {counted(open, "dead letter is", "dead letters are")} open: changes that were refused.{" "}
            <a href="#letters">Letters</a> has them, with their reasons.
          </p>
        )}
        <p>
          Last checked at {clock(at.at)}. The same rules as /readyz, and those for the connector, the slot and
          the letters.
        </p>
      </div>
    );
  }
  return (
    <div {...on}>
      <p class="faint">
        The most harmful first, checked at {clock(at.at)}.
        {held && " The list stands still while the pointer or the focus is on it."}
      </p>
      <ol class="alerts">
        {by_harm(alerts).map((alert) => (
          <One key={alert.id} alert={alert} />
        ))}
      </ol>
    </div>
  );
}

function One({ alert }: { alert: Alert }) {
  return (
    <li class={`card alert alert-${alert.severity}`}>
      <header class="card-head">
        <h2>{alert.what}</h2>
        <Badge tone={alert.severity === "critical" ? "bad" : "notice"}>{alert.severity}</Badge>
      </header>
      <p class="faint tabular">{since_words(alert)}</p>
      <dl class="alert-parts">
        {alert.evidence && <Part name="Seen" text={alert.evidence} />}
        <Part name="By itself" text={alert.self_heals} />
        <Part name="You do" text={alert.do} strong />
        <div>
          <dt>Runbook</dt>
          <dd>
            <code>{alert.runbook}</code> in the repository
          </dd>
        </div>
      </dl>
    </li>
  );
}

function Part({ name, text, strong = false }: { name: string; text: string; strong?: boolean }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd class={strong ? "strong" : undefined}>{text}</dd>
    </div>
  );
}

function since_words(alert: Alert): string {
  if (alert.since === null) return "since when is not known";
  return `since ${moment(alert.since, now.value)}, for ${seconds(Math.max(0, Math.floor((now.value - alert.since) / 1000)))}`;
}
