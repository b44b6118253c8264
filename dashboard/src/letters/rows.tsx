// Letters in a table, a letter a row.

import type { Letter } from "../api";
import { integer, moment } from "../format";
import { now } from "../live";
import { Long } from "../trace/long";
import { Badge, type Column, Table } from "../ui";

export function Rows({ letters }: { letters: Letter[] }) {
  return (
    <Table
      label="Letters, the newest first"
      columns={COLUMNS}
      rows={letters}
      row_key={(letter) => letter.id}
    />
  );
}

/** Whether a letter is open, as a word. */
export function Stand({ letter }: { letter: Letter }) {
  if (letter.resolved_at === null) return <Badge tone="bad">open</Badge>;
  return <Badge tone="quiet">{letter.resolution ?? "closed"}</Badge>;
}

/** What the letter is about: an order, with the way to its trace, or a customer. */
export function About({ letter: { order_id, customer_id } }: { letter: Letter }) {
  if (order_id !== null) {
    return (
      <a href={`#trace/${encodeURIComponent(order_id)}`} aria-label={`trace of order ${order_id}`}>
        order {order_id}
      </a>
    );
  }
  return customer_id === null ? <>-</> : <Long text={`customer ${customer_id}`} />;
}

const COLUMNS: Column<Letter>[] = [
  {
    key: "at",
    name: "When",
    head: true,
    cell: ({ id, created_at }) => (
      <a href={`#letters/${encodeURIComponent(id)}`}>
        {moment(created_at, now.peek())}
        <span class="unseen">, letter {id}</span>
      </a>
    ),
  },
  { key: "reason", name: "Reason", cell: ({ reason }) => reason },
  {
    key: "place",
    name: "Position",
    cell: ({ topic, position }) => (
      <span>
        <Long text={topic} /> <span class="letters-place">{position}</span>
      </span>
    ),
  },
  { key: "about", name: "Of", cell: (letter) => <About letter={letter} /> },
  { key: "message", name: "Message", cell: ({ message }) => <Long text={message} /> },
  { key: "replays", name: "Replays", number: true, cell: ({ replays }) => integer(replays) },
  { key: "stand", name: "State", cell: (letter) => <Stand letter={letter} /> },
];
