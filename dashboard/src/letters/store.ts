// What is chosen and listed, in the memory of the page: another screen and the way back change nothing. The key may be the id of a customer, so
// nothing of this stands in an address.

import { signal } from "@preact/signals";
import type { LetterFilter, LetterPage } from "../api";
import { request } from "../request";
import { with_parts } from "../session/shape";
import { type Choice, FIRST, filter_of } from "./filter";

export const choice = signal<Choice>(FIRST);

/** One page of the letters that a choice means; `after`: behind which place. */
export async function page(
  of: Choice,
  now: number,
  after: string | null,
  signal: AbortSignal,
): Promise<LetterPage> {
  const body: LetterFilter = filter_of(of, now);
  if (after !== null) body.after = after;
  const answer = await request<LetterPage>("api/letters/list", { method: "POST", body, signal });
  return with_parts(answer, "items", "counts");
}
