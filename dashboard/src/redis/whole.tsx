// Is Redis whole: look-ups, what it is behind, what is being rebuilt, what is due.

import type { ComponentChildren } from "preact";
import { ActionButton } from "../actions";
import type { Overview } from "../api";
import { integer, rate, UNKNOWN } from "../format";
import { may_operate } from "../live";
import { Card } from "../ui";

export function WholeCard({ at }: { at: Overview }) {
  const { lookups, behind, rebuilding } = at.redis;
  return (
    <Card title="Is Redis whole?" aside={may_operate.value && <Rebuild />}>
      <dl class="facts facts-small">
        <Fact name="Customers found" value={rate(lookups.found_per_s)} />
        <Fact name="Customers missing" value={rate(lookups.missing_per_s)} />
        <Fact name="Look-ups unavailable" value={rate(lookups.unavailable_per_s)} />
        <Fact name="Redis behind" value={integer(behind)}>
          records that are committed and not in Redis
        </Fact>
        <Fact
          name="Partitions being made whole"
          value={rebuilding ? integer(rebuilding.orders + rebuilding.customers) : UNKNOWN}
        >
          {rebuilding ? `${rebuilding.orders} of orders, ${rebuilding.customers} of customers` : "not known"}
        </Fact>
        <Fact name="Due" value={integer(at.due?.orders)}>
          {at.due ? `${integer(at.due.now)} now, ${integer(at.due.customers)} customer marks` : "not known"}
        </Fact>
      </dl>
    </Card>
  );
}

function Rebuild() {
  return (
    <>
      <ActionButton request={{ action: "rebuild", parameters: { what: "cache" } }} label="Rebuild orders" />
      <ActionButton
        request={{ action: "rebuild", parameters: { what: "customers" } }}
        label="Rebuild customers"
      />
    </>
  );
}

function Fact({ name, value, children }: { name: string; value: string; children?: ComponentChildren }) {
  return (
    <div class="fact">
      <dt>{name}</dt>
      <dd class="fact-value">{value}</dd>
      {children && <dd class="fact-note">{children}</dd>}
    </div>
  );
}
