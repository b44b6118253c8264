import { expect, it } from "vitest";
import { pairs, why_no_hash } from "./compare";

const ROW = { status: "paid", customer_tier: null, revision: "815", position: "2@7" };
const live = (revision: string, diff: { column: string; row: string | null; hash: string | null }[]) =>
  ({ state: "live", revision, ttl_s: 60, diff }) as const;

it("what differs is marked on both sides, and the rest is the same", () => {
  const diff = [{ column: "status", row: "paid", hash: "pending" }];
  expect(pairs({ row: ROW, hash: live("812", [...diff]) })).toEqual([
    { column: "status", row: "paid", hash: "pending", differs: true },
    { column: "customer_tier", row: null, hash: null, differs: false },
    { column: "revision", row: "815", hash: "812", differs: true },
    { column: "position", row: "2@7", hash: undefined, differs: false },
  ]);
});

it("what only the hash has stands at the end", () => {
  const diff = [{ column: "deleted_at", row: null, hash: "2026" }];
  expect(pairs({ row: ROW, hash: live("815", diff) }).at(-1)).toEqual({
    column: "deleted_at",
    row: undefined,
    hash: "2026",
    differs: true,
  });
});

it.each([
  [null, "Redis did not answer"],
  [{ state: "absent", revision: null, ttl_s: null, diff: [] } as const, "no hash"],
  [{ state: "foreign", revision: null, ttl_s: null, diff: [] } as const, "does not write"],
])("without a hash nothing is the same and nothing differs", (hash, why) => {
  const shown = pairs({ row: ROW, hash: hash && { ...hash, diff: [...hash.diff] } });
  expect(shown.every((pair) => pair.hash === undefined && !pair.differs)).toBe(true);
  expect(why_no_hash(hash && { ...hash, diff: [...hash.diff] })).toContain(why);
});

it("without a row there is nothing to compare", () => {
  expect(pairs({ row: null, hash: live("1", []) })).toEqual([]);
});
