// What axe finds on a page. Axe runs in a world of its own beside the page's scripts, so the page under test keeps its policy: nothing is bypassed.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RUN = `axe.run(document, { resultTypes: ["violations"], preload: false }).then(({ violations }) =>
  violations.flatMap(({ id, nodes }) => nodes.map((node) =>
    id + ": " + node.target.join(" ") + " " + [...node.any, ...node.all, ...node.none].map((of) => of.message).join("; "))))`;

/** A line for each violation. */
export async function violations_on(page) {
  const session = await page.context().newCDPSession(page);
  try {
    const { frameTree } = await session.send("Page.getFrameTree");
    const world = { frameId: frameTree.frame.id, worldName: "axe" };
    const { executionContextId: contextId } = await session.send("Page.createIsolatedWorld", world);
    await evaluated(session, contextId, `${AXE};0`);
    return await evaluated(session, contextId, RUN);
  } finally {
    await session.detach();
  }
}

async function evaluated(session, contextId, expression) {
  const asked = { expression, contextId, awaitPromise: true, returnByValue: true };
  const { result, exceptionDetails } = await session.send("Runtime.evaluate", asked);
  if (exceptionDetails)
    throw new Error(`axe: ${exceptionDetails.exception?.description ?? exceptionDetails.text}`);
  return result.value;
}
