import { expect, it } from "vitest";
import type { Letter, LetterPage } from "../api";
import { bars } from "./bars";
import { begun, MOST, with_older } from "./pages";

const letter = (id: number) => ({ id: String(id) }) as Letter;
const page = (from: number, count: number, next: string | null): LetterPage => ({
  as_of: 0,
  took_ms: 1,
  items: Array.from({ length: count }, (_, i) => letter(from - i)),
  next,
  counts: [],
  capped: false,
});

it("an older page stands behind the list, and no letter twice", () => {
  const pages = with_older(begun(page(100, 3, "98")), page(98, 3, null));
  expect(pages.items.map((item) => item.id)).toEqual(["100", "99", "98", "97", "96"]);
  expect(pages.next).toBeNull();
});

it("the list ends at what a browser keeps, and says so", () => {
  let pages = begun(page(10_000, 50, "x"));
  for (let n = 1; pages.next !== null; n += 1) pages = with_older(pages, page(10_000 - n * 50, 50, "x"));
  expect(pages.items).toHaveLength(MOST);
  expect(pages.is_full).toBe(true);
});

it("bars are sorted, and none of a reason with letters is empty", () => {
  const count = (reason: string, letters: number) => ({ reason, letters, rising_since: null });
  const shown = bars([count("b", 1), count("a", 1), count("invalid", 1000), count("c", 0)]);
  expect(shown.map((bar) => [bar.reason, bar.share])).toEqual([
    ["invalid", 1],
    ["a", 0.01],
    ["b", 0.01],
  ]);
  expect(bars([])).toEqual([]);
  expect(bars([count("a", 0)], ["a", "b"]).map((bar) => [bar.reason, bar.share])).toEqual([
    ["a", 0],
    ["b", 0],
  ]);
});
