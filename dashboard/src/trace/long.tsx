// A text of others: it wraps anywhere, stands in its own direction of writing, and a long one shows its beginning until it is asked for.

import { useState } from "preact/hooks";
import { integer } from "../format";
import { Button } from "../ui";
import "./style.css";
import { beginning, printable } from "./text";

/** `most`: up to how many characters the text is shown whole. */
export function Long({ text, most }: { text: string; most?: number }) {
  const [is_whole, set_whole] = useState(false);
  const begun = beginning(text, most);
  if (begun === null) return <bdi class="long">{printable(text)}</bdi>;
  return (
    <>
      <bdi class="long">{printable(is_whole ? text : `${begun}…`)}</bdi>{" "}
      <Button kind="quiet" expanded={is_whole} onClick={() => set_whole(!is_whole)}>
        {is_whole ? "Show less" : `Show all ${integer(text.length)} characters`}
      </Button>
    </>
  );
}

/** A value of a column: null stands out, and an empty text is not nothing. */
export function Value({ value }: { value: string | null | undefined }) {
  if (value === undefined) return <span class="faint">-</span>;
  if (value === null) return <span class="faint">null</span>;
  return value === "" ? <span class="faint">(empty)</span> : <Long text={value} />;
}
