// Letters: the list, one of them, and its payload, which needs a role.

export async function letters_read(stage) {
  const page = await stage.open("#letters");
  const table = ".table-block[aria-label='Letters, the newest first']";
  await stage.sees(page, table, /rejected_by_database/);
  await stage.sees(page, ".bars", /rejected_by_database[\s\S]*3/);
  await stage.sound(page, "letters");
  await stage.picture(page, "letters");

  const rows = page.locator(`${table} tbody tr`);
  await page.locator(".bar", { hasText: "invalid" }).click();
  await stage.no_longer_sees(page, table, "rejected_by_database");
  await stage.until("the letters that are invalid are listed", async () => (await rows.count()) === 2);
  await page.getByLabel("Key: id of an order or a customer").fill("103");
  await page.getByRole("button", { name: "Find the key" }).click();
  await stage.until("one letter is left", async () => (await rows.count()) === 1);
  stage.equal(new URL(page.url()).hash, "#letters", "what is looked for stands in no address");
  await page.getByLabel("State").selectOption("closed");
  await stage.sees(page, "main", /No letter: closed letters/);
  await page.getByLabel("State").selectOption("all");
  await stage.until("closed letters are no filter any more", async () => (await rows.count()) === 1);
  await page.getByRole("button", { name: "Clear" }).click();
  await stage.until("all letters are listed", async () => (await rows.count()) === 5);

  await page.locator(`${table} tbody a`).first().click();
  await stage.sees(page, "main", /Letter \S+-\d+-\d+/);
  await stage.sees(page, ".finding", "open");
  await stage.sees(page, "main", /The payload needs the role reveal/);
  stage.equal(
    await page.getByRole("button", { name: "Show the payload" }).count(),
    0,
    "buttons for the payload",
  );
  await stage.sound(page, "a letter");
  const id = new URL(page.url()).hash.split("/")[1];
  const refused = await page.context().request.get(`${stage.url}/api/letters/${id}/payload`);
  stage.equal(refused.status(), 403, "the server refuses the payload too");

  const revealing = await stage.open(`#letters/${id}`, { role: "reveal" });
  await revealing.getByRole("button", { name: "Show the payload" }).click();
  await stage.sees(revealing, ".payload", /"customer_id":\s*"CUST001"/);
  await stage.sound(revealing, "a letter with its payload");
  await revealing.getByRole("button", { name: "Replay this letter" }).click();
  stage.allow(/status of 403/);
  await revealing.getByRole("button", { name: "Dry run" }).click();
  await stage.sees(revealing, "dialog", /needs the role operate/);
  await stage.sound(revealing, "an action that is refused");
}
