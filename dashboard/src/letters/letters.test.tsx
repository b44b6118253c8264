import { afterEach, beforeEach, expect, it } from "vitest";
import type { Letter, LetterPage } from "../api";
import { session } from "../live";
import {
  button,
  type Call,
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
import { FIRST } from "./filter";
import { choice } from "./store";

const letter = (id: string): Letter => ({
  id,
  topic: "orders",
  position: "2@48230",
  order_id: "77",
  customer_id: null,
  reason: "invalid",
  stage: "decode",
  message: "<script>alert(1)</script>",
  replays: 0,
  created_at: 0,
  resolved_at: null,
  resolution: null,
});
const page = (ids: string[], next: string | null): LetterPage => ({
  as_of: 1,
  took_ms: 8,
  items: ids.map(letter),
  next,
  counts: [{ reason: "invalid", letters: 1180, rising_since: null }],
  capped: false,
});
const after = (call: Call) => (call.body as { after?: string }).after;

beforeEach(() => {
  session.value = session_of("read");
  choice.value = FIRST;
});
afterEach(cleared);

it("letters are listed in pages, the older ones behind, as text", async () => {
  const calls = fake_server((call) => ({ body: after(call) ? page(["8"], null) : page(["10", "9"], "9") }));
  const place = shown(<Screen arg={null} />);
  await settled();
  expect(place.querySelector("script")).toBeNull();
  expect(place.textContent).toContain("<script>alert(1)</script>");
  await clicked(button(place, "Older"));
  expect([...place.querySelectorAll("tbody tr")]).toHaveLength(3);
  expect(calls.map((call) => call.body)).toEqual([{ resolved: false }, { resolved: false, after: "9" }]);
  expect(() => button(place, "Older")).toThrow();
});

it("a key is posted, and stands in no address", async () => {
  const calls = fake_server(() => ({ body: page([], null) }));
  const place = shown(<Screen arg={null} />);
  await settled();
  await typed(field(place, "Key"), "ann@example.com");
  await submitted(field(place, "Key"));
  expect(calls.at(-1)).toEqual({
    method: "POST",
    path: "api/letters/list",
    body: { resolved: false, key: "ann@example.com" },
  });
  expect(calls.map((call) => call.path).join() + location.href + document.title).not.toContain("ann");
});

it("a replay of what is chosen has its count, and there is none without", async () => {
  const counts = { body: { ...page([], null), counts: [] } };
  fake_server(() => counts);
  const none = shown(<Screen arg={null} />);
  await settled();
  expect(none.textContent).not.toContain("Replay");
  cleared();
  fake_server(() => ({ body: page(["10"], null) }));
  const place = shown(<Screen arg={null} />);
  await settled();
  expect(button(place, "Replay 1,180 letters…")).toBeTruthy();
  cleared();
  fake_server(() => refused(503, "Postgres did not answer."));
  const failed = shown(<Screen arg={null} />);
  await settled();
  expect(failed.textContent).toContain("Postgres did not answer.");
  expect(failed.textContent).toContain("not known yet");
});

it("a payload is asked for by a click only, by who may, and is text", async () => {
  const calls = fake_server(({ path }) =>
    path.endsWith("payload")
      ? { body: { headers: [["a", "b"]], key: null, value: "<img src=x>", truncated: true } }
      : { body: letter("10") },
  );
  const reader = shown(<Screen arg="10" />);
  await settled();
  expect(reader.textContent).toContain("needs the role reveal");
  session.value = session_of("reveal");
  await settled();
  expect(calls.some((call) => call.path.endsWith("payload"))).toBe(false);
  await clicked(button(reader, "Show the payload"));
  expect(reader.querySelector("img")).toBeNull();
  expect(reader.textContent).toContain("<img src=x>");
  expect(reader.textContent).toContain("at most 64 KiB");
});
