import { expect, it } from "vitest";
import { beginning, printable } from "./text";

it("no text of others hides a letter or turns the line around", () => {
  expect(printable("a\u0000b\u001b[2J\u202e9\u2066x\u200f")).toBe("a\uFFFDb\uFFFD[2J\uFFFD9\uFFFDx\uFFFD");
  expect(printable("Zoë <script>\n\t😀")).toBe("Zoë <script>\n\t😀");
});

it("a long text is cut between letters, and a short one is left whole", () => {
  expect(beginning("x".repeat(240))).toBeNull();
  expect(beginning("x".repeat(10_240))).toHaveLength(240);
  const cut = beginning(`${"x".repeat(239)}😀${"x".repeat(100)}`) ?? "";
  expect(cut.endsWith("x")).toBe(true);
  expect(beginning("😀".repeat(200))?.endsWith("😀")).toBe(true);
});
