// The trace of an order. Each load masks names and addresses again; showing them is asked for each time, and logged by the server.

import { useState } from "preact/hooks";
import type { OrderReport } from "../api";
import { request } from "../request";
import { useAsked } from "../session/asked";
import { useKept } from "../session/kept";
import { Refused } from "../session/refused";
import { with_parts } from "../session/shape";
import { Card, Skeleton } from "../ui";
import { Compare } from "./compare_view";
import { Head } from "./head";
import { KafkaCard } from "./kafka";
import { Letters } from "./letters";
import { NotKnown, Place, Standing } from "./standing";
import { Timeline } from "./timeline_view";

type Wanted = { reveal: boolean; events: boolean; turn: number };

export function OrderTrace({ id }: { id: string }) {
  const [wanted, set_wanted] = useState<Wanted>({ reveal: false, events: false, turn: 0 });
  const asked = useAsked(JSON.stringify({ id, ...wanted }), async (signal) => {
    const answer = await request<OrderReport>(`api/orders/${encodeURIComponent(id)}${query(wanted)}`, {
      signal,
    });
    return with_parts(answer, "verdict", "steps", "events", "letters");
  });
  const report = useKept(asked, wanted.reveal);
  const ask = (part: Partial<Wanted>) =>
    set_wanted((now) => ({ ...now, reveal: false, turn: now.turn + 1, ...part }));
  const reload = () => ask({});
  return (
    <>
      {asked.error && (
        <Refused error={asked.error} again={asked.again} as_of={report && Date.parse(report.at)} />
      )}
      {report === null && asked.is_asking && <Loading id={id} />}
      {report && (
        <>
          <Head
            report={report}
            at={asked.at ?? Date.parse(report.at)}
            is_asking={asked.is_asking}
            is_revealed={wanted.reveal && asked.value !== null}
            onReload={reload}
            onReveal={() => ask({ reveal: true })}
          />
          <Place report={report} />
          <Timeline events={report.events} />
          <Compare report={report} />
          <Standing report={report} />
          <Letters letters={report.letters} counted={report.letters_counted} />
          <NotKnown what={report.not_known} />
          <KafkaCard
            report={report}
            is_asking={asked.is_asking}
            is_revealed={wanted.reveal && asked.value !== null}
            onEvents={() => ask({ events: true, reveal: wanted.reveal })}
          />
        </>
      )}
    </>
  );
}

function Loading({ id }: { id: string }) {
  return (
    <Card title={`Order ${id}`}>
      <Skeleton lines={8} label={`The servers are asked about order ${id}`} />
    </Card>
  );
}

function query({ reveal, events }: Wanted): string {
  const parts = [events ? "events=true" : "", reveal ? "reveal=true" : ""].filter((part) => part !== "");
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}
