// A chart with its words: what it shows, the value under the pointer, and the same numbers as a table.

import { useState } from "preact/hooks";
import { clock } from "../format";
import { history, history_asked, history_error } from "../history";
import { column } from "../history/ring";
import { useHeld } from "../shell/hold";
import { tables } from "../shell/view";
import { Button, Card, Empty, Failed, Skeleton, Table } from "../ui";
import { rows_of } from "./numbers";
import { type Line, Plot } from "./plot";

export { Spark } from "./spark";

type Props = {
  title: string;
  lines: Line[];
  format: (value: number | null) => string;
  in_seconds?: boolean;
};

export function Chart({ title, lines, format, in_seconds }: Props) {
  const [own, set_own] = useState<boolean | null>(null);
  const [row, set_row] = useState<number | null>(null);
  const as_table = own ?? tables.value;
  return (
    <Card
      title={title}
      class="chart"
      aside={
        <>
          <Readout lines={lines} format={format} row={row} />
          <Button
            kind="quiet"
            pressed={as_table}
            label={`${title} as a table`}
            onClick={() => set_own(!as_table)}
          >
            Table
          </Button>
        </>
      }
    >
      {history_error.value && (
        <Failed why={`The history was not read: ${history_error.value} The chart begins with this page.`} />
      )}
      <Body {...{ title, lines, format, in_seconds, as_table }} onPoint={set_row} />
    </Card>
  );
}

type BodyProps = Props & { as_table: boolean; onPoint: (row: number | null) => void };

function Body({ title, lines, format, in_seconds, as_table, onPoint }: BodyProps) {
  const { ring } = history.value;
  if (!history_asked.value && ring.t.length < 2) return <Skeleton lines={6} label={`${title}: loading`} />;
  if (ring.t.length === 0) return <Empty>No numbers yet. They come once a second.</Empty>;
  if (as_table) return <Numbers title={title} lines={lines} format={format} />;
  return <Plot {...{ lines, format, in_seconds, onPoint }} label={in_words(title, lines, format)} />;
}

/** What a screen reader is told of the picture. */
function in_words(title: string, lines: Line[], format: Props["format"]): string {
  const { ring } = history.value;
  const parts = lines.map((line) => {
    const known = column(ring, line.name).filter((value) => value !== null);
    if (known.length === 0) return `${line.label} not known`;
    return `${line.label} now ${format(known.at(-1) ?? null)}, at most ${format(Math.max(...known))}`;
  });
  return `${title}, the last 15 minutes: ${parts.join("; ")}. Key t shows the numbers.`;
}

function Readout({ lines, format, row }: { lines: Line[]; format: Props["format"]; row: number | null }) {
  const { ring } = history.value;
  const at = row !== null && row < ring.t.length ? row : ring.t.length - 1;
  return (
    <span class="readout tabular">
      {row !== null && <span class="faint">{clock((ring.t[at] ?? 0) * 1000)}</span>}
      {lines.map((line) => (
        <span key={line.name}>
          {lines.length > 1 && <span class={`key key-${line.tone}`}>{line.label} </span>}
          {format(column(ring, line.name)[at] ?? null)}
        </span>
      ))}
    </span>
  );
}

function Numbers({ title, lines, format }: Props) {
  const { ring } = history.value;
  const names = lines.map((line) => line.name);
  const { value: rows, on } = useHeld(rows_of(ring, names));
  return (
    <div class="numbers" {...on}>
      <Table
        label={`${title}, a row for each 15 seconds`}
        narrow="scroll"
        rows={rows}
        row_key={(row) => String(row.t)}
        columns={[
          { key: "t", name: "Time", head: true, cell: (row) => clock(row.t * 1000) },
          ...lines.map((line, at) => ({
            key: line.name,
            name: line.label,
            number: true,
            cell: (row: { values: (number | null)[] }) => format(row.values[at] ?? null),
          })),
        ]}
      />
    </div>
  );
}
