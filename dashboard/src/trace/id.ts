// Ids of orders. Ids have 64 bits, so an id is a text in the whole page: a JavaScript number would lose the last digits.

const LOWEST = -(2n ** 63n);
const HIGHEST = 2n ** 63n - 1n;
const MOST_DIGITS = 400;

export type Parsed = { id: string } | { error: string };

/** The id that a text names, without leading zeros; or what is wrong with the text, for people. */
export function order_id(text: string): Parsed {
  const typed = text.trim();
  if (typed === "") return { error: "Type the id of an order: a whole number, such as 1000006." };
  if (!/^[+-]?[0-9]+$/.test(typed) || typed.length > MOST_DIGITS) {
    return {
      error: "The id of an order is a whole number without spaces, points or commas, such as 1000006.",
    };
  }
  const id = BigInt(typed.replace("+", ""));
  if (id < LOWEST || id > HIGHEST) {
    return { error: `The id of an order has 64 bits: it lies between ${LOWEST} and ${HIGHEST}.` };
  }
  return { id: id.toString() };
}
