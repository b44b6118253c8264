// What a scenario works with: pages under the real policy, what they must show, and what none of them may do.

import assert from "node:assert/strict";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { violations_on } from "./axe.mjs";

const PATIENCE_MS = 60_000;
const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 320, height: 640 };
/** The most nodes of a page. */
const NODES = 3_000;

export function browser_of() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-quic", "--disable-background-networking"],
  });
}

export class Stage {
  counts = { checks: 0, states: 0 };
  #contexts = [];
  #pages = [];
  #complaints = [];
  #allowed = [];

  constructor(browser, { url, tokens, images }, ask) {
    Object.assign(this, { browser, url, tokens, images, ask });
  }

  /** A browser profile of its own. `role`: somebody with this role is logged in. `remote`: the browser is not of this machine. */
  async context({ role, remote = false, ...options } = {}) {
    const extraHTTPHeaders = remote ? { "x-forwarded-for": "203.0.113.7" } : undefined;
    const context = await this.browser.newContext({ viewport: WIDE, extraHTTPHeaders, ...options });
    this.#contexts.push(context);
    context.setDefaultTimeout(PATIENCE_MS);
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (of) =>
        console.error(`policy: ${of.violatedDirective} ${of.blockedURI}`),
      );
    });
    if (role) await this.log_in(context, role);
    return context;
  }

  async log_in(context, role) {
    const answer = await context.request.post(`${this.url}/api/session`, {
      data: { token: this.tokens[role] },
    });
    assert.equal(answer.status(), 200, await answer.text());
  }

  /** A page at this place, in a profile of its own or in that of another page. */
  async open(hash = "", { context, ...options } = {}) {
    const page = await (context ?? (await this.context(options))).newPage();
    this.#pages.push(page);
    page.on("console", (message) => message.type() === "error" && this.#complain(message.text()));
    page.on("pageerror", (error) => this.#complain(error.stack ?? String(error)));
    page.on("dialog", (dialog) => {
      this.#complain(`a dialog: ${dialog.message()}`);
      void dialog.dismiss();
    });
    await page.goto(`${this.url}/${hash}`);
    return page;
  }

  /** From here on, such complaints of the browser belong to the scenario. */
  allow(...patterns) {
    this.#allowed.push(...patterns);
  }

  #complain(text) {
    if (!this.#allowed.some((pattern) => pattern.test(text))) this.#complaints.push(text);
  }

  /** Waits until a part of the page shows a text. */
  async sees(page, part, text) {
    await page.locator(part).filter({ hasText: text }).filter({ visible: true }).first().waitFor();
    this.counts.checks += 1;
  }

  /** Waits until no part of the page shows the text any more. */
  async no_longer_sees(page, part, text) {
    await page
      .locator(part)
      .filter({ hasText: text })
      .filter({ visible: true })
      .first()
      .waitFor({ state: "hidden" });
    this.counts.checks += 1;
  }

  equal(found, wanted, what) {
    assert.deepEqual(found, wanted, what);
    this.counts.checks += 1;
  }

  ok(holds, what) {
    assert.ok(holds, what);
    this.counts.checks += 1;
  }

  /** Waits until `look` gives what is true, and gives it. */
  async until(what, look) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const found = await look();
      if (found) {
        this.counts.checks += 1;
        return found;
      }
      if (Date.now() > end) throw new Error(`in vain waited for: ${what}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** What holds in every state: axe finds nothing, nothing is wider than a phone, and the page is small. */
  async sound(page, what) {
    this.equal(await violations_on(page), [], `axe, ${what}`);
    const nodes = await page.evaluate(() => document.getElementsByTagName("*").length);
    this.ok(nodes <= NODES, `${what}: ${nodes} nodes`);
    await page.setViewportSize(PHONE);
    await this.until(`${what}: the phone's width is taken on`, () => page.evaluate(() => innerWidth === 320));
    this.equal(await page.evaluate(too_wide), [], `wider than 320 px, ${what}`);
    await page.setViewportSize(WIDE);
    this.counts.states += 1;
  }

  /** A picture for the docs, if pictures are asked for. */
  async picture(page, name) {
    if (!this.images) return;
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(this.images, `${name}.png`), animations: "disabled" });
  }

  finish() {
    assert.deepEqual(this.#complaints, [], "the browser complains");
    this.counts.checks += 1;
  }

  /** What the pages show, for the message of a failure. */
  async seen() {
    const parts = [...this.#complaints.map((text) => `the browser complains: ${text}`)];
    for (const page of this.#pages.filter((page) => !page.isClosed())) {
      const text = await page.locator("body").textContent({ timeout: 1_000 }).catch(String);
      parts.push(`-- ${page.url()}\n${text.slice(0, 4_000)}`);
    }
    return parts.join("\n");
  }

  async close() {
    for (const context of this.#contexts) await context.close().catch(() => {});
  }
}

/** What makes the page scroll sideways: nothing, or the widest elements. */
function too_wide() {
  if (document.documentElement.scrollWidth <= innerWidth) return [];
  const wide = [...document.querySelectorAll("body *")].filter(
    (of) => of.getBoundingClientRect().right > innerWidth,
  );
  return [
    `${document.documentElement.scrollWidth} px`,
    ...wide.slice(0, 5).map((of) => of.outerHTML.slice(0, 120)),
  ];
}
