// The sum over everything that the built page is made of. `dist/SOURCE` holds the sum, and a Rust test computes the same without Node, so that
// a change of the source without a new build is noticed.
//
// The rule, from the folder `dashboard/`:
//   - files: `index.html`, `package.json`, `package-lock.json`, `tsconfig.json`, `vite.config.ts`, every file under `build/`, every file under `src/`
//   - not: a file whose name ends in `.test.ts` or `.test.tsx`
//   - each path is relative to `dashboard/`, with `/` between its parts; paths are sorted by their bytes
//   - SHA-256 over, for each file: its path, a zero byte, its bytes, a zero byte
//   - `dist/SOURCE` is the sum in lower-case hexadecimal and a line feed

import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const FILES = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];
const FOLDERS = ["build", "src"];
const IS_TEST = /\.test\.tsx?$/;

/** The paths that count, sorted. */
export function source_files(root) {
  const found = FOLDERS.flatMap((folder) => under(root, folder));
  const all = [...FILES, ...found].filter((path) => !IS_TEST.test(path));
  return all.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function under(root, folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? under(root, path) : [path];
  });
}

/** The sum, in hexadecimal. */
export function source_sum(root) {
  const hash = createHash("sha256");
  for (const path of source_files(root)) {
    hash
      .update(path)
      .update("\0")
      .update(readFileSync(join(root, path)))
      .update("\0");
  }
  return hash.digest("hex");
}
