import { defineConfig } from "vite";
import { fake } from "./dev/plugin.mjs";

// Every address in the page is relative, so that a proxy may serve the page under any path.
export default defineConfig({
  base: "./",
  plugins: [fake()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // The policy of the page allows no inline script and no polyfill is needed: one script holds everything.
    modulePreload: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    sourcemap: false,
    emptyOutDir: true,
  },
});
