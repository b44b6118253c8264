// The timeline of an order: compact, failures bold, what tells little on request.

import { useState } from "preact/hooks";
import { Card, Empty } from "../ui";
import { Long, Value } from "./long";
import { is_minor, type Line, lines, type TraceEvent } from "./timeline";

export function Timeline({ events }: { events: TraceEvent[] }) {
  const [with_minor, set_with_minor] = useState(true);
  const minor = events.filter(is_minor).length;
  const aside = minor > 0 && (
    <label class="check">
      <input
        type="checkbox"
        checked={with_minor}
        onChange={(event) => set_with_minor(event.currentTarget.checked)}
      />
      {minor === 1 ? "the minor event too" : `${minor} minor events too`}
    </label>
  );
  const shown = lines(events, with_minor);
  return (
    <Card title="What happened (UTC)" aside={aside}>
      {events.length === 0 && <Empty>No event of this order is known.</Empty>}
      {events.length > 0 && shown.length === 0 && <Empty>Only minor events.</Empty>}
      <ol class="timeline">
        {shown.map((line, index) => (
          // An event has no id, and the list is only replaced as a whole.
          <Event key={index} line={line} />
        ))}
      </ol>
    </Card>
  );
}

function Event({ line: { event, day, time, what, is_failure } }: { line: Line }) {
  const about = [event.position, event.fate, event.cause && `by ${event.cause}`].filter((part) => part);
  return (
    <li class={is_failure ? "failure" : undefined}>
      {day && <span class="day">{day}</span>}
      <time dateTime={event.at}>{time}</time>
      <span class="what">{is_failure ? <strong>{what}</strong> : what}</span>
      <span class="about">
        <Long text={about.join("  ")} />
        {event.note && (
          <>
            {about.length > 0 && ", "}
            <Long text={event.note} />
          </>
        )}
        {event.changed.length > 0 && <Changes changed={event.changed} />}
      </span>
      <span class="from">from {event.from}</span>
    </li>
  );
}

function Changes({ changed }: { changed: TraceEvent["changed"] }) {
  return (
    <ul class="changes">
      {changed.map(({ column, before, after }) => (
        <li key={column}>
          <span class="column">{column}</span>{" "}
          {before !== null && (
            <>
              <Value value={before} /> →{" "}
            </>
          )}
          <Value value={after} />
        </li>
      ))}
    </ul>
  );
}
