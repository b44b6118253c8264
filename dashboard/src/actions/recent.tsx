// The recent actions: who, when, what, why, and what was measured in the end.

import { useState } from "preact/hooks";
import type { Action } from "../api";
import { moment } from "../format";
import { now } from "../live";
import { request } from "../request";
import { as_error, useAsked } from "../session/asked";
import { Refused } from "../session/refused";
import { with_parts } from "../session/shape";
import { Long } from "../trace/long";
import { Age, Badge, Button, Card, type Column, Empty, ScreenTitle, Skeleton, Table } from "../ui";
import { ended, open_action } from "./dialog_state";
import { merged } from "./list";
import { is_over } from "./machine";
import { actions_now } from "./now";
import { Running } from "./running";
import "./style.css";
import { name_of, of_state, parameters_of } from "./words";

type Answer = { items: Action[] };
const PAGE = 50;

/** The screen `#actions`. */
export function Screen() {
  return (
    <>
      <ScreenTitle name="Actions" question="Who did what, and what came of it?" />
      <Running />
      <Recent />
    </>
  );
}

/** The list as a card, for any screen. */
export function Recent() {
  const asked = useAsked(`actions ${ended.value}`, async (signal) =>
    with_parts(await request<Answer>("api/actions", { signal }), "items"),
  );
  const { value, error, is_asking, again, at } = asked;
  const aside = (
    <>
      {at !== null && <Age at={at} />}
      <Button kind="quiet" onClick={again} disabled={is_asking}>
        Reload
      </Button>
    </>
  );
  return (
    <Card title="Recent actions" class="actions-list" aside={aside}>
      {error && <Refused error={error} again={again} as_of={value ? at : null} />}
      {value === null && is_asking && <Skeleton lines={5} />}
      {value && <List key={at} first={value.items} />}
    </Card>
  );
}

function List({ first }: { first: Action[] }) {
  const [older, set_older] = useState<Action[]>([]);
  const [is_end, set_end] = useState(first.length < PAGE);
  const [error, set_error] = useState<ReturnType<typeof as_error> | null>(null);
  const items = merged([...first, ...older], actions_now.value);
  const last = items.at(-1);
  if (last === undefined)
    return (
      <Empty>None. What an operator does on this page stands here, with its reason and its outcome.</Empty>
    );
  const more = async () => {
    try {
      const page = await request<Answer>(`api/actions?before=${last.at}`);
      set_older((before) => [...before, ...page.items]);
      set_end(page.items.length < PAGE);
      set_error(null);
    } catch (thrown) {
      set_error(as_error(thrown));
    }
  };
  return (
    <>
      <Table
        label="Actions, the newest first"
        columns={COLUMNS}
        rows={items}
        row_key={(action) => action.id}
      />
      {error && <Refused error={error} again={more} />}
      {!is_end && !error && <Button onClick={more}>Older</Button>}
    </>
  );
}

const COLUMNS: Column<Action>[] = [
  { key: "at", name: "When", cell: ({ at }) => moment(at, now.peek()), head: true },
  { key: "who", name: "Who", cell: ({ who }) => <Long text={who} /> },
  {
    key: "action",
    name: "What",
    cell: (action) => <Long text={`${name_of(action.action)} ${parameters_of(action.parameters)}`} />,
  },
  { key: "reason", name: "Reason", cell: ({ reason }) => (reason === "" ? "-" : <Long text={reason} />) },
  {
    key: "state",
    name: "State",
    cell: ({ state }) => <Badge tone={of_state(state).tone}>{of_state(state).word}</Badge>,
  },
  { key: "outcome", name: "Outcome", cell: (action) => <Outcome action={action} /> },
];

function Outcome({ action }: { action: Action }) {
  if (is_over(action)) return <Long text={action.outcome ?? "-"} />;
  return (
    <>
      {action.progress && <Long text={action.progress.text} />}{" "}
      <Button onClick={() => open_action(action)} label={`Watch ${name_of(action.action)} of ${action.who}`}>
        Watch
      </Button>
    </>
  );
}
