import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Action, Plan } from "../api";
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
import { ActionButton } from ".";
import { ActionDialog } from "./dialog";
import { close, dialog, is_waiting } from "./dialog_state";

const PLAN: Plan = {
  plan_id: "p1",
  action: "replay",
  effect: "1,180 letters would be replayed.",
  details: [{ label: "would apply", value: "931" }],
  warnings: ["20 are of customers."],
  confirm: "1180",
  expires_at: Date.now() + 60_000,
};
const ACTION: Action = {
  id: "a1",
  at: 0,
  who: "alice",
  action: "replay",
  parameters: {},
  reason: "",
  state: "running",
  progress: { done: 412, of: 1180, text: "412 of 1,180" },
  outcome: null,
  finished_at: null,
};
const REPLAY = { action: "replay", parameters: { resolved: false } } as const;
const PAUSE = { action: "pause", parameters: { topic: "orders", partition: 3, minutes: 15 } } as const;

/** A server with plan and action, and what a test says otherwise. */
const server = (otherwise: (call: Call) => ReturnType<typeof refused> | null = () => null) =>
  fake_server((call) => {
    const said = otherwise(call);
    if (said) return said;
    return { body: call.path.endsWith("preview") ? PLAN : ACTION };
  });
const posts = (calls: Call[]) => calls.filter((call) => call.method === "POST").map((call) => call.path);

async function open(request: typeof REPLAY | typeof PAUSE): Promise<HTMLElement> {
  const place = shown(
    <>
      <ActionButton request={request} label="Do" />
      <ActionDialog />
    </>,
  );
  await clicked(button(place, "Do"));
  return place;
}

beforeEach(() => {
  session.value = session_of("operate");
});
afterEach(() => {
  close();
  cleared();
  vi.useRealTimers();
});

it("opening, dry run and closing start nothing", async () => {
  const calls = server();
  const place = await open(REPLAY);
  expect(calls).toEqual([]);
  await submitted(field(place, "Letters a second"));
  expect(posts(calls)).toEqual(["api/actions/preview"]);
  await clicked(button(place, "Cancel"));
  expect(place.querySelector("dialog")).toBeNull();
  expect(posts(calls)).toEqual(["api/actions/preview"]);
});

it("Esc closes and starts nothing", async () => {
  const calls = server();
  const place = await open(REPLAY);
  await submitted(field(place, "Letters a second"));
  await typed(field(place, "Type 1180"), "1180");
  place.querySelector("dialog")?.dispatchEvent(new Event("cancel", { cancelable: true }));
  await settled();
  expect(dialog.value).toBeNull();
  expect(posts(calls)).toEqual(["api/actions/preview"]);
});

it("Cancel has the focus, and Replay waits for the number", async () => {
  const calls = server();
  const place = await open(REPLAY);
  await submitted(field(place, "Letters a second"));
  expect(place.textContent).toContain("1,180 letters would be replayed.");
  expect(document.activeElement?.textContent).toBe("Cancel");
  expect(button(place, "Replay").disabled).toBe(true);
  await typed(field(place, "Type 1180"), "1181");
  expect(button(place, "Replay").disabled).toBe(true);
  await typed(field(place, "Type 1180"), "1180");
  await clicked(button(place, "Replay"));
  expect(calls.at(1)).toEqual({ method: "POST", path: "api/actions/p1", body: { confirm: "1180" } });
  expect(place.textContent).toContain("412 of 1,180");
  expect(place.textContent).not.toContain("Outcome");
});

it("only the measured outcome is shown, and a running action goes on without the dialog", async () => {
  const calls = server(({ path, method }) =>
    path === "api/actions/a1" && method === "GET"
      ? { body: { ...ACTION, state: "done", outcome: "931 applied", finished_at: 1 } }
      : null,
  );
  const place = await open(REPLAY);
  await submitted(field(place, "Letters a second"));
  await typed(field(place, "Type 1180"), "1180");
  await clicked(button(place, "Replay"));
  expect(place.textContent).toContain("Closing this window changes nothing");
  await vi.waitFor(() => expect(place.textContent).toContain("931 applied"), { timeout: 3_000 });
  expect(calls.filter((call) => call.path.endsWith("stop"))).toEqual([]);
});

it("409 makes a new dry run and forgets the number", async () => {
  let turn = 0;
  const calls = server(({ path }) => {
    if (path === "api/actions/p1") return refused(409);
    if (path.endsWith("preview"))
      return { body: { ...PLAN, plan_id: `p${++turn}`, confirm: turn === 1 ? "1180" : "1179" } };
    return null;
  });
  const place = await open(REPLAY);
  await submitted(field(place, "Letters a second"));
  await typed(field(place, "Type 1180"), "1180");
  await clicked(button(place, "Replay"));
  expect(posts(calls)).toEqual(["api/actions/preview", "api/actions/p1", "api/actions/preview"]);
  expect(place.textContent).toContain("has changed");
  expect(field(place, "Type 1179").value).toBe("");
  expect(button(place, "Replay").disabled).toBe(true);
});

it("an action without a reason is not asked for, and with one the reason is sent", async () => {
  const calls = server();
  const place = await open(PAUSE);
  await submitted(field(place, "Reason"));
  expect(place.textContent).toContain("Say why");
  expect(calls).toEqual([]);
  await typed(field(place, "Reason"), "the shop is migrated");
  await typed(field(place, "Minutes"), "20");
  await submitted(field(place, "Reason"));
  expect(calls[0]?.body).toEqual({
    action: "pause",
    parameters: { topic: "orders", partition: 3, minutes: 20 },
    reason: "the shop is migrated",
  });
});

it("a 401 shows the form within the dialog, and the number that was typed stays", async () => {
  let is_in = false;
  const calls = server(({ path }) => {
    if (path === "api/session") {
      is_in = true;
      return { body: session_of("operate") };
    }
    return path === "api/actions/p1" && !is_in ? refused(401, "The login has ended.") : null;
  });
  const place = await open(REPLAY);
  await submitted(field(place, "Letters a second"));
  await typed(field(place, "Type 1180"), "1180");
  await clicked(button(place, "Replay"));
  expect(place.textContent).toContain("The login has ended.");
  await typed(field(place, "Token"), "t");
  await submitted(field(place, "Token"));
  // The login alone starts nothing: the operator confirms again.
  expect(posts(calls)).toEqual(["api/actions/preview", "api/actions/p1", "api/session"]);
  expect(field(place, "Type 1180").value).toBe("1180");
  await clicked(button(place, "Replay"));
  expect(posts(calls).at(-1)).toBe("api/actions/p1");
  expect(place.textContent).toContain("412 of 1,180");
});

it("a closed dialog asks for no more news, and what runs is not stopped", async () => {
  const calls = server();
  const place = await open(REPLAY);
  await submitted(field(place, "Letters a second"));
  await typed(field(place, "Type 1180"), "1180");
  await clicked(button(place, "Replay"));
  await vi.waitFor(() => expect(calls.at(-1)?.method).toBe("GET"), { timeout: 3_000 });
  await clicked(button(place, "Close"));
  // No timer is left that could ask: a poll is due within a second of the one before.
  expect(is_waiting()).toBe(false);
  expect(calls.map((call) => call.path).filter((path) => path.endsWith("stop"))).toEqual([]);
});

it.each([
  ["nobody", null],
  ["a reader", "alice"],
])("%s is told of the role once, before anything is asked for", async (_, user) => {
  session.value = session_of("read", user);
  const why = "This needs the role operate: log in with a token of that role.";
  const calls = server(({ path }) =>
    path === "api/session"
      ? { body: session_of("operate") }
      : path.endsWith("preview")
        ? refused(403, why)
        : null,
  );
  const place = await open(REPLAY);
  const told = () => place.querySelector("dialog")?.textContent?.split(why).length;
  expect(calls).toEqual([]);
  expect(told()).toBe(2);
  await submitted(field(place, "Letters a second"));
  expect(posts(calls)).toEqual(["api/actions/preview"]);
  expect(told()).toBe(2);
});

it("a login within the dialog makes the way free, and the sentence about the role goes", async () => {
  session.value = session_of("read", null);
  const calls = server(({ path }) => (path === "api/session" ? { body: session_of("operate") } : null));
  const place = await open(REPLAY);
  await typed(field(place, "Token"), "t");
  await submitted(field(place, "Token"));
  expect(place.textContent).not.toContain("needs the role");
  await submitted(field(place, "Letters a second"));
  expect(posts(calls)).toEqual(["api/session", "api/actions/preview"]);
});
