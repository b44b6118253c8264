// The two fields of the trace: an order, a customer.

import { useState } from "preact/hooks";
import { Button, Field } from "../ui";
import { order_id } from "./id";

type Props = {
  /** What stands in the field of the order at first. */
  first: string;
  /** What is wrong with it. */
  wrong: string | null;
  onOrder: (id: string) => void;
  onCustomer: (id: string) => void;
};

export function Search({ first, wrong, onOrder, onCustomer }: Props) {
  const [order, set_order] = useState(first);
  const [error, set_error] = useState(wrong);
  const [customer, set_customer] = useState("");
  const [lacking, set_lacking] = useState<string | null>(null);
  const of_order = (event: Event) => {
    event.preventDefault();
    const parsed = order_id(order);
    set_error("error" in parsed ? parsed.error : null);
    if ("id" in parsed) onOrder(parsed.id);
  };
  const of_customer = (event: Event) => {
    event.preventDefault();
    const id = customer.trim();
    set_lacking(id === "" ? "Type the id of a customer." : null);
    if (id !== "") onCustomer(id);
  };
  return (
    <div class="trace-fields">
      <form onSubmit={of_order}>
        <Field label="Order id" value={order} inputmode="numeric" error={error} onInput={set_order} />
        <Button type="submit" kind="main">
          Trace order
        </Button>
      </form>
      <form onSubmit={of_customer}>
        <Field
          label="Customer id"
          value={customer}
          hint="Is sent, and kept nowhere."
          error={lacking}
          onInput={set_customer}
        />
        <Button type="submit">Trace customer</Button>
      </form>
    </div>
  );
}
