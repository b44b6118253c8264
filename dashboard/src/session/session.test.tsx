import { afterEach, beforeEach, expect, it } from "vitest";
import { session } from "../live";
import { request } from "../request";
import { useAsked } from "./asked";
import { useKept } from "./kept";
import { Login } from "./login";
import { Refused } from "./refused";
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
} from "./testing";
import { WhoButton } from "./who";

beforeEach(() => {
  session.value = session_of(null, null);
});
afterEach(cleared);

function Question({ is_secret = false }: { is_secret?: boolean }) {
  const asked = useAsked("question", (signal) => request<{ text: string }>("api/question", { signal }));
  const kept = useKept(asked, is_secret);
  return (
    <>
      <p class="answer">{kept?.text ?? "nothing"}</p>
      <input aria-label="typed" />
      {asked.error && <Refused error={asked.error} again={asked.again} />}
    </>
  );
}
const answer = (place: HTMLElement) => place.querySelector(".answer")?.textContent;

it("a 401 shows the form in place, asks nothing by itself, and asks again once after the login", async () => {
  let is_in = false;
  const calls = fake_server(({ path, method }) => {
    if (method === "POST") is_in = true;
    if (path === "api/session") return { body: session_of("read") };
    return is_in ? { body: { text: "42" } } : refused(401, "Nobody is logged in.");
  });
  const place = shown(<Question />);
  await settled();
  await settled();
  expect(calls.map((call) => call.path)).toEqual(["api/question"]);
  expect(place.textContent).toContain("What you have typed stays");
  await typed(field(place, "Token"), " secret ");
  await submitted(field(place, "Token"));
  expect(calls[1]).toEqual({ method: "POST", path: "api/session", body: { token: "secret" } });
  expect(calls.slice(2).map((call) => call.path)).toEqual(["api/question"]);
  expect(answer(place)).toBe("42");
  expect(place.querySelector("[type=password]")).toBeNull();
});

it("the same person, logged in again after the end of the login, is answered", async () => {
  session.value = session_of("read", "alice");
  let is_in = false;
  const calls = fake_server(({ path }) => {
    if (path === "api/session") is_in = true;
    if (path === "api/session") return { body: session_of("read", "alice") };
    return is_in ? { body: { text: "42" } } : refused(401, "The login has ended.");
  });
  const place = shown(<Question />);
  await settled();
  await typed(field(place, "Token"), "secret");
  await submitted(field(place, "Token"));
  expect(calls.map((call) => call.path)).toEqual(["api/question", "api/session", "api/question"]);
  expect(answer(place)).toBe("42");
});

it("the session of the stream, told again and again, asks nothing again", async () => {
  const calls = fake_server(() => refused(401));
  shown(<Question />);
  await settled();
  for (let turn = 0; turn < 3; turn += 1) {
    session.value = session_of(null, null);
    await settled();
  }
  expect(calls).toHaveLength(1);
});

it("a wrong token is told, and does not stay in the field", async () => {
  fake_server(() => refused(401, "This token is not known.", 4_200));
  const place = shown(<Login />);
  await typed(field(place, "Token"), "wrong");
  await submitted(field(place, "Token"));
  expect(place.textContent).toContain("This token is not known. Try again in 5 s.");
  expect(field(place, "Token").value).toBe("");
  expect(field(place, "Token").type).toBe("password");
});

it("where no token exists, the page says what to do and has no field", () => {
  session.value = { ...session_of(null, null), has_tokens: false, how: "Run orderstream page token." };
  const place = shown(<Login />);
  expect(place.textContent).toContain("Run orderstream page token.");
  expect(place.querySelector("input")).toBeNull();
});

it("another person sees nothing of what was asked before", async () => {
  session.value = session_of("read", "alice");
  let text = "of alice";
  fake_server(() => ({ body: { text } }));
  const place = shown(<Question />);
  await settled();
  expect(answer(place)).toBe("of alice");
  text = "of bob";
  session.value = session_of("read", "bob");
  await settled();
  expect(answer(place)).toBe("of bob");
});

it("logging out asks who is there now", async () => {
  session.value = session_of("operate");
  const calls = fake_server(({ method }) =>
    method === "DELETE" ? { status: 204, body: null } : { body: session_of(null, null) },
  );
  const place = shown(<WhoButton />);
  await clicked(button(place, "alice (operate)"));
  expect(place.textContent).toContain("You may see everything");
  await clicked(button(place, "Log out"));
  expect(calls.map((call) => `${call.method} ${call.path}`)).toEqual([
    "DELETE api/session",
    "GET api/session",
  ]);
  expect(session.value?.role).toBeNull();
});

it("whoever reads without a login is offered one, and no name of nobody", async () => {
  session.value = session_of("read", null);
  const place = shown(<WhoButton />);
  expect(place.textContent).toBe("Log in");
  await clicked(button(place, "Log in"));
  expect(place.textContent).toContain("You may see everything, with names and addresses masked");
  expect(field(place, "Token").type).toBe("password");
});

it.each([
  ["nobody", null],
  ["a reader", "alice"],
])("a role that %s lacks is told once", async (_, user) => {
  session.value = { ...session_of("read", user), how: "Log in with a token of that role." };
  const why = "This needs the role operate: log in with a token of that role.";
  fake_server(() => refused(403, why));
  const place = shown(<Question />);
  await settled();
  expect(place.textContent?.match(/log in with a token/gi)).toHaveLength(1);
  expect(place.textContent).toContain(why);
});
