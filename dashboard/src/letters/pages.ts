// The list of letters in pages by key: a page more at the end, each letter once, and an end of what the browser keeps.

import type { Letter, LetterPage } from "../api";

/** The most letters that the page keeps; who looks for more chooses narrower. */
export const MOST = 500;

export type Pages = { items: Letter[]; next: string | null; first: LetterPage; is_full: boolean };

/** The list with its first page. */
export const begun = (page: LetterPage): Pages => ({
  items: page.items,
  next: page.next,
  first: page,
  is_full: false,
});

/** The list with an older page behind it. */
export function with_older(pages: Pages, page: LetterPage): Pages {
  const known = new Set(pages.items.map((letter) => letter.id));
  const items = [...pages.items, ...page.items.filter((letter) => !known.has(letter.id))];
  const is_full = items.length >= MOST;
  return { ...pages, items, next: is_full ? null : page.next, is_full: is_full && page.next !== null };
}
