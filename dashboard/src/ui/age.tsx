import { clock, age as written } from "../format";
import { now } from "../live";

/** Says how old a number is: `12 s ago`. The moment stands in the title. `at` is the server's time; null: never read. */
export function Age({ at, prefix = "" }: { at: number | null; prefix?: string }) {
  return (
    <time class="age" title={at === null ? undefined : clock(at)}>
      {prefix}
      {written(at, now.value)}
    </time>
  );
}
