// An hour of news: the page needs no more memory at its end than at its start.

const HOUR = 3_600;
const MOST_MB = 5;

export async function an_hour(stage) {
  const context = await stage.context();
  await context.addInitScript(fake_time_and_stream);
  const page = await stage.open("", { context });
  await stage.until("the page listens", () => page.evaluate(() => globalThis.news !== undefined));
  await page.evaluate(
    (told) => globalThis.news.tell(told),
    await (await context.request.get(`${stage.url}/api/overview`)).json(),
  );
  await stage.sees(page, ".verdict", /./);
  await stage.until("both charts are drawn", async () => (await page.locator(".plot canvas").count()) === 2);
  const session = await context.newCDPSession(page);
  await page.evaluate(() => globalThis.news.seconds(60));
  const before = await heap(session);
  const nodes = await page.evaluate(() => document.getElementsByTagName("*").length);
  for (let minute = 0; minute < HOUR / 60; minute += 1)
    await page.evaluate(() => globalThis.news.seconds(60));
  const after = await heap(session);
  const grown = (after - before) / 1_000_000;
  stage.ok(grown <= MOST_MB, `${grown.toFixed(2)} MB more after an hour`);
  const more = (await page.evaluate(() => document.getElementsByTagName("*").length)) - nodes;
  stage.ok(Math.abs(more) < 100, `${more} nodes more after an hour`);
  stage.counts.grown_mb = Number(grown.toFixed(2));
}

async function heap(session) {
  await session.send("HeapProfiler.collectGarbage");
  return (await session.send("Runtime.getHeapUsage")).usedSize;
}

/** The page's clock goes on by a second with each snapshot, and the snapshots come from here. */
function fake_time_and_stream() {
  let ahead = 0;
  const now = Date.now.bind(Date);
  Date.now = () => now() + ahead;
  globalThis.EventSource = class extends EventTarget {
    constructor() {
      super();
      globalThis.news = { tell: (told) => this.tell(told), seconds: (count) => this.seconds(count) };
    }
    close() {}
    tell(told) {
      this.told = told;
      this.dispatchEvent(new MessageEvent("snapshot", { data: JSON.stringify(told) }));
    }
    async seconds(count) {
      for (let second = 0; second < count; second += 1) {
        ahead += 1_000;
        const wave = 1 + Math.sin(ahead / 60_000);
        const { edges, lag, partitions, ...rest } = this.told;
        const moved = Object.fromEntries(
          Object.entries(edges).map(([name, of]) => [name, { ...of, per_s: 4_000 * wave }]),
        );
        const parts = partitions.map((part) => ({ ...part, lag: Math.round(900 * wave) }));
        this.tell({
          ...rest,
          at: Date.now(),
          seq: rest.seq + 1,
          edges: moved,
          lag: { ...lag, records: Math.round(3_600 * wave), seconds: wave },
          partitions: parts,
        });
        await new Promise((done) => setTimeout(done, 0));
      }
    }
  };
}
