// The events as they stand in Kafka, only on request: those that row, tombstone and letters name, and a search through the order's partition.

import { useEffect, useRef, useState } from "preact/hooks";
import type { OrderReport } from "../api";
import { counted, integer } from "../format";
import type { ApiError } from "../request";
import { as_error, useAfterLogin } from "../session/asked";
import { Refused } from "../session/refused";
import { Button, Card, Empty, Field, say } from "../ui";
import { RecordList } from "./record_list";
import { records_of, type Search } from "./search";
import { search_kafka } from "./searching";
import type { Found } from "./shapes";

type Props = { report: OrderReport; is_asking: boolean; is_revealed: boolean; onEvents: () => void };

export function KafkaCard({ report, is_asking, is_revealed, onEvents }: Props) {
  const records = (report.records ?? null) as Found[] | null;
  return (
    <Card title="In Kafka">
      {records === null ? (
        <p>
          <Button onClick={onEvents} disabled={is_asking}>
            Show the events
          </Button>{" "}
          Reads the records that row, tombstone and letters name, each at its offset.
        </p>
      ) : records.length === 0 ? (
        <Empty>Nothing names a record of this order.</Empty>
      ) : (
        <RecordList records={records} />
      )}
      <SearchForm key={String(is_revealed)} id={report.id} is_revealed={is_revealed} />
    </Card>
  );
}

const SAID_EVERY_MS = 5_000;

function SearchForm({ id, is_revealed }: { id: string; is_revealed: boolean }) {
  const [search, set_search] = useState<Search>({ at: "idle" });
  const [error, set_error] = useState<ApiError | null>(null);
  const [since, set_since] = useState("");
  const cancel = useRef<AbortController | null>(null);
  const said_at = useRef(0);
  useEffect(() => () => cancel.current?.abort(), []);

  const heard = (now: Search) => {
    set_search(now);
    if (now.at === "running" && Date.now() - said_at.current < SAID_EVERY_MS) return;
    said_at.current = Date.now();
    say(in_words(now));
  };
  const start = async () => {
    const controller = new AbortController();
    cancel.current = controller;
    set_error(null);
    said_at.current = Date.now();
    set_search({ at: "running", records: 0 });
    const asked = { since: since === "" ? null : new Date(since).toISOString(), reveal: is_revealed };
    try {
      await search_kafka(id, asked, controller.signal, heard);
    } catch (thrown) {
      set_search({ at: "idle" });
      set_error(as_error(thrown));
    }
  };
  useAfterLogin(error, start);
  const submit = (event: Event) => {
    event.preventDefault();
    if (search.at !== "running") void start();
  };
  return (
    <>
      <form class="kafka-search" onSubmit={submit}>
        <p class="hint">
          Search Kafka: every record of the order's partition from a time on, because no index leads to the
          records of a key; at most 200,000 records or 10 seconds, one search at a time.
        </p>
        <div class="field-row">
          <Field
            label="From (your time; empty: when the order was made)"
            type="datetime-local"
            value={since}
            onInput={set_since}
            disabled={search.at === "running"}
          />
          {search.at === "running" ? (
            <Button onClick={() => cancel.current?.abort()}>Cancel the search</Button>
          ) : (
            <Button type="submit">Search Kafka</Button>
          )}
        </div>
        {search.at === "running" && (
          <progress aria-label="Records looked at" value={search.records} max={200_000} />
        )}
        {search.at !== "idle" && <p>{in_words(search)}</p>}
        {search.at === "done" && search.searched.found.length > 0 && (
          <RecordList records={search.searched.found} />
        )}
      </form>
      {error && <Refused error={error} again={() => void start()} />}
    </>
  );
}

function in_words(search: Search): string {
  const records = counted(records_of(search), "record");
  if (search.at === "running") return `${records} looked at so far.`;
  if (search.at === "cancelled") return `Cancelled after ${records}. What was found until then is not known.`;
  if (search.at === "failed") return `Failed after ${records}: ${search.why}`;
  if (search.at === "idle") return "";
  const { partition, from, up_to, found, ended_by } = search.searched;
  return `Partition ${partition}, offsets ${from} to ${up_to}: ${records}, ${integer(found.length)} of the order. Ended by: ${ended_by}.`;
}
