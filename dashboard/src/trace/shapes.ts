// Shapes of a trace beside those of api.ts: what `events=true`, a search and a customer answer.

import type { TraceLetter } from "../api";

/** A record as it stands in Kafka. */
export type Found = {
  /** `row`, `tombstone`, `letter` or `search`. */
  named_by: string;
  topic: string;
  /** `<partition>@<offset>` */
  position: string;
  at: string | null;
  is_of_order: boolean;
  change: { op: string; source_ms: string | null; columns: Column[] } | null;
  why_not: string | null;
};

export type Column = { column: string; before: string | null; after: string | null };

/** What a search in Kafka has found. */
export type Searched = {
  partition: number;
  from: string;
  up_to: string;
  records: number;
  ended_by: string;
  found: Found[];
};

/** The answer about a customer. */
export type CustomerReport = {
  id: string;
  at: string;
  took_ms: Record<string, string | null>;
  verdict: { code: string; text: string };
  hash: Record<string, string | null> | null;
  orders: {
    counted: number;
    complete: number;
    missing: number;
    pending: number;
    due: number;
    versions: string[];
    some: string[];
  } | null;
  marked_at: string | null;
  letters: TraceLetter[];
  letters_counted: number;
  not_answered: { server: string; why: string }[];
};
