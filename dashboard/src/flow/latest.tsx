import type { LatestOrder, Overview } from "../api";
import { integer, money } from "../format";
import { now } from "../live";
import { useHeld } from "../shell/hold";
import { Age, Badge, Card, Empty, Late, Skeleton, Table, type Tone } from "../ui";

const TONES: Record<string, Tone> = { complete: "good", pending: "notice", missing_customer: "notice" };

/** The five newest rows of results. They stay as they are while the pointer or the focus is on them. */
export function Latest({ at }: { at: Overview }) {
  const { value, held, on } = useHeld(at.latest);
  return (
    <Card
      title="Last orders"
      aside={held ? <span class="faint">held</span> : <Age at={at.as_of.latest} prefix="read " />}
    >
      <Late as_of={at.as_of.latest} who="Postgres" />
      <div {...on}>
        <Rows rows={value} />
      </div>
    </Card>
  );
}

function Rows({ rows }: { rows: LatestOrder[] | null }) {
  if (rows === null) return <Skeleton lines={5} label="Last orders: not read yet" />;
  if (rows.length === 0) return <Empty>No order stands in results yet.</Empty>;
  return (
    <Table
      label="Last orders"
      rows={rows}
      row_key={(row) => row.order_id}
      columns={[
        {
          key: "id",
          name: "Order",
          head: true,
          cell: (row) => <a href={`#trace/${row.order_id}`}>{row.order_id}</a>,
        },
        { key: "what", name: "What", cell: (row) => `${integer(row.quantity)} x ${row.product_id}` },
        { key: "total", name: "Total", number: true, cell: (row) => money(row.total) },
        { key: "status", name: "Status", cell: (row) => row.status ?? "-" },
        {
          key: "enrichment",
          name: "Customer",
          cell: (row) => (
            <Badge tone={TONES[row.enrichment] ?? "unknown"}>{row.enrichment.replace("_", " ")}</Badge>
          ),
        },
        {
          key: "at",
          name: "Written",
          number: true,
          cell: (row) => <Age at={Math.min(row.processed_at, now.value)} />,
        },
      ]}
    />
  );
}
