// Texts of others, as a page may show them.

/** The longest text that is shown whole, where nothing else is said. */
const LONGEST = 240;

/** A text whose letters all are seen: no control character but tab and line end, and none that turns the direction of writing. */
export function printable(text: string): string {
  let shown = "";
  for (const letter of text) shown += commands(letter.codePointAt(0) ?? 0) ? "\uFFFD" : letter;
  return shown;
}

function commands(code: number): boolean {
  if (code === 0x09 || code === 0x0a || code === 0x0d) return false;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  return (
    (code >= 0x200e && code <= 0x200f) ||
    (code >= 0x202a && code <= 0x202e) ||
    (code >= 0x2066 && code <= 0x2069)
  );
}

/** The beginning of a long text; null if the text is short. No letter is cut in two. */
export function beginning(text: string, most = LONGEST): string | null {
  if (text.length <= most) return null;
  return Array.from(text.slice(0, most + 1))
    .slice(0, -1)
    .join("");
}
