import { defineConfig } from "vitest/config";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.{ts,tsx}", "test/**/*.test.{mjs,tsx}"],
    // Moments are shown in the reader's own time zone; the tests have one of their own.
    env: { TZ: "UTC" },
  },
});
