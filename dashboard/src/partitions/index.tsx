// Partitions: who has what, since when, why does it wait?

import type { Overview, Partition } from "../api";
import { counted } from "../format";
import { overview } from "../live";
import { useHeld } from "../shell/hold";
import type { ScreenProps } from "../shell/route";
import { Age, Card, Empty, Late, ScreenTitle, Skeleton, Table } from "../ui";
import { Processes } from "./processes";
import { columns } from "./row";
import { in_order, total_lag } from "./words";

export function Screen(_: ScreenProps) {
  const at = overview.value;
  return (
    <>
      <ScreenTitle name="Partitions" question="Who has what, since when, why does it wait?" />
      {at ? <Known at={at} /> : <Loading />}
    </>
  );
}

function Known({ at }: { at: Overview }) {
  const parts = in_order(at.partitions);
  const topics = parts.map((part) => part.topic);
  // The numbers of a row go on under the pointer; rows that come or go wait.
  const { value: held, on } = useHeld(parts);
  const rows = held.map((row) => parts.find((part) => key_of(part) === key_of(row)) ?? row);
  return (
    <>
      <Card
        title={counted(parts.length, "partition")}
        aside={
          <>
            <span class="tabular">lag in all: {total_lag(parts)}</span>
            <Age at={at.as_of.group} prefix="read " />
          </>
        }
      >
        <Late as_of={at.as_of.group} who="Postgres" />
        {parts.length === 0 ? (
          <Empty command="orderstream status">
            No partition has been claimed yet. A process claims its partitions when Kafka assigns them to it.
          </Empty>
        ) : (
          <div {...on}>
            <Table label="Partitions" rows={rows} row_key={key_of} columns={columns(topics)} />
          </div>
        )}
      </Card>
      <Processes at={at} />
    </>
  );
}

function key_of(part: Partition): string {
  return `${part.topic}-${part.partition}`;
}

function Loading() {
  return (
    <div class="loading">
      <Skeleton lines={8} label="The partitions are being asked" />
      <Skeleton lines={3} />
    </div>
  );
}
