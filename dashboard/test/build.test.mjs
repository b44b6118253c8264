// What is shipped: the budget, and what the page's policy asks of the files. Needs `npm run build` before.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const ASSETS = "dist/assets";
const names = readdirSync(ASSETS);
const weight = (ending) =>
  names
    .filter((name) => name.endsWith(ending))
    .reduce((sum, name) => sum + readFileSync(`${ASSETS}/${name}`).length, 0);
const page = readFileSync("dist/index.html", "utf8");

/** The scripts that the page names, and those that they import at once. */
function first_scripts() {
  const found = new Set(names.filter((name) => name.endsWith(".js") && page.includes(name)));
  for (const name of found) {
    const text = readFileSync(`${ASSETS}/${name}`, "utf8");
    for (const [, other] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+)"/g)) found.add(other);
  }
  return [...found];
}

describe("the budget", () => {
  it("of scripts is 80 kB packed, and 60 kB for the first screen", () => {
    expect(weight(".js.gz")).toBeLessThanOrEqual(80_000);
    const packed = first_scripts().reduce(
      (sum, name) => sum + readFileSync(`${ASSETS}/${name}.gz`).length,
      0,
    );
    expect(packed).toBeLessThanOrEqual(60_000);
  });

  it("of style is 10 kB packed", () => {
    expect(weight(".css.gz")).toBeLessThanOrEqual(10_000);
  });

  it("of requests for the first screen is six", () => {
    const styles = [...page.matchAll(/href="\.\/assets\//g)].length;
    const files = first_scripts().length + styles;
    const asked = ["the page", "session", "stream", "history"].length;
    expect(files + asked).toBeLessThanOrEqual(6);
  });
});

describe("what is shipped", () => {
  it("stands beside its packed forms, under a name with its hash", () => {
    for (const name of names.filter((of) => /\.(js|css)$/.test(of))) {
      expect(name).toMatch(/-[\w-]{8}\.(js|css)$/);
      expect([existsSync(`${ASSETS}/${name}.gz`), existsSync(`${ASSETS}/${name}.br`)]).toEqual([true, true]);
    }
  });

  it("has no inline script and no inline style, which the policy forbids", () => {
    expect(page).not.toMatch(/<script(?![^>]*\ssrc=)/);
    expect(page).not.toMatch(/<style|\sstyle=/);
  });

  it("has only relative addresses, so that it works under any path", () => {
    for (const [, address] of page.matchAll(/(?:src|href)="([^"]+)"/g))
      expect(address).toMatch(/^(\.\/|data:)/);
  });

  it("evaluates no text as code", () => {
    for (const name of names.filter((of) => of.endsWith(".js"))) {
      expect(readFileSync(`${ASSETS}/${name}`, "utf8")).not.toMatch(/\beval\(|new Function\(/);
    }
  });

  it("has the sum of its source beside it", () => {
    expect(readFileSync("dist/SOURCE", "utf8")).toMatch(/^[0-9a-f]{64}\n$/);
  });
});
