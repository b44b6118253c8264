// The payload of a letter, on request, as plain text. It may hold names and addresses, so it needs a role and is logged.

import { useState } from "preact/hooks";
import type { Payload } from "../api";
import { may_reveal, session } from "../live";
import { request } from "../request";
import { useAsked } from "../session/asked";
import { Refused } from "../session/refused";
import { needs } from "../session/rights";
import { with_parts } from "../session/shape";
import { printable } from "../trace/text";
import { Button, Card, Skeleton } from "../ui";

export function PayloadCard({ id }: { id: string }) {
  const [is_shown, set_shown] = useState(false);
  const hide = is_shown && (
    <Button kind="quiet" onClick={() => set_shown(false)}>
      Hide
    </Button>
  );
  return (
    <Card title="Payload" aside={hide}>
      {is_shown ? (
        <Shown id={id} />
      ) : may_reveal.value ? (
        <p>
          <Button onClick={() => set_shown(true)}>Show the payload</Button>{" "}
          <span class="hint">It may hold names and addresses. Showing is logged, with your name.</span>
        </p>
      ) : (
        <p class="hint">{needs("reveal", session.value, "The payload")}</p>
      )}
    </Card>
  );
}

function Shown({ id }: { id: string }) {
  const { value, error, again } = useAsked(`payload ${id}`, async (signal) => {
    const answer = await request<Payload>(`api/letters/${encodeURIComponent(id)}/payload`, {
      signal,
      deadline_ms: 30_000,
    });
    return with_parts(answer, "headers");
  });
  if (error) return <Refused error={error} again={again} />;
  if (value === null) return <Skeleton lines={6} label="The payload is read" />;
  const headers = value.headers.map(([name, text]) => `${name}: ${text}`).join("\n");
  return (
    <>
      <Text name="Headers" text={headers === "" ? null : headers} />
      <Text name="Key" text={value.key} />
      <Text name="Value" text={value.value} />
      {value.truncated && <p class="note">This is the beginning: at most 64 KiB of each are shown.</p>}
    </>
  );
}

function Text({ name, text }: { name: string; text: string | null }) {
  return (
    <>
      <h3 class="payload-name">{name}</h3>
      {text === null ? (
        <p class="faint">none</p>
      ) : (
        // The text scrolls within its block; the keyboard must reach it.
        <section class="payload" tabIndex={0} aria-label={name}>
          <pre>{printable(text)}</pre>
        </section>
      )}
    </>
  );
}
