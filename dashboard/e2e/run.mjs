// Runs scenarios in one Chromium, for `cargo test -p orderstream --test page`, which puts the real servers into the state that a scenario is about.
//
// Lines of JSON go both ways. In: {"scenario", "url", "tokens", "images"} begins a scenario, {"answer"} follows a question. Out: {"ask", "with"}
// asks for a change of the world, {"passed"} and {"failed"} end the scenario. The end of the input ends the process and its browser.

import { createInterface } from "node:readline";
import { browser_of, Stage } from "./stage.mjs";

const PATIENCE_MS = 180_000;
const FILES = ["flow", "letters", "operating", "people", "server", "trace", "budget"];

const scenarios = {};
for (const file of FILES) Object.assign(scenarios, await import(`./scenarios/${file}.mjs`));

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const told = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const heard = async () => {
  const { value, done } = await lines.next();
  return done ? null : JSON.parse(value);
};

const browser = await browser_of();
for (let order = await heard(); order !== null; order = await heard()) told(await run(order));
await browser.close();
process.exit(0);

async function run(order) {
  const stage = new Stage(browser, order, ask);
  try {
    const scenario = scenarios[order.scenario];
    if (!scenario) throw new Error(`there is no scenario ${order.scenario}`);
    await in_time(scenario(stage));
    stage.finish();
    return { passed: stage.counts };
  } catch (error) {
    return { failed: `${error.stack ?? error}\n${await stage.seen()}` };
  } finally {
    await stage.close();
  }
}

async function ask(what, text = "") {
  told({ ask: what, with: String(text) });
  const { answer } = await heard();
  return answer;
}

async function in_time(scenario) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${PATIENCE_MS / 1_000} s`)), PATIENCE_MS);
  });
  try {
    await Promise.race([scenario, late]);
  } finally {
    clearTimeout(timer);
  }
}
