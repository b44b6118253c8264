// The letters of an order or a customer.

import type { TraceLetter } from "../api";
import { counted as in_words } from "../format";
import { Badge, Card } from "../ui";
import { Long } from "./long";
import { in_words as moment } from "./timeline";

/** The most that the server counts. */
const MOST = 1_000;

export function Letters({ letters, counted }: { letters: TraceLetter[]; counted: number }) {
  if (letters.length === 0) return null;
  const more = counted - letters.length;
  return (
    <Card title="Letters">
      <ul class="letters">
        {letters.map((letter) => (
          <li key={letter.id}>
            <a href={`#letters/${encodeURIComponent(letter.id)}`}>letter {letter.id}</a>{" "}
            <Badge tone={letter.resolution === null ? "bad" : "quiet"}>{letter.resolution ?? "open"}</Badge>{" "}
            {letter.reason}, {letter.topic} {letter.position}, {in_words(letter.replays, "replay")},{" "}
            {moment(letter.created_at)}
            <p>
              <Long text={letter.message} />
            </p>
          </li>
        ))}
      </ul>
      {more > 0 && (
        <p class="hint">
          And {more} older ones{counted > MOST ? " or more" : ""}. <a href="#letters">Letters</a> lists them
          by this key.
        </p>
      )}
    </Card>
  );
}
