// Looks at the built page in Chromium under the real policy: a picture of each screen in each scene, every complaint of the console, and what axe
// finds. `npm run look [scene/screen ..]`; pictures are in .shots. CHROMIUM names the browser.

import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { serve } from "./serve.mjs";

const SHOTS = fileURLToPath(new URL("../.shots/", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LOOKS = [
  { name: "light", colorScheme: "light", viewport: { width: 1280, height: 900 } },
  { name: "dark", colorScheme: "dark", viewport: { width: 1280, height: 900 } },
  { name: "phone", colorScheme: "light", viewport: { width: 320, height: 640 } },
];
const SCENES = [
  "ready",
  "degraded",
  "bottleneck",
  "not_ready",
  "empty",
  "unknown",
  "held",
  "silent",
  "denied",
  "away",
  "slow",
  "version",
];
const SCREENS = ["flow", "partitions", "redis", "alerts"];
const ONE_SCREEN = ["bottleneck", "denied", "away", "slow", "version"];

const asked = process.argv.slice(2);
const server = await serve(0);
const base = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--disable-background-networking"],
});
mkdirSync(SHOTS, { recursive: true });
let found = 0;
for (const { name, ...look } of LOOKS) {
  for (const scene of SCENES) {
    for (const screen of ONE_SCREEN.includes(scene) ? ["flow"] : SCREENS) {
      if (asked.length === 0 || asked.some((of) => `${scene}/${screen}/${name}`.startsWith(of)))
        await look_at(name, look, scene, screen);
    }
  }
}
await browser.close();
server.closeAllConnections();
server.close();
console.log(`${found} complaints`);
process.exitCode = found > 0 ? 1 : 0;

async function look_at(name, look, scene, screen) {
  const context = await browser.newContext(look);
  const page = await context.newPage();
  const where = `${scene}/${screen}/${name}`;
  page.on("console", (message) => message.type() === "error" && complain(where, scene, message.text()));
  page.on("pageerror", (error) => complain(where, scene, error.stack));
  await page.goto(`${base}/${scene}/#${screen}`);
  await page.waitForTimeout(["silent", "away", "version"].includes(scene) ? 4_500 : 1_200);
  await page.screenshot({ path: `${SHOTS}${scene}-${screen}-${name}.png`, fullPage: true });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  if (wide > 0) complain(where, scene, `the page is ${wide} px too wide`);
  await page.evaluate(AXE);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  for (const of of violations)
    complain(
      where,
      scene,
      `axe ${of.id}: ${of.nodes.map((node) => `${node.target} ${node.any[0]?.message ?? ""}`).join(" | ")}`,
    );
  await context.close();
}

/** What the browser says of requests that the scene lets fail is no complaint. */
function complain(where, scene, what) {
  if (["denied", "away"].includes(scene) && /Failed to load resource/.test(what)) return;
  found += 1;
  console.log(`${where}: ${what}`);
}
