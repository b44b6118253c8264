// Serves dist as orderstream does, under the page's real policy, with made-up answers: `npm run fake`, then http://127.0.0.1:5180/ready/.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { answer } from "./answer.mjs";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css" };
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/** Starts the server and gives it; port 0 takes a free one. */
export function serve(port) {
  const server = createServer(async (request, response) => {
    if (answer(request, response)) return;
    const { pathname } = new URL(request.url, "http://page");
    const path = normalize(pathname.replace(/^\/(?!assets\/)\w+\//, "/")).replace(/^\/+/, "") || "index.html";
    try {
      const file = await readFile(join(DIST, path));
      response.writeHead(200, {
        "content-type": TYPES[extname(path)] ?? "text/plain",
        "content-security-policy": POLICY,
      });
      response.end(file);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((started) => server.listen(port, "127.0.0.1", () => started(server)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await serve(Number(process.env.PORT ?? 5180));
  console.log("http://127.0.0.1:5180/ready/");
}
