// The trace of a customer. The id stays in the memory of the page: it stands in no address, no title and no storage (P11).

import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { counted, integer } from "../format";
import { request } from "../request";
import { useAsked } from "../session/asked";
import { useKept } from "../session/kept";
import { Refused } from "../session/refused";
import { with_parts } from "../session/shape";
import { Badge, Card, Skeleton } from "../ui";
import { Aside, Names, NotAnswered } from "./head";
import { Letters } from "./letters";
import { Long, Value } from "./long";
import type { CustomerReport } from "./shapes";
import { in_words } from "./timeline";
import { of_customer } from "./words";

/** The customer that is asked for, and how often somebody asked. */
export const chosen = signal<{ id: string; turn: number } | null>(null);

export function ask_for(id: string): void {
  chosen.value = { id, turn: (chosen.value?.turn ?? 0) + 1 };
}

export function CustomerTrace({ id }: { id: string }) {
  const [wanted, set_wanted] = useState({ reveal: false, turn: 0 });
  const { reveal } = wanted;
  const asked = useAsked(JSON.stringify({ id, ...wanted }), async (signal) => {
    const answer = await request<CustomerReport>("api/customers/trace", {
      method: "POST",
      body: { id, reveal },
      signal,
    });
    return with_parts(answer, "verdict", "letters", "not_answered");
  });
  const { error, is_asking, again, at } = asked;
  const value = useKept(asked, reveal);
  const ask = (reveal: boolean) => set_wanted(({ turn }) => ({ reveal, turn: turn + 1 }));
  if (value === null) {
    return error ? (
      <Refused error={error} again={again} />
    ) : (
      <Card title="Customer">
        <Skeleton lines={6} label="The servers are asked about the customer" />
      </Card>
    );
  }
  const { tone, word } = of_customer(value.verdict.code);
  return (
    <>
      {error && <Refused error={error} again={again} as_of={Date.parse(value.at)} />}
      <Card
        class="lines"
        title="Customer"
        aside={<Aside took={value.took_ms} at={at} is_asking={is_asking} onReload={() => ask(false)} />}
      >
        <p>
          <Long text={value.id} />
        </p>
        <p class="finding">
          <Badge tone={tone}>{word}</Badge> <Long text={value.verdict.text} most={2_000} />
        </p>
        <NotAnswered servers={value.not_answered} />
        <Names
          is_revealed={reveal && asked.value !== null}
          is_asking={is_asking}
          onReveal={() => ask(true)}
        />
      </Card>
      <div class="trace-pair">
        <Hash hash={value.hash} />
        <Orders report={value} />
      </div>
      <Letters letters={value.letters} counted={value.letters_counted} />
    </>
  );
}

function Hash({ hash }: { hash: CustomerReport["hash"] }) {
  return (
    <Card title="In Redis">
      {hash === null ? (
        <p>There is no hash, or Redis did not answer.</p>
      ) : (
        <dl class="pairs">
          {Object.entries(hash).map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Value value={value} />
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  );
}

function Orders({ report: { orders, marked_at } }: { report: CustomerReport }) {
  if (orders === null) {
    return (
      <Card title="Orders">
        <p>Postgres did not answer, so nothing is known of the orders.</p>
      </Card>
    );
  }
  const rows = orders.counted > 1_000 ? "more than 1,000 orders" : counted(orders.counted, "order");
  return (
    <Card title="Orders" class="lines">
      <p>
        {rows}: {integer(orders.complete)} complete, {integer(orders.missing)} without the customer,{" "}
        {integer(orders.pending)} waiting for Redis, {integer(orders.due)} on the list of the sweep.
      </p>
      {marked_at !== null && <p>The orders are being looked through since {in_words(marked_at)}.</p>}
      {orders.some.length > 0 && (
        <p class="some">
          Some of them:{" "}
          {orders.some.map((id) => (
            <a key={id} href={`#trace/${encodeURIComponent(id)}`}>
              {id}
            </a>
          ))}
        </p>
      )}
      {orders.versions.length > 0 && <p>Their versions of the customer: {orders.versions.join(", ")}.</p>}
    </Card>
  );
}
