// What an operator does: a replay in its four steps, the pause of a partition, the hold of the breaker. Nothing happens without the last step.

const OPERATOR = { role: "operate" };
const dialog_of = (page) => page.getByRole("dialog");
const has_focus = (of) => of.evaluate((at) => at === document.activeElement);
const button = (within, name) => within.getByRole("button", { name });

export async function replayed(stage) {
  const page = await stage.open("#letters", OPERATOR);
  await page.locator(".bar", { hasText: "rejected_by_database" }).click();
  const wanted = button(page, "Replay 3 letters");
  const dialog = dialog_of(page);
  const nothing_done = async (when) =>
    stage.equal(await stage.ask("letters open, actions begun"), "5|0", `nothing has happened ${when}`);

  await wanted.click();
  await stage.sees(page, "dialog .steps [aria-current=step]", "choose");
  await stage.sound(page, "a replay, choose");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await nothing_done("after Escape in the first step");
  await stage.until("the focus is back on the button", () => has_focus(wanted));

  await wanted.click();
  await button(dialog, "Dry run").click();
  await stage.sees(page, "dialog .steps [aria-current=step]", "confirm");
  await stage.sees(page, "dialog .effect", /3/);
  await stage.sound(page, "a replay, confirm");
  await stage.until("Cancel has the focus", () => has_focus(button(dialog, "Cancel")));
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "hidden" });
  await nothing_done("after Cancel behind the dry run");

  await stage.ask("the cause is mended");
  await wanted.click();
  await button(dialog, "Dry run").click();
  const confirm = dialog.getByLabel(/Type .* to confirm/);
  await confirm.fill("4");
  await stage.sees(page, "dialog .field-error", "This is not 3");
  stage.ok(await button(dialog, /^Replay$/).isDisabled(), "another number does not confirm");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await nothing_done("after Escape behind a wrong number");
  await wanted.click();
  await button(dialog, "Dry run").click();
  await confirm.fill("3");
  await button(dialog, /^Replay$/).click();
  await stage.sees(page, "dialog .effect", /Outcome: 3 of 3 replayed: 3 applied, 0 stale/);
  await stage.sound(page, "a replay, its outcome");
  stage.equal(
    await stage.ask("letters open, actions begun"),
    "2|1",
    "three letters are closed by one action",
  );
  await button(dialog, "Close").click();
  await stage.sees(page, "main", /No letter: open letters, of reason rejected_by_database/);
}

export async function partition_paused(stage) {
  const page = await stage.open("#partitions", OPERATOR);
  const table = ".table-block[aria-label='Partitions'] tr";
  const dialog = dialog_of(page);
  await page.locator(table, { hasText: "orders 0" }).getByRole("button", { name: "Pause" }).click();
  await button(dialog, "Dry run").click();
  await stage.sees(page, "dialog", "Say why");
  await dialog.getByLabel(/Reason/).fill("the warehouse is being counted");
  await button(dialog, "Dry run").click();
  await stage.sees(page, "dialog .effect", /orders/);
  await stage.sound(page, "a pause, confirm");
  stage.equal(await stage.ask("pauses"), "0", "the dry run pauses nothing");
  await button(dialog, /^Pause$/).click();
  await stage.sees(page, "dialog .effect", /Outcome: .*is paused until/);
  await button(dialog, "Close").click();
  await stage.sees(page, table, /orders 0[\s\S]*paused[\s\S]*the warehouse is being counted/);
  await stage.sound(page, "partitions, one is paused");
  await stage.picture(page, "partitions");
  await page.goto(`${stage.url}/#flow`);
  await stage.sees(page, ".verdict", "Degraded");
  stage.equal(await stage.ask("ready"), "200", "a paused partition is degraded and not unready");
  await stage.sound(page, "a paused partition");

  await page.goto(`${stage.url}/#partitions`);
  await page.locator(table, { hasText: "orders 0" }).getByRole("button", { name: "Resume" }).click();
  await dialog.getByLabel(/Reason/).fill("counted");
  await button(dialog, "Dry run").click();
  await button(dialog, /^Resume$/).click();
  await stage.sees(page, "dialog .effect", /Outcome: .*is read again/);
  await button(dialog, "Close").click();
  await stage.sees(page, table, /orders 0[\s\S]*running/);
}

export async function breaker_held(stage) {
  const page = await stage.open("#redis", OPERATOR);
  const dialog = dialog_of(page);
  await button(page, "Hold open").click();
  await dialog.getByLabel(/Reason/).fill("Redis is being moved");
  await button(dialog, "Dry run").click();
  await button(dialog, /^Hold$/).click();
  await stage.sees(page, "dialog .effect", /Outcome: the breaker is to be open/);
  await button(dialog, "Close").click();
  await stage.sees(page, ".note", /Held open by hand, by operate, until .*: Redis is being moved/);
  await stage.sound(page, "a breaker that is held");
  await button(page, "Release").click();
  await dialog.getByLabel(/Reason/).fill("moved");
  await button(dialog, "Dry run").click();
  await button(dialog, /^Release$/).click();
  await stage.sees(page, "dialog .effect", /Outcome: nobody holds the breaker/);
  await button(dialog, "Close").click();
  await stage.sees(page, ".breaker-now", /Server\s*closed/);
}
