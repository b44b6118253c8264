import { describe, expect, it } from "vitest";
import { announce, SILENT } from "./announce";
import { deed_of, type Pressed } from "./keys";
import { parsed } from "./route";

describe("the address", () => {
  it.each([
    ["", { screen: "flow", arg: null }],
    ["#letters", { screen: "letters", arg: null }],
    ["#trace/1000006", { screen: "trace", arg: "1000006" }],
    ["#trace/a%2Fb", { screen: "trace", arg: "a/b" }],
    ["#trace/%", { screen: "trace", arg: "%" }],
    ["#nonsense/1", { screen: "flow", arg: null }],
  ])("%s is a screen", (hash, route) => expect(parsed(hash)).toEqual(route));
});

describe("a key", () => {
  const plain: Pressed = {
    key: "",
    modified: false,
    in_field: false,
    on_control: false,
    in_dialog: false,
    after_g: false,
  };
  const press = (key: string, more: Partial<Pressed> = {}) => deed_of({ ...plain, key, ...more });

  it.each([
    ["/", { do: "search" }],
    ["?", { do: "help" }],
    ["t", { do: "tables" }],
    [" ", { do: "pause" }],
    ["g", { do: "wait_for_letter" }],
    ["x", null],
  ])("%s does its deed", (key, deed) => expect(press(key)).toEqual(deed));

  it("after g goes to a screen", () => {
    expect(press("t", { after_g: true })).toEqual({ do: "go", screen: "trace" });
    expect(press("a", { after_g: true })).toEqual({ do: "go", screen: "alerts" });
  });

  it("is text in a field, the dialog's in a dialog, and the browser's with Ctrl", () => {
    expect(press("/", { in_field: true })).toBeNull();
    expect(press("t", { in_dialog: true })).toBeNull();
    expect(press("t", { modified: true })).toBeNull();
  });

  it("of space belongs to the button that has the focus", () => {
    expect(press(" ", { on_control: true })).toBeNull();
  });
});

describe("what a screen reader is told", () => {
  it("is a change, and not what was there when the page was opened", () => {
    const first = announce(SILENT, "Ready.", 0);
    expect(first.say).toBeNull();
    expect(announce(first.next, "Ready.", 1_000).say).toBeNull();
    expect(announce(first.next, "Degraded.", 1_000).say).toBe("Degraded.");
  });

  it("is at most one sentence in ten seconds, the newest", () => {
    const first = announce(announce(SILENT, "Ready.", 0).next, "Degraded.", 1_000).next;
    expect(announce(first, "Not ready.", 2_000).say).toBeNull();
    expect(announce(first, "Ready.", 11_000).say).toBe("Ready.");
  });

  it("is nothing if all is again as it was told last", () => {
    const first = announce(announce(SILENT, "Ready.", 0).next, "Degraded.", 1_000).next;
    expect(announce(first, "Degraded.", 20_000).say).toBeNull();
  });
});
