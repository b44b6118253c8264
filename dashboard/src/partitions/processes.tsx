import type { Overview, Process } from "../api";
import { seconds } from "../format";
import { Badge, Card, Empty, Table, type Tone } from "../ui";

const TONES: Record<string, Tone> = { ready: "good", degraded: "notice", not_ready: "bad", silent: "bad" };

/** Every process that reports, each every two seconds. */
export function Processes({ at }: { at: Overview }) {
  return (
    <Card title="Processes">
      {at.processes.length === 0 ? (
        <Empty>No process has reported yet. Each reports every two seconds, to Postgres.</Empty>
      ) : (
        <Table
          label="Processes"
          rows={at.processes}
          row_key={(row) => row.instance}
          columns={[
            { key: "name", name: "Process", head: true, cell: (row) => <Name row={row} /> },
            { key: "state", name: "State", cell: (row) => <State row={row} /> },
            {
              key: "heard",
              name: "Heard",
              number: true,
              cell: (row) => (row.heard_s < 3 ? "now" : `${seconds(Math.round(row.heard_s))} ago`),
            },
            { key: "parts", name: "Partitions", cell: (row) => row.partitions.join(", ") || "none" },
            { key: "up", name: "Up for", number: true, cell: (row) => seconds(row.uptime_s) },
            { key: "version", name: "Version", cell: (row) => row.version },
          ]}
        />
      )}
    </Card>
  );
}

function Name({ row }: { row: Process }) {
  return (
    <>
      <span class="strong">{row.process}</span>
      {row.is_this && <span class="sub">answers this page</span>}
    </>
  );
}

function State({ row }: { row: Process }) {
  return (
    <>
      <Badge tone={TONES[row.state] ?? "unknown"}>{row.state.replace("_", " ")}</Badge>
      {row.reasons.map((reason) => (
        <span key={reason} class="sub">
          {reason}
        </span>
      ))}
    </>
  );
}
