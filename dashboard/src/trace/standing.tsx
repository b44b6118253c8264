// Where an order stands beside its row: its partition, its tombstone, its place on the list of the sweep; and what is not known.

import type { OrderReport } from "../api";
import { counted } from "../format";
import { now } from "../live";
import { Card } from "../ui";
import { Long, Value } from "./long";
import { until } from "./until";
import { is_never_seen } from "./words";

/** The partition of the order, and how much of it is not read. For an order that was never seen: where it would be. */
export function Place({ report }: { report: OrderReport }) {
  const { partition, verdict } = report;
  if (partition === null) {
    return is_never_seen(verdict.code) ? (
      <p class="hint">Nothing tells which partition the order would be in.</p>
    ) : null;
  }
  const { n, is_likely, next, lag, stopped } = partition;
  return (
    <p class="place">
      {is_likely ? `Its key leads to partition ${n}, where it would be` : `It is in partition ${n}`}:{" "}
      {lag === null
        ? "how many records are not read yet is not known"
        : lag === "0"
          ? "all records are read"
          : counted(Number(lag), "record is not read yet", "records are not read yet")}
      {next !== null && `, the next one is ${n}@${next}`}.
      {stopped !== null && (
        <strong>
          {" "}
          The partition was stopped: <Long text={stopped} />
        </strong>
      )}
    </p>
  );
}

/** Tombstone and due, where there are any. */
export function Standing({ report: { tombstone, due } }: { report: OrderReport }) {
  if (tombstone === null && due === null) return null;
  return (
    <div class="trace-pair">
      {tombstone && (
        <Card title="Tombstone">
          <dl class="pairs">
            {Object.entries(tombstone).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <Value value={value} />
                </dd>
              </div>
            ))}
          </dl>
        </Card>
      )}
      {due && (
        <Card title="On the list of the sweep">
          <p>
            {until(due.at, now.value)}, by the owner of partition {due.partition};{" "}
            {counted(due.attempts, "try", "tries")} in vain so far.
          </p>
          {due.refusal !== null && (
            <p>
              <strong>Postgres refused the row:</strong> <Long text={due.refusal} />
            </p>
          )}
        </Card>
      )}
    </div>
  );
}

/** What is not known, and why. */
export function NotKnown({ what }: { what: string[] }) {
  if (what.length === 0) return null;
  return (
    <Card title="Not known">
      <ul class="not-known">
        {what.map((sentence) => (
          <li key={sentence}>
            <Long text={sentence} most={1_000} />
          </li>
        ))}
      </ul>
    </Card>
  );
}
