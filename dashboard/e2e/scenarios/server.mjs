// The page and its server: the server is killed and comes back, seven tabs share three streams.

export async function killed_and_back(stage) {
  stage.allow(/Failed to load resource: net::ERR_/);
  const page = await stage.open();
  const streams = streams_of(page);
  await page.reload();
  await stage.sees(page, ".status-word", "live");
  await stage.ask("the server is killed");
  await stage.sees(page, ".banner", /No news since \d\d:\d\d:\d\d: the values are old/);
  await page.locator("main.stale").waitFor();
  await stage.until("the title says so", async () => (await page.title()) === "No news · orderstream");
  await stage.sees(page, ".status-word", "disconnected");
  await stage.sound(page, "no news");
  await stage.ask("the server is back");
  await stage.no_longer_sees(page, ".banner", /No news since/);
  await stage.sees(page, ".status-word", "live");
  await page.locator("main:not(.stale)").waitFor();
  stage.equal(open_of(streams), 1, "streams of the page");
  await stage.until("the server has one connection", async () => (await stage.ask("connections")) === "1");
}

export async function seven_tabs(stage) {
  const context = await stage.context();
  const streams = streams_of(context);
  const pages = await Promise.all(Array.from({ length: 7 }, () => stage.open("", { context })));
  await stage.until("three tabs are live, and four poll", async () => {
    const ways = await Promise.all(pages.map(way_of));
    return ["live", "polling"].map((way) => ways.filter((of) => of === way).length).join() === "3,4";
  });
  stage.equal(open_of(streams), 3, "streams of the browser");
  const before = await Promise.all(pages.map(moment_of));
  await Promise.all(
    pages.map((page, at) =>
      stage.until("each tab has news", async () => (await moment_of(page)) !== before[at]),
    ),
  );
  for (let look = 0; look < 20; look += 1) {
    const connections = Number(await stage.ask("connections"));
    stage.ok(connections <= 7, `${connections} connections of seven tabs`);
  }

  // A tab that is closed gives its place to another one, as soon as that one is looked at.
  const ways = await Promise.all(pages.map(way_of));
  await pages[ways.indexOf("live")].close();
  const others = pages.filter((page) => !page.isClosed());
  await stage.until("another tab has the stream", async () => {
    await Promise.all(others.map((page) => page.evaluate(look_at)));
    return (await Promise.all(others.map(way_of))).filter((way) => way === "live").length === 3;
  });
  await stage.until("the browser has three streams again", () => open_of(streams) === 3);
}

function look_at() {
  document.dispatchEvent(new Event("visibilitychange"));
}

/** The streams of a page, or of all pages of a browser, that have not ended. */
function streams_of(from) {
  const streams = new Set();
  from.on("request", (request) => /\/api\/stream$/.test(request.url()) && streams.add(request));
  for (const end of ["requestfinished", "requestfailed"]) from.on(end, (request) => streams.delete(request));
  return streams;
}

/** The end of a stream is not told of a tab that was closed. */
const open_of = (streams) => [...streams].filter((request) => !request.frame().page().isClosed()).length;
const way_of = (page) => page.locator(".status-word > span").textContent();
const moment_of = (page) => page.locator(".status-word time").textContent();
