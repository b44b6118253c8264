// Redis: what did the breaker do, is Redis whole?

import { useEffect } from "preact/hooks";
import { Chart } from "../chart";
import { integer, rate } from "../format";
import { overview } from "../live";
import type { ScreenProps } from "../shell/route";
import { ScreenTitle, Skeleton } from "../ui";
import { BreakerCard } from "./breaker";
import { follow_day } from "./day";
import { Transitions } from "./transitions";
import { WholeCard } from "./whole";

export function Screen(_: ScreenProps) {
  const at = overview.value;
  useEffect(follow_day, []);
  return (
    <>
      <ScreenTitle name="Redis" question="What did the breaker do, is Redis whole?" />
      {at ? (
        <>
          <BreakerCard at={at} />
          <WholeCard at={at} />
          <div class="pair">
            <Chart
              title="Look-ups, hashes"
              lines={[
                { name: "lookups_per_s", label: "look-ups", tone: "first" },
                { name: "hashes_per_s", label: "hashes", tone: "second" },
              ]}
              format={rate}
            />
            <Chart
              title="Redis behind"
              lines={[{ name: "redis_behind", label: "records", tone: "first" }]}
              format={integer}
            />
          </div>
          <Transitions />
        </>
      ) : (
        <div class="loading">
          <Skeleton lines={4} label="Redis is being asked" />
          <Skeleton lines={4} />
        </div>
      )}
    </>
  );
}
