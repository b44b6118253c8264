// The head of a trace: the verdict, the way as a picture, how long each server took, how old the answer is.

import type { OrderReport } from "../api";
import { milliseconds } from "../format";
import { may_reveal } from "../live";
import { Age, Badge, Button, Card, Failed } from "../ui";
import { Long } from "./long";
import { printable } from "./text";
import { of_step, of_verdict, STEP_NAMES } from "./words";

type Props = {
  report: OrderReport;
  at: number | null;
  is_asking: boolean;
  is_revealed: boolean;
  onReload: () => void;
  onReveal: () => void;
};

export function Head({ report, at, is_asking, is_revealed, onReload, onReveal }: Props) {
  const { tone, word } = of_verdict(report.verdict.code);
  const aside = <Aside took={report.took_ms} at={at} is_asking={is_asking} onReload={onReload} />;
  return (
    <Card title={`Order ${report.id}`} aside={aside}>
      <p class="finding">
        <Badge tone={tone}>{word}</Badge> <Long text={report.verdict.text} most={2_000} />
      </p>
      <Way steps={report.steps} />
      <NotAnswered servers={report.not_answered} />
      <Names is_revealed={is_revealed} is_asking={is_asking} onReveal={onReveal} />
    </Card>
  );
}

const SERVERS: Record<string, string> = { postgres: "Postgres", redis: "Redis", kafka: "Kafka" };
const name_of = (server: string): string => SERVERS[server] ?? server;

type AsideProps = {
  took: Record<string, number | string | null>;
  at: number | null;
  is_asking: boolean;
  onReload: () => void;
};

/** How long each server took, how old the answer is, and the way to a newer one. */
export function Aside({ took, at, is_asking, onReload }: AsideProps) {
  const times = Object.entries(took).filter(([, ms]) => ms !== null);
  return (
    <>
      <span class="took">
        {times.map(([server, ms]) => `${name_of(server)} ${milliseconds(Number(ms))}`).join(", ")}
      </span>
      {at !== null && <Age at={at} prefix="asked " />}
      <Button onClick={onReload} disabled={is_asking}>
        {is_asking ? "Loading" : "Reload"}
      </Button>
    </>
  );
}

/** The way of the order: shop, Kafka, results, hash. */
function Way({ steps }: { steps: OrderReport["steps"] }) {
  return (
    <ol class="order-way" aria-label="The way of the order">
      {steps.map(({ step, state, what }) => (
        <li key={step}>
          <span class="order-way-name">{STEP_NAMES[step] ?? step}</span>
          <Badge tone={of_step(state).tone}>{of_step(state).word}</Badge>
          <span class="order-way-what">
            <Long text={what} />
          </span>
        </li>
      ))}
    </ol>
  );
}

/** Who did not answer, and why; the rest is told all the same. */
export function NotAnswered({ servers }: { servers: { server: string; why: string }[] }) {
  if (servers.length === 0) return null;
  return (
    <div class="refused">
      {servers.map(({ server, why }) => (
        <Failed
          key={server}
          why={`${name_of(server)} did not answer: ${printable(why)}. Reload asks again; what the others know is shown.`}
        />
      ))}
    </div>
  );
}

/** Names and addresses are shown on request, and masked again by the next load. */
export function Names({
  is_revealed,
  is_asking,
  onReveal,
}: Pick<Props, "is_revealed" | "is_asking" | "onReveal">) {
  if (is_revealed)
    return (
      <p class="note">Names and addresses are shown, which was logged. The next load masks them again.</p>
    );
  if (!may_reveal.value) return null;
  return (
    <p class="hint">
      Names and addresses are masked.{" "}
      <Button onClick={onReveal} disabled={is_asking}>
        Show names
      </Button>{" "}
      Showing is logged, with your name.
    </p>
  );
}
