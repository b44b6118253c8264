// What happened to order N? `#trace/<id>` shows an order. A customer is asked for in the body of a request and stands in no address (P11).

import { useState } from "preact/hooks";
import { go, type ScreenProps } from "../shell/route";
import { Empty, ScreenTitle } from "../ui";
import { ask_for, CustomerTrace, chosen } from "./customer";
import { Search } from "./fields";
import { order_id } from "./id";
import { OrderTrace } from "./order";
import "./style.css";

export function Screen({ arg }: ScreenProps) {
  // The same order asked for again is asked anew.
  const [turn, set_turn] = useState(0);
  const parsed = arg === null ? null : order_id(arg);
  return (
    <>
      <ScreenTitle name="Trace" question="What happened to this order?" />
      <Search
        key={arg}
        first={arg ?? ""}
        wrong={parsed !== null && "error" in parsed ? parsed.error : null}
        onOrder={(id) => {
          set_turn(turn + 1);
          go("trace", id);
        }}
        onCustomer={(id) => {
          ask_for(id);
          go("trace");
        }}
      />
      <Answer parsed={parsed} turn={turn} />
    </>
  );
}

function Answer({ parsed, turn }: { parsed: ReturnType<typeof order_id> | null; turn: number }) {
  if (parsed !== null)
    return "id" in parsed ? <OrderTrace key={`${parsed.id} ${turn}`} id={parsed.id} /> : null;
  if (chosen.value !== null) return <CustomerTrace key={chosen.value.turn} id={chosen.value.id} />;
  return (
    <Empty command="orderstream trace 1000006">
      The way of an order stands here: a verdict in one sentence, and what it rests on. Type its id above, or
      that of a customer. The same in a shell:
    </Empty>
  );
}
