// The search in Kafka over the wire: lines of JSON as they come. Closing the request ends the search on the server too.

import { refusal, send } from "../request";
import { as_error } from "../session/asked";
import { ended, heard, type Search, split } from "./search";

/** Longer than the server's own limit of 10 s. */
const DEADLINE_MS = 30_000;

type Asked = { since: string | null; reveal: boolean };

/** Searches, and tells what is known after each line. An `ApiError` is thrown if the search does not begin. */
export async function search_kafka(
  id: string,
  asked: Asked,
  cancel: AbortSignal,
  tell: (search: Search) => void,
): Promise<void> {
  let search: Search = { at: "running", records: 0 };
  const know = (now: Search) => {
    search = now;
    tell(now);
  };
  try {
    const path = `api/orders/${encodeURIComponent(id)}/search`;
    const response = await send(path, {
      method: "POST",
      body: asked,
      signal: cancel,
      deadline_ms: DEADLINE_MS,
    });
    if (!response.ok || response.body === null) throw await refusal(response);
    await read(response.body, (line) => know(heard(search, line)));
    know(ended(search));
  } catch (thrown) {
    const records = search.at === "running" ? search.records : 0;
    if (cancel.aborted) return know({ at: "cancelled", records });
    if (records === 0) throw as_error(thrown);
    know({ at: "failed", why: as_error(thrown).message, records });
  }
}

async function read(body: ReadableStream<Uint8Array>, line: (line: string) => void): Promise<void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const cut = split(rest, done ? `${decoder.decode()}\n` : decoder.decode(value, { stream: true }));
    rest = cut.rest;
    cut.lines.forEach(line);
    if (done) return;
  }
}
