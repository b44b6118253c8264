// How the stream is: all well, nothing yet, Redis away, a partition that has stopped, a Redis that was emptied.

import { go_to, SCREENS } from "../screens.mjs";

/** The most requests until the first screen shows all it has. */
const REQUESTS = 6;

export async function all_well(stage) {
  const context = await stage.context();
  const asked = [];
  context.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const page = await stage.open("", { context });
  await stage.sees(page, ".verdict", "Ready");
  await stage.sees(page, ".status-word", "live");
  await stage.until("both charts are drawn", async () => (await page.locator(".plot canvas").count()) === 2);
  stage.ok(asked.length <= REQUESTS, `${asked.length} requests for the first screen: ${asked.join(" ")}`);

  const id = await stage.ask("orders come");
  await stage.sees(page, ".table-block[aria-label='Last orders']", id);
  await stage.sees(page, ".fact", /Orders\s*[\d.,]+\/s/);
  for (const node of ["Shop", "Connect", "Kafka", "orderstream", "Postgres", "Redis", "Dead letters"])
    await stage.sees(page, ".picture", new RegExp(node, "i"));
  await stage.until("the title says so", async () => (await page.title()) === "Ready · orderstream");

  for (const screen of SCREENS) {
    await go_to(stage, page, screen);
    await stage.sound(page, screen);
    if (screen === "flow") await stage.picture(page, screen);
  }
  await page.goto(`${stage.url}/#alerts`);
  await stage.sees(page, "main", "Nothing is wrong");
  await page.goto(`${stage.url}/#letters`);
  await stage.sees(page, "main", "No letter is open");
  await page.goto(`${stage.url}/#partitions`);
  await stage.sees(page, ".table-block[aria-label='Partitions']", "running");
  await stage.sees(page, ".table-block[aria-label='Processes']", "ready");
}

export async function nothing_yet(stage) {
  const page = await stage.open();
  await stage.sees(page, "main", "No event yet");
  await stage.sees(page, ".command", "insert into orders");
  await stage.sees(page, "main", "No order stands in results yet.");
  await stage.sound(page, "no event yet");
  await page.goto(`${stage.url}/#partitions`);
  await stage.sees(page, ".table-block[aria-label='Partitions']", "none");
  await stage.sound(page, "partitions without an event");
  await page.goto(`${stage.url}/#flow`);
  await stage.ask("the first order comes");
  await stage.no_longer_sees(page, "main", "No event yet");
  await stage.sees(page, ".table-block[aria-label='Last orders']", "1");
}

export async function redis_away(stage) {
  const page = await stage.open();
  await stage.sees(page, ".verdict", "Ready");
  await stage.ask("Redis goes away");
  await stage.sees(page, ".verdict", /Degraded/);
  await stage.sees(page, ".verdict", /Redis/);
  await stage.sees(page, ".picture", /breaker OPEN/);
  await stage.sees(page, ".table-block[aria-label='Last orders'] .badge", "pending");
  await stage.sees(page, ".head .count", "1");
  await stage.until("the title says so", async () => /^\(1\) Degraded/.test(await page.title()));
  await stage.sound(page, "breaker open");
  await page.goto(`${stage.url}/#redis`);
  await stage.sees(page, ".breaker-now", /Server\s*open/);
  await stage.sees(page, ".table-block[aria-label='Changes of the breaker']", /closed to open/);
  await stage.sound(page, "Redis with an open breaker");
  await stage.picture(page, "redis");
  await page.goto(`${stage.url}/#alerts`);
  await stage.sees(page, ".alert", /By itself/);
  await stage.sees(page, ".alert", /docs\/\w+\.md/);
  await stage.sound(page, "an alert");
  await stage.picture(page, "alerts");

  await stage.ask("Redis is back");
  await stage.sees(page, "main", "Nothing is wrong");
  await page.goto(`${stage.url}/#redis`);
  await stage.sees(page, ".breaker-now", /Server\s*closed/);
  await page.goto(`${stage.url}/#flow`);
  await stage.sees(page, ".verdict", "Ready");
  await stage.no_longer_sees(page, ".table-block[aria-label='Last orders'] .badge", "pending");
}

export async function partition_stopped(stage) {
  const page = await stage.open();
  await stage.sees(page, ".verdict", "Not ready");
  await stage.sees(page, ".verdict", /cannot be processed/);
  await stage.sound(page, "a stopped partition");
  await page.goto(`${stage.url}/#partitions`);
  await stage.sees(
    page,
    ".table-block[aria-label='Partitions'] tr",
    /orders 0[\s\S]*stopped[\s\S]*cannot be processed/,
  );
  await stage.sees(page, ".table-block[aria-label='Partitions'] tr", /orders 1[\s\S]*running/);
  await stage.sound(page, "partitions, one has stopped");
  await page.goto(`${stage.url}/#alerts`);
  await stage.sees(page, ".alert-critical", /stopped/i);
  await stage.sound(page, "a critical alert");
}

export async function redis_emptied(stage) {
  const page = await stage.open("#redis");
  await stage.sees(page, ".breaker-now", /Server\s*closed/);
  await stage.ask("Redis is emptied");
  await stage.sees(page, ".fact", /Partitions being made whole\s*[1-9]/);
  await stage.sound(page, "Redis is made whole");
  await page.goto(`${stage.url}/#flow`);
  await stage.sees(page, ".picture", "1 partition made whole");
  await stage.ask("the rebuild may go on");
  await page.goto(`${stage.url}/#redis`);
  await stage.sees(page, ".fact", /Partitions being made whole\s*0/);
  await page.goto(`${stage.url}/#flow`);
  await stage.sees(page, ".verdict", "Ready");
}
