// Who looks at the page, and how: by a login, in the dark, on a phone, by the keyboard; and whose names are on it.

import { go_to, SCREENS } from "../screens.mjs";

export async function logged_in_and_out(stage) {
  stage.allow(/status of 401/);
  const page = await stage.open("", { remote: true });
  await stage.sees(page, "h1", "Log in");
  await stage.until("the title says so", async () => (await page.title()) === "Log in · orderstream");
  await stage.sound(page, "the login");
  const token = page.getByLabel("Token");
  const enter = page.locator("main").getByRole("button", { name: "Log in" });
  await token.fill("wrong");
  await enter.click();
  await stage.sees(page, ".field-error", /./);
  await stage.until("the field is empty again", async () => (await token.inputValue()) === "");

  await token.fill(stage.tokens.read);
  await enter.click();
  await stage.sees(page, ".verdict", /./);
  await stage.sees(page, ".who", "read (read)");
  stage.equal(await page.evaluate(kept), "{}{}", "what scripts can keep holds no token");
  await page.locator(".who button").click();
  await stage.sees(page, "dialog", "You may see everything, with names and addresses masked");
  await stage.sound(page, "who is logged in");
  await page.getByRole("button", { name: "Log out" }).click();
  await stage.sees(page, "h1", "Log in");

  await token.fill(stage.tokens.reveal);
  await enter.click();
  await stage.sees(page, ".who", "reveal (reveal)");
  await stage.sees(page, ".status-word", "live");
  await stage.ask("the token is taken away");
  await stage.sees(page, "h1", "Log in");
  await page.locator(".verdict").waitFor({ state: "detached" });
  await stage.ask("the token is given back");
  await token.fill(stage.tokens.reveal);
  await enter.click();
  await stage.sees(page, ".who", "reveal (reveal)");
}

function kept() {
  return JSON.stringify(localStorage) + JSON.stringify(sessionStorage);
}

export async function dark_and_still(stage) {
  const page = await stage.open("", { colorScheme: "dark", reducedMotion: "reduce" });
  for (const screen of SCREENS) {
    await go_to(stage, page, screen);
    await stage.sound(page, `${screen}, dark`);
    stage.equal(await page.evaluate(() => document.getAnimations().length), 0, `movements on ${screen}`);
    if (screen === "flow") await stage.picture(page, "flow-dark");
  }
  const back = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await back();
  await page.getByRole("button", { name: /^Colours: auto/ }).click();
  await page.reload();
  await stage.sees(page, ".head-end", "Light");
  stage.ok((await back()) !== dark, "the choice holds over a new load");
  stage.equal(await page.evaluate(() => Object.keys(localStorage)), ["orderstream-theme"], "what is kept");
}

export async function on_a_phone(stage) {
  const { violations_on } = await import("../axe.mjs");
  const page = await stage.open("", {
    viewport: { width: 320, height: 640 },
    hasTouch: true,
    isMobile: true,
  });
  await stage.sees(page, ".way", /Postgres/);
  stage.ok(!(await page.locator(".picture").isVisible()), "the picture is a list");
  for (const screen of SCREENS) {
    await go_to(stage, page, screen);
    stage.equal(await violations_on(page), [], `axe, ${screen} on a phone`);
    stage.equal(
      await page.evaluate(() => document.documentElement.scrollWidth),
      320,
      `the width of ${screen}`,
    );
  }
  stage.counts.states += SCREENS.length;
}

export async function by_keyboard(stage) {
  const page = await stage.open("", { role: "operate" });
  await stage.sees(page, ".verdict", /./);
  const press = (key) => page.keyboard.press(key);
  const focus = () => page.evaluate(name_of_focus);
  const order = [];
  for (let step = 0; step < 13; step += 1) {
    await press("Tab");
    order.push((await focus()).replace(/\d.*$/, "").trim());
  }
  const screens = SCREENS.map((name) => name[0].toUpperCase() + name.slice(1));
  const known = ["To the content", ...screens, "order-search", "Pause"];
  stage.equal(order.slice(0, known.length), known, "the order of Tab");
  stage.ok(order.at(-1).startsWith("Help"), `the order of Tab: ${order.join(", ")}`);

  const focused = (name, when) =>
    stage.until(`the focus is on ${name} ${when}`, async () => name.test(await focus()));
  const leave = async () => {
    await press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
  };
  await press("?");
  await stage.sees(page, "dialog", "Search for an order by its number");
  await stage.sound(page, "the help");
  for (let step = 0; step < 4; step += 1) {
    await press("Tab");
    stage.ok(await page.evaluate(is_within_dialog), "the focus stays in the dialog");
  }
  await leave();
  await focused(/^Help/, "again");

  await press("/");
  await focused(/^order-search$/, "after /");
  await page.keyboard.type("gl");
  stage.equal(new URL(page.url()).hash, "", "letters in a field are text");
  await page.locator("#order-search").fill("");
  await press("Tab");
  await press("g");
  await press("l");
  await stage.sees(page, "h1", "Letters");
  await focused(/^main$/, "on a new screen");
  await press("Space");
  await stage.sees(page, ".banner", "Paused by you");
  await press("Space");
  await stage.no_longer_sees(page, ".banner", "Paused by you");

  await stage.sees(page, "main button", /^Replay/);
  await tab_to(page, /^Replay/);
  await press("Enter");
  await stage.sees(page, "dialog .steps [aria-current=step]", "choose");
  await stage.until("the focus is in the dialog", () => page.evaluate(is_within_dialog));
  await leave();
  await focused(/^Replay/, "again");
  await press("Enter");
  await stage.sees(page, "dialog .steps [aria-current=step]", "choose");
  await focused(/^Letters a second/, "at first");
  await press("Enter");
  await stage.sees(page, "dialog .steps [aria-current=step]", "confirm");
  await focused(/^Cancel$/, "before the last step");
  const number = /Type (\d+) to confirm/.exec(await page.getByRole("dialog").textContent())?.[1];
  if (number) {
    await tab_to(page, /^Type/, "Shift+Tab");
    await page.keyboard.type(number);
  }
  await tab_to(page, /^Replay$/);
  await press("Enter");
  await stage.sees(page, "dialog .effect", /Outcome: .*refused again/);
  await stage.until("the focus is in the dialog", () => page.evaluate(is_within_dialog));
  await leave();
  await focused(/^(main|Replay)/, "and not lost");
}

async function tab_to(page, name, key = "Tab") {
  for (let step = 0; step < 40; step += 1) {
    if (name.test(await page.evaluate(name_of_focus))) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${key} leads to nothing named ${name}`);
}

function name_of_focus() {
  const at = document.activeElement;
  if (!at || at === document.body) return "body";
  const label = at.labels?.[0]?.textContent;
  return (
    at.getAttribute("aria-label") ??
    (at.id === "order-search" || at.id === "main" ? at.id : (label ?? at.textContent))
  );
}

function is_within_dialog() {
  const at = document.activeElement;
  // Between the last and the first control of a dialog the browser's own bar has the focus.
  return at === document.body || at?.closest("dialog") !== null;
}

export async function hostile_names(stage) {
  const script = "<script>alert(1)</script>";
  const page = await stage.open();
  await stage.sees(page, ".table-block[aria-label='Last orders']", "<img src=x onerror=alert(2)>");
  await stage.sound(page, "Flow with a product of 10 kB");
  const revealed = await stage.open("", { role: "reveal" });
  for (const order of ["1", "2"]) {
    await page.goto(`${stage.url}/#trace/${order}`);
    await stage.sees(page, ".finding", "right");
    await stage.sees(page, "main", "***");
    stage.ok(!(await page.locator("body").textContent()).includes("alert(1)"), "names are masked");
    await stage.sound(page, `order ${order}, masked`);
    await revealed.goto(`${stage.url}/#trace/${order}`);
    await revealed.getByRole("button", { name: "Show names" }).click();
    await stage.sees(revealed, "main", script);
    await stage.sound(revealed, `order ${order}, revealed`);
  }
  await revealed
    .getByRole("button", { name: /Show all 10,\d\d\d characters/ })
    .first()
    .click();
  await stage.sound(revealed, "a name of 10 kB at its whole length");
  await revealed.getByLabel("Customer id", { exact: true }).fill("<b>1</b>");
  await revealed.getByRole("button", { name: "Trace customer" }).click();
  await stage.sees(revealed, ".finding", "known");
  await revealed.getByRole("button", { name: "Show names" }).click();
  await stage.sees(revealed, "main", script);
  await stage.sound(revealed, "a customer, revealed");
  await page.goto(`${stage.url}/#letters`);
  await stage.sees(page, ".table-block[aria-label='Letters, the newest first']", "invalid");
  await stage.sound(page, "letters of hostile records");
  await page.locator(".table-block tbody a").first().click();
  await stage.sees(page, ".finding", "open");
  await revealed.goto(page.url());
  await revealed.getByRole("button", { name: "Show the payload" }).click();
  await stage.sees(revealed, ".payload", script);
  await stage.sound(revealed, "a hostile payload");
  for (const at of [page, revealed])
    stage.equal(
      await at.locator("main script, main img, main b").count(),
      0,
      "elements that are made of texts",
    );
}
