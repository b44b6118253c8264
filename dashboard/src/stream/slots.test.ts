import { afterEach, describe, expect, it, vi } from "vitest";
import { type Release, take_slot } from "./slots";

afterEach(() => vi.unstubAllGlobals());

/** Locks as a browser has them, as far as the page uses them. */
function locks() {
  const held = new Set<string>();
  const request = async (
    name: string,
    _: unknown,
    use: (lock: object | null) => Promise<void> | undefined,
  ) => {
    if (held.has(name)) return use(null);
    held.add(name);
    await use({});
    held.delete(name);
  };
  return { request };
}

describe("the slots for streams", () => {
  it("are three for all tabs, and one that is given back can be taken", async () => {
    vi.stubGlobal("navigator", { locks: locks() });
    const taken = [await take_slot(), await take_slot(), await take_slot()];
    expect(taken.map((slot) => typeof slot)).toEqual(["function", "function", "function"]);
    expect(await take_slot()).toBeNull();
    (taken[1] as Release)();
    await Promise.resolve();
    await Promise.resolve();
    expect(typeof (await take_slot())).toBe("function");
  });

  it("are never to be had where the browser has no locks", async () => {
    vi.stubGlobal("navigator", {});
    expect(await take_slot()).toBe("never");
  });
});
