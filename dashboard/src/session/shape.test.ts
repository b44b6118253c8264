import { expect, it } from "vitest";
import { with_parts } from "./shape";

it("an answer of another kind is an error with an advice, and not a broken screen", () => {
  const answer = { items: [], counts: [] };
  expect(with_parts(answer, "items", "counts")).toBe(answer);
  expect(() => with_parts({ items: [] } as unknown as typeof answer, "items", "counts")).toThrow(
    "load the page again",
  );
  expect(() => with_parts(null as unknown as typeof answer, "items")).toThrow("load the page again");
});
