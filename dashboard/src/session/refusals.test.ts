import { expect, it } from "vitest";
import { advice, again_in } from "./refusals";

const refused = (status: number, code: string, retry_after_ms: number | null = null) => ({
  status,
  code,
  retry_after_ms,
});

it("an error says what to do, and when", () => {
  expect(again_in(refused(429, "busy", 4_200))).toBe(" Try again in 5 s.");
  expect(again_in(refused(429, "busy"))).toBe("");
  expect(advice(refused(429, "busy", 60_000))).toBe(" Try again in 1 min.");
  expect(advice(refused(0, "network"))).toContain("whether orderstream runs");
  expect(advice(refused(0, "deadline"))).toContain("Ask again");
  expect(advice(refused(404, "not_found"))).toBe("");
});
