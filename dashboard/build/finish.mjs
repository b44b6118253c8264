// Ends a build: puts a .gz and a .br beside each file, and writes dist/SOURCE. The same source gives the same bytes, whenever and wherever it is
// built: no dates, no names of a machine.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { source_sum } from "./source.mjs";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DIST = join(ROOT, "dist");
const IS_PACKED = /\.(html|js|css)$/;

for (const path of files(DIST).filter((path) => IS_PACKED.test(path))) {
  const bytes = readFileSync(path);
  writeFileSync(`${path}.gz`, gzipped(bytes));
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, options(bytes.length)));
}
writeFileSync(join(DIST, "SOURCE"), `${source_sum(ROOT)}\n`);

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}

/** The header of gzip names the system that packed; 255 says "unknown" everywhere. */
function gzipped(bytes) {
  const packed = gzipSync(bytes, { level: 9 });
  packed[9] = 255;
  return packed;
}

function options(size) {
  return { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: size } };
}
