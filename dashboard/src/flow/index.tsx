// Flow: is it well, how far behind, where is the bottleneck?

import { ActionButton } from "../actions";
import type { Overview } from "../api";
import { Chart } from "../chart";
import { rate, seconds } from "../format";
import { may_operate, overview } from "../live";
import type { ScreenProps } from "../shell/route";
import { Card, Empty, Skeleton } from "../ui";
import { nothing_yet } from "../verdict";
import { Facts } from "./facts";
import { Latest } from "./latest";
import { WayList } from "./list";
import { Picture } from "./picture";
import { VerdictBlock } from "./verdict";
import { nodes_of } from "./way";

export function Screen(_: ScreenProps) {
  const at = overview.value;
  return (
    <>
      <h1 class="unseen">Flow</h1>
      {at ? <Known at={at} /> : <Loading />}
    </>
  );
}

function Known({ at }: { at: Overview }) {
  return (
    <>
      <VerdictBlock at={at} />
      <Facts at={at} />
      {nothing_yet(at) && <NothingYet />}
      <Card title="The way of an order" class="card-picture" aside={<RestartConnector at={at} />}>
        <Picture at={at} />
        <WayList at={at} />
        <Errors at={at} />
      </Card>
      <div class="pair">
        <Chart
          title="Behind"
          lines={[{ name: "lag_s", label: "behind", tone: "first" }]}
          format={seconds}
          in_seconds
        />
        <Chart
          title="Orders per second"
          lines={[{ name: "per_s", label: "orders", tone: "first" }]}
          format={rate}
        />
      </div>
      <Latest at={at} />
    </>
  );
}

/** Offered only where a task has failed: a restart does nothing for others. */
function RestartConnector({ at }: { at: Overview }) {
  const failed = at.nodes.connect?.tasks.some((task) => task.state === "failed");
  if (!failed || !may_operate.value) return null;
  return (
    <ActionButton request={{ action: "restart_connector", parameters: {} }} label="Restart the connector" />
  );
}

function Errors({ at }: { at: Overview }) {
  const failing = nodes_of(at).filter((node) => node.error !== null);
  if (failing.length === 0) return null;
  return (
    <ul class="errors">
      {failing.map((node) => (
        <li key={node.name}>
          <strong>{node.title}:</strong> {node.error}
        </li>
      ))}
    </ul>
  );
}

const INSERT =
  "psql postgres://postgres:postgres@localhost:15432/orders -c \"insert into orders (customer_id, product_id, quantity, price) values ('CUST005', 'PROD500', 7, 19.99)\"";

function NothingYet() {
  return (
    <Card title="No event yet">
      <Empty command={INSERT}>
        Nothing has come from the shop. An order that is inserted there shows up here within a second. In the
        demo:
      </Empty>
    </Card>
  );
}

function Loading() {
  return (
    <div class="loading">
      <Skeleton lines={2} label="The state is being asked" />
      <Skeleton lines={3} />
      <Skeleton lines={9} />
      <Skeleton lines={6} />
    </div>
  );
}
