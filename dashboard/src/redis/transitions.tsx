import type { RedisDay, Transition } from "../api";
import { moment } from "../format";
import { now } from "../live";
import { useHeld } from "../shell/hold";
import { Age, Card, Empty, Skeleton, Table } from "../ui";
import { day, day_error } from "./day";
import { state_words } from "./strip";

/** So many are shown: the strip above has all of them. */
const SHOWN = 50;

export function Transitions() {
  const { value, on } = useHeld(day.value);
  return (
    <Card title="Changes of the breaker" aside={value && <Age at={value.as_of} prefix="read " />}>
      <div {...on}>{value ? <Rows of={value} /> : !day_error.value && <Skeleton lines={4} />}</div>
      {!value && day_error.value && <p class="empty">Not known.</p>}
    </Card>
  );
}

function Rows({ of }: { of: RedisDay }) {
  if (of.transitions.length === 0) {
    return (
      <Empty>
        None since {moment(of.since, now.value)}. A breaker opens when Redis fails or is slow, and orders are
        then written as pending.
      </Empty>
    );
  }
  const more = of.transitions.length - SHOWN;
  return (
    <>
      <Table
        label="Changes of the breaker"
        rows={of.transitions.slice(0, SHOWN)}
        row_key={(row: Transition) => `${row.at}-${row.breaker}-${row.to}`}
        columns={[
          {
            key: "at",
            name: "When",
            head: true,
            cell: (row) => <span class="tabular">{moment(row.at, now.value)}</span>,
          },
          { key: "of", name: "Breaker", cell: (row) => row.breaker },
          {
            key: "what",
            name: "Change",
            cell: (row) => `${state_words(row.from)} to ${state_words(row.to)}`,
          },
          { key: "cause", name: "Cause", cell: (row) => row.cause },
        ]}
      />
      {more > 0 && <p class="faint">{more} older ones are in the strip only.</p>}
    </>
  );
}
