// The row beside its hash. The server tells what differs; the page only puts both sides into lines.

import type { OrderReport } from "../api";

/** A column on both sides; `undefined`: this side has no such column; null: it has, and there is no value. */
export type Pair = {
  column: string;
  row: string | null | undefined;
  hash: string | null | undefined;
  differs: boolean;
};

/** Columns of the row that no hash has. */
const ONLY_ROW = ["customer_version", "epoch", "position", "lsn"];

/** The columns of row and hash, in the order of the row; what only the hash has comes last. */
export function pairs(report: Pick<OrderReport, "row" | "hash">): Pair[] {
  const { row, hash } = report;
  const is_compared = row !== null && (hash?.state === "live" || hash?.state === "deleted");
  const diff = new Map((hash?.diff ?? []).map((found) => [found.column, found]));
  const of_row = Object.entries(row ?? {}).map(([column, value]): Pair => {
    const found = diff.get(column);
    diff.delete(column);
    if (column === "revision") return revision(value, is_compared ? hash.revision : undefined);
    const same = is_compared && !ONLY_ROW.includes(column) ? value : undefined;
    return { column, row: value, hash: found ? found.hash : same, differs: found !== undefined };
  });
  const of_hash = [...diff.values()].map(
    (found): Pair => ({ column: found.column, row: undefined, hash: found.hash, differs: true }),
  );
  return [...of_row, ...of_hash];
}

function revision(row: string | null, hash: string | null | undefined): Pair {
  return { column: "revision", row, hash, differs: hash !== undefined && hash !== row };
}

/** Why nothing stands beside the row; null if the hash stands there. */
export function why_no_hash(hash: OrderReport["hash"]): string | null {
  if (hash === null) return "Redis did not answer, so nothing is known of the hash.";
  if (hash.state === "absent") return "There is no hash.";
  if (hash.state === "foreign") return "The key holds something that orderstream does not write.";
  return null;
}
