import { history } from "../history";
import { column, POINTS } from "../history/ring";
import { peaks, spark_path } from "./numbers";

const WIDTH = 120;
const HEIGHT = 24;
const BUCKETS = 90;

/** A column of the history as a small line over 15 minutes. The words for it are in `label`. */
export function Spark({
  name,
  format,
  what,
}: {
  name: string;
  format: (value: number | null) => string;
  what: string;
}) {
  const { ring } = history.value;
  const all = column(ring, name);
  const most = all.reduce<number | null>(
    (max, value) => (value === null ? max : Math.max(max ?? 0, value)),
    null,
  );
  const full = Math.min(BUCKETS, Math.ceil((BUCKETS * all.length) / POINTS));
  const path = spark_path(peaks(all, Math.max(1, full)), BUCKETS, WIDTH, HEIGHT);
  const label =
    most === null
      ? `${what}: not known`
      : `${what} over 15 minutes: at most ${format(most)}, now ${format(all.at(-1) ?? null)}`;
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      role="img"
      aria-label={label}
      preserveAspectRatio="none"
    >
      <path d={`M0 ${HEIGHT - 0.5}H${WIDTH}`} class="spark-base" />
      <path d={path} class="spark-line" />
    </svg>
  );
}
