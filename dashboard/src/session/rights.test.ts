import { expect, it } from "vitest";
import type { Session } from "../api";
import { ending, may, rights_of } from "./rights";

const session = (role: Session["role"], expires_at: number | null = null): Session => ({
  user: "alice",
  role,
  expires_at,
  has_tokens: true,
  how: "",
  version: "1",
});

it("each role includes those before it", () => {
  const roles = [null, "read", "reveal", "operate"] as const;
  const table = roles.map((role) => roles.slice(1).map((asked) => may(session(role), asked ?? "read")));
  expect(table).toEqual([
    [false, false, false],
    [true, false, false],
    [true, true, false],
    [true, true, true],
  ]);
  expect(may(null, "read")).toBe(false);
  expect(rights_of(null)).toBe("nothing");
});

it.each<[number | null, string | null]>([
  [null, null],
  [3_600_000, null],
  [600_000, "in 10 minutes"],
  [60_001, "in 2 minutes"],
  [59_000, "in a minute"],
  [0, "has ended"],
])("a login that ends in %s ms", (left, said) => {
  const told = ending(session("read", left === null ? null : 5_000 + left), 5_000);
  if (said === null) expect(told).toBeNull();
  else expect(told).toContain(said);
});
