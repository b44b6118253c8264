// The screens of the page, as their names stand in the navigation and in addresses.

export const SCREENS = ["flow", "trace", "letters", "partitions", "redis", "alerts", "actions"];

/** Goes to a screen, and waits until nothing of it is still being asked for. */
export async function go_to(stage, page, screen) {
  await page.goto(`${stage.url}/#${screen}`);
  await stage.sees(page, "nav [aria-current=page]", new RegExp(screen, "i"));
  await stage.until(
    `${screen} has loaded`,
    async () => (await page.locator("main [aria-busy=true]").count()) === 0,
  );
}
