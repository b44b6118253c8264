// Each screen in each state, rendered: what must be read there.

import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { overview as made } from "../dev/answers/overview.mjs";
import type { Session } from "../src/api";
import { connection, frozen, overview, session, session_error, skew, tick } from "../src/live";
import { Shell } from "../src/shell";
import { route, type ScreenName } from "../src/shell/route";

// A canvas cannot be drawn on here; the charts are looked at in a browser.
vi.mock("../src/chart/plot", () => ({ Plot: () => null }));

const AT = 1_780_000_000_000;
const ALICE: Session = {
  user: "alice",
  role: "read",
  expires_at: null,
  has_tokens: true,
  how: "",
  version: "1",
};
let root: HTMLElement;

beforeEach(() => {
  vi.stubGlobal("fetch", async () => new Response('{"as_of":0,"since":0,"transitions":[]}'));
  root = document.createElement("div");
  document.body.append(root);
  tick.value = AT;
  skew.value = 0;
  frozen.value = null;
  session.value = ALICE;
  session_error.value = null;
  connection.value = { state: "live", way: "stream", heard_at: AT, retry_at: null, newer: null };
});

afterEach(() => {
  render(null, root);
  root.remove();
  vi.unstubAllGlobals();
});

async function show(screen: ScreenName, scene: string | null): Promise<string> {
  route.value = { screen, arg: null };
  overview.value = scene ? made(scene, AT, 1) : null;
  await act(() => render(<Shell />, root));
  return root.textContent ?? "";
}

describe("a screen without news yet", () => {
  it.each(["flow", "partitions", "redis", "alerts"] as const)("%s shows its skeleton", async (screen) => {
    await show(screen, null);
    expect(root.querySelectorAll("main .skeleton").length).toBeGreaterThan(0);
    expect(root.querySelector("h1")).not.toBeNull();
  });
});

describe("what is not known", () => {
  it("is - and never 0", async () => {
    await show("flow", "unknown");
    const facts = [...root.querySelectorAll(".fact-value")].map((fact) => fact.textContent);
    expect(facts).toEqual(["-", "-", "-", "-"]);
  });
});

describe("Flow", () => {
  it("without an event says how to make one", async () => {
    expect(await show("flow", "empty")).toContain("insert into orders");
  });

  it("has the seven nodes twice: as a picture and as a list, each with its name", async () => {
    await show("flow", "ready");
    expect(root.querySelectorAll(".way-node")).toHaveLength(7);
    const names = [...root.querySelectorAll(".picture [role=img]")].map((part) =>
      part.getAttribute("aria-label"),
    );
    expect(names.filter((name) => name?.startsWith("Redis: up"))).toHaveLength(1);
    expect(names).toHaveLength(13);
  });

  it("names the bottleneck", async () => {
    expect(await show("flow", "bottleneck")).toContain("commit to Postgres, 93 % busy for 41 s");
  });
});

describe("Partitions", () => {
  it("tells an owner that is gone", async () => {
    const text = await show("partitions", "not_ready");
    expect(text).toContain("claimed by shop-2, silent 40 s");
    expect(text).toContain("at least");
  });

  it("has no buttons for somebody who may only read", async () => {
    await show("partitions", "ready");
    expect(root.querySelectorAll("main table button")).toHaveLength(0);
    await act(() => {
      session.value = { ...ALICE, role: "operate" };
    });
    expect(root.querySelectorAll("main table button")).toHaveLength(6);
  });
});

describe("Redis", () => {
  it("held by hand says until when and by whom", async () => {
    expect(await show("redis", "held")).toMatch(/Held open by hand, by alice, until .*: Redis is moved/);
  });
});

describe("Alerts", () => {
  it("without any says that nothing is wrong, and when that was checked", async () => {
    expect(await show("alerts", "empty")).toMatch(/Nothing is wrong.*Last checked at \d\d:\d\d:\d\d/);
  });

  it("without any, but with open letters, says neither that nothing is wrong nor keeps the letters to itself", async () => {
    const text = await show("alerts", "ready");
    expect(text).toMatch(/No alert.*But 3 dead letters are open.*Last checked at \d\d:\d\d:\d\d/);
    expect(text).not.toContain("Nothing is wrong");
  });

  it("has the most harmful first, and its number in the navigation", async () => {
    await show("alerts", "not_ready");
    expect(root.querySelector(".alert h2")?.textContent).toContain("has stopped");
    expect(root.querySelector('nav a[href="#alerts"]')?.textContent).toContain("3");
  });
});

describe("the frame", () => {
  it("without news greys the values and says since when", async () => {
    connection.value = { ...connection.value, state: "disconnected", retry_at: AT + 4_000 };
    const text = await show("flow", "ready");
    expect(text).toMatch(/No news since \d\d:\d\d:\d\d: the values are old. Next try in 4 s/);
    expect(root.querySelector("main")?.className).toBe("stale");
  });

  it("of somebody unknown shows the login and no numbers", async () => {
    session.value = { ...ALICE, user: null, role: null, how: "Log in with a token." };
    const text = await show("flow", "ready");
    expect(text).toContain("Log in with a token.");
    expect(root.querySelector(".facts")).toBeNull();
  });

  it("with a newer server asks to load the page again", async () => {
    connection.value = { ...connection.value, newer: "9.9.9" };
    expect(await show("flow", "ready")).toContain("A new version runs (9.9.9)");
  });

  it("whose server cannot be asked says why", async () => {
    session.value = null;
    session_error.value = "The server does not answer under this host name.";
    expect(await show("flow", null)).toContain("under this host name");
  });

  it("that is paused says so", async () => {
    frozen.value = "paused";
    expect(await show("flow", "ready")).toContain("Paused by you");
  });
});

describe("a screen that is loaded later", () => {
  it("shows a skeleton, and then itself", async () => {
    await show("letters", "ready");
    expect(root.querySelectorAll("main .skeleton")).toHaveLength(1);
    await vi.waitFor(() => expect(root.querySelector("main h1")?.textContent).toContain("Letters"));
  });
});

describe("text of others", () => {
  it("is text, whatever it looks like", async () => {
    route.value = { screen: "flow", arg: null };
    const at = made("ready", AT, 1);
    const order = at.latest![0]!;
    order.product_id = "<script>alert(1)</script>";
    at.verdict.headline = `<img src=x onerror=alert(1)>${"x".repeat(10_000)}`;
    overview.value = at;
    await act(() => render(<Shell />, root));
    expect(root.querySelectorAll("script, img")).toHaveLength(0);
    expect(root.textContent).toContain("<script>alert(1)</script>");
  });
});
