// The row of an order beside its hash. What differs is marked by a sign and a word, and stands out by its colour.

import type { OrderReport } from "../api";
import { seconds } from "../format";
import { Card, type Column, Empty, Table } from "../ui";
import { type Pair, pairs, why_no_hash } from "./compare";
import { Value } from "./long";

export function Compare({ report }: { report: OrderReport }) {
  const { row, hash } = report;
  const shown = pairs(report);
  const differ = shown.filter((pair) => pair.differs).map((pair) => pair.column);
  const why = why_no_hash(hash);
  return (
    <Card title="Row and hash" class="compare">
      {hash && why === null && (
        <p>
          The hash is {hash.state}, revision {hash.revision ?? "unknown"}
          {hash.ttl_s === null ? "" : `, and goes in ${seconds(hash.ttl_s)}`}.{" "}
          {row !== null &&
            (differ.length === 0 ? "Nothing differs." : <strong>Differs: {differ.join(", ")}.</strong>)}
        </p>
      )}
      {why && <p>{why}</p>}
      {row === null && <Empty>There is no row in results.</Empty>}
      {shown.length > 0 && (
        <Table
          narrow="scroll"
          label="The columns of both"
          columns={why === null ? COLUMNS : COLUMNS.slice(0, 2)}
          rows={shown}
          row_key={(pair) => pair.column}
          row_class={(pair) => (pair.differs ? "differs" : "")}
        />
      )}
    </Card>
  );
}

const COLUMNS: Column<Pair>[] = [
  {
    key: "column",
    name: "Column",
    head: true,
    cell: ({ column, differs }) => (
      <>
        {column}
        {differs && (
          <span class="differs-mark">
            <span aria-hidden="true">≠</span> differs
          </span>
        )}
      </>
    ),
  },
  { key: "row", name: "Row", cell: ({ row }) => <Value value={row} /> },
  { key: "hash", name: "Hash", cell: ({ hash }) => <Value value={hash} /> },
];
