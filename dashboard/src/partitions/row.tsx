// The cells of a partition's row.

import { ActionButton } from "../actions";
import type { Partition } from "../api";
import { Spark } from "../chart";
import { counted, integer, moment, rate, seconds } from "../format";
import { may_operate, now } from "../live";
import { Badge, type Column } from "../ui";
import { fate_words, lag_column, owner_words, short_topic, state_words, tone_of } from "./words";

export function columns(topics: string[]): Column<Partition>[] {
  const all: Column<Partition>[] = [
    { key: "name", name: "Partition", head: true, cell: (part) => <Name part={part} topics={topics} /> },
    { key: "state", name: "State", cell: (part) => <State part={part} /> },
    { key: "lag", name: "Lag", number: true, cell: (part) => <Lag part={part} /> },
    { key: "spark", name: "Lag, 15 min", cell: (part) => <Trend part={part} /> },
    { key: "rate", name: "Rate", number: true, cell: (part) => rate(part.per_s) },
    { key: "next", name: "Next / end", number: true, cell: (part) => <Offsets part={part} /> },
    { key: "fates", name: "Fates", cell: (part) => <span class="small">{fate_words(part.fates)}</span> },
    { key: "behind", name: "Redis behind", number: true, cell: (part) => integer(part.redis_behind) },
    { key: "commit", name: "Last commit", number: true, cell: (part) => ago(part.last_commit_s) },
  ];
  if (may_operate.value) all.push({ key: "action", name: "Action", cell: (part) => <Switch part={part} /> });
  return all;
}

function ago(s: number | null): string {
  if (s === null) return "-";
  return s < 1.5 ? "now" : `${seconds(s)} ago`;
}

function Name({ part, topics }: { part: Partition; topics: string[] }) {
  return (
    <>
      <span class="strong" title={part.topic}>
        {short_topic(part.topic, topics)} {part.partition}
      </span>
      <span class="sub">{owner_words(part)}</span>
    </>
  );
}

function State({ part }: { part: Partition }) {
  return (
    <>
      <Badge tone={tone_of(part)}>{state_words(part)}</Badge>{" "}
      <span class="faint together">{seconds(part.for_s)}</span>
      {part.paused && (
        <span class="sub">
          until {moment(part.paused.until, now.value)} by {part.paused.by}: {part.paused.reason}
        </span>
      )}
      {part.reason && !part.paused && <span class="sub">{part.reason}</span>}
    </>
  );
}

function Lag({ part }: { part: Partition }) {
  return (
    <>
      {integer(part.lag)}
      <span class="sub">{seconds(part.lag_s)}</span>
    </>
  );
}

function Trend({ part }: { part: Partition }) {
  const records = (value: number | null) => counted(value, "record");
  return <Spark name={lag_column(part)} format={records} what={`Lag of partition ${part.partition}`} />;
}

function Offsets({ part }: { part: Partition }) {
  return (
    <>
      {part.next ?? "-"}
      <span class="sub">{part.end ?? "-"}</span>
    </>
  );
}

const MINUTES = 15;

function Switch({ part }: { part: Partition }) {
  const { topic, partition } = part;
  if (part.paused) {
    return <ActionButton request={{ action: "resume", parameters: { topic, partition } }} label="Resume" />;
  }
  const request = { action: "pause" as const, parameters: { topic, partition, minutes: MINUTES } };
  return <ActionButton request={request} label="Pause" />;
}
