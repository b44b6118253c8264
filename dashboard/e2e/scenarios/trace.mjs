// The trace of an order that is right, of one that was never seen, and of a customer.

const CUSTOMER = "CUST005";

export async function traced(stage) {
  const page = await stage.open();
  const addresses = [];
  page.on("request", (request) => addresses.push(request.url()));
  const [seen, never_seen] = (await stage.ask("an order has come")).split(" ");

  await page.keyboard.press("/");
  await page.keyboard.type(seen);
  await page.keyboard.press("Enter");
  await stage.sees(page, ".finding", "right");
  await stage.sees(page, ".order-way", /shop[\s\S]*Kafka[\s\S]*results[\s\S]*hash/);
  await stage.sees(page, "main", "E*** M***");
  await stage.sees(page, "main", "Nothing differs.");
  stage.ok(!(await page.locator("body").textContent()).includes("emma@"), "the address is masked");
  stage.equal(await page.getByRole("button", { name: "Show names" }).count(), 0, "buttons for names");
  await stage.sound(page, "an order that is right");
  await stage.picture(page, "trace");
  await page.getByRole("button", { name: "Show the events" }).click();
  await stage.sees(page, "main", /named by|row/i);
  await page.getByRole("button", { name: "Search Kafka" }).click();
  await stage.sees(page, ".kafka-search", /offsets \d+ to \d+: [\d,]+ records?, [1-9]/);
  await stage.sound(page, "a search in Kafka");

  await page.getByLabel("Order id", { exact: true }).fill(never_seen);
  await page.getByRole("button", { name: "Trace order" }).click();
  await stage.sees(page, ".finding", "never seen");
  await stage.sound(page, "an order that was never seen");
  await page.getByLabel("Order id", { exact: true }).fill("12x");
  await page.getByRole("button", { name: "Trace order" }).click();
  await stage.sees(page, ".field-error", "whole number");

  await page.getByLabel("Customer id", { exact: true }).fill(CUSTOMER);
  await page.getByRole("button", { name: "Trace customer" }).click();
  await stage.sees(page, ".finding", "known");
  await stage.sees(page, "main", "E*** M***");
  await stage.sound(page, "a customer");
  addresses.push(page.url(), await page.title(), ...(await page.evaluate(kept)));
  stage.equal(
    addresses.filter((text) => text.includes(CUSTOMER)),
    [],
    "places that hold the id of the customer",
  );
  await page.goBack();
  await page.goForward();
  stage.ok(!page.url().includes(CUSTOMER), page.url());
}

/** What the browser keeps of the page. */
function kept() {
  return [
    JSON.stringify(localStorage),
    JSON.stringify(sessionStorage),
    document.cookie,
    JSON.stringify(history.state),
  ];
}
