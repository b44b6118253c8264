// The four numbers that are looked at first.

import type { ComponentChildren } from "preact";
import type { Overview } from "../api";
import { milliseconds, rate, seconds, UNKNOWN } from "../format";
import { bottleneck_words, lag_words, trend_words } from "../verdict";

export function Facts({ at }: { at: Overview }) {
  const busy = at.bottleneck;
  const is_known = at.edges.commit.busy !== null || at.edges.lookup.busy !== null;
  return (
    <dl class="facts">
      <Fact name="Behind" value={seconds(at.lag.seconds)}>
        {[lag_words(at.lag), trend_words(at.lag)].filter(Boolean).join(", ")}
      </Fact>
      <Fact name="Age at commit, p50" value={milliseconds(at.age_ms.p50)}>
        p99 {milliseconds(at.age_ms.p99)}
      </Fact>
      <Fact name="Orders" value={rate(at.edges.commit.per_s)}>
        read {rate(at.edges.read.per_s)}
      </Fact>
      <Fact
        name="Bottleneck"
        value={busy ? busy.edge.replace("_", " ") : is_known ? "none" : UNKNOWN}
        tone={busy ? "notice" : undefined}
      >
        {busy ? bottleneck_words(busy) : is_known ? "no stage is busy for long" : "not measured yet"}
      </Fact>
    </dl>
  );
}

type Props = { name: string; value: string; children: ComponentChildren; tone?: "notice" };

function Fact({ name, value, children, tone }: Props) {
  return (
    <div class={`fact ${tone ? `fact-${tone}` : ""}`}>
      <dt>{name}</dt>
      <dd class="fact-value">{value}</dd>
      <dd class="fact-note">{children}</dd>
    </div>
  );
}
