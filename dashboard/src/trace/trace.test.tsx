import { afterEach, beforeEach, expect, it } from "vitest";
import type { OrderReport } from "../api";
import { session } from "../live";
import {
  button,
  cleared,
  clicked,
  fake_server,
  field,
  refused,
  session_of,
  settled,
  shown,
  submitted,
  typed,
} from "../session/testing";
import { Screen } from ".";
import { chosen } from "./customer";

const REPORT: OrderReport = {
  id: "77",
  at: "2026-11-21T12:00:00.000000Z",
  took_ms: { postgres: 3, redis: 1, kafka: 9 },
  verdict: { code: "right", text: "In results and right." },
  steps: [{ step: "hash", state: "old", what: "revision 812, behind" }],
  row: { customer_name: "E*** M***", status: "paid" },
  tombstone: null,
  due: null,
  hash: {
    state: "live",
    revision: "1",
    ttl_s: 60,
    diff: [{ column: "status", row: "paid", hash: "pending" }],
  },
  letters: [],
  letters_counted: 0,
  partition: { n: 2, is_likely: true, next: "48211", lag: "4120", stopped: null },
  events: [],
  not_known: ["what the shop has now"],
  not_answered: [{ server: "redis", why: "no answer within 750 ms" }],
};
const with_name = (name: string): OrderReport => ({ ...REPORT, row: { customer_name: name } });

beforeEach(() => {
  session.value = session_of("reveal");
  chosen.value = null;
});
afterEach(cleared);

it("a trace says its verdict, its way, what differs, who did not answer and what is not known", async () => {
  fake_server(() => ({ body: REPORT }));
  const place = shown(<Screen arg="77" />);
  await settled();
  for (const said of [
    "In results and right.",
    "old",
    "Differs: status.",
    "Redis did not answer: no answer within 750 ms",
    "what the shop has now",
    "Its key leads to partition 2, where it would be: 4,120 records are not read yet",
    "Postgres 3 ms, Redis 1 ms, Kafka 9 ms",
  ]) {
    expect(place.textContent).toContain(said);
  }
});

it.each([
  ["0", "all records are read"],
  ["1", "1 record is not read yet"],
])("of %s records that are not read it says that %s", async (lag, said) => {
  fake_server(() => ({ body: { ...REPORT, partition: { ...REPORT.partition, lag } } }));
  const place = shown(<Screen arg="77" />);
  await settled();
  expect(place.textContent).toContain(said);
});

it("an id is sent digit by digit, and a wrong one asks nothing", async () => {
  const calls = fake_server(() => ({ body: REPORT }));
  shown(<Screen arg="9007199254740993" />);
  await settled();
  expect(calls[0]?.path).toBe("api/orders/9007199254740993");
  const place = shown(<Screen arg="12x" />);
  await settled();
  expect(calls).toHaveLength(1);
  expect(place.textContent).toContain("whole number");
});

it("names are shown by a click, and masked again by the next load, also while it fails", async () => {
  let fails = false;
  const calls = fake_server(({ path }) => {
    if (fails) return refused(503, "Postgres did not answer.");
    return { body: with_name(path.includes("reveal") ? "Emma" : "E***") };
  });
  const place = shown(<Screen arg="77" />);
  await settled();
  expect(place.textContent).toContain("Showing is logged");
  await clicked(button(place, "Show names"));
  expect(calls.at(-1)?.path).toBe("api/orders/77?reveal=true");
  expect(place.textContent).toContain("Emma");
  fails = true;
  await clicked(button(place, "Reload"));
  expect(calls.at(-1)?.path).toBe("api/orders/77");
  expect(place.textContent).not.toContain("Emma");
});

it("who may not reveal has no button for it", async () => {
  session.value = session_of("read");
  fake_server(() => ({ body: REPORT }));
  const place = shown(<Screen arg="77" />);
  await settled();
  expect(place.textContent).not.toContain("Show names");
});

it("the id of a customer is in the body of a request and nowhere else", async () => {
  const calls = fake_server(() => refused(404, "There is no such customer."));
  const place = shown(<Screen arg={null} />);
  await typed(field(place, "Customer id"), "ann@example.com");
  await submitted(field(place, "Customer id"));
  expect(calls.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
    { method: "POST", path: "api/customers/trace", body: { id: "ann@example.com", reveal: false } },
  ]);
  expect(location.href + document.title).not.toContain("ann");
});

it("a search that another one keeps out is told, with its time", async () => {
  fake_server(({ path }) =>
    path.endsWith("search") ? refused(429, "Another search runs.", 4_200) : { body: REPORT },
  );
  const place = shown(<Screen arg="77" />);
  await settled();
  await submitted(field(place, "From"));
  expect(place.textContent).toContain("Another search runs. Try again in 5 s.");
});
