// What a session allows, and when it ends. The functions are pure.

import type { Session } from "../api";

export type Role = "read" | "reveal" | "operate";

const ORDER: Role[] = ["read", "reveal", "operate"];

/** Whether a session allows what a role may do. Each role includes those before it. Not known: no. */
export function may(session: Session | null, role: Role): boolean {
  return session !== null && session.role !== null && ORDER.indexOf(session.role) >= ORDER.indexOf(role);
}

const RIGHTS: Record<Role, string> = {
  read: "see everything, with names and addresses masked",
  reveal: "see everything, show names and addresses, and read the payload of letters; showing is logged",
  operate:
    "see everything, show names and addresses, read the payload of letters, and operate; showing and operating are logged",
};

/** What a role allows, in words. */
export const rights_of = (role: Session["role"]): string => (role === null ? "nothing" : RIGHTS[role]);

/** That something needs a role which the session does not have, and what to do: the sentence of the server's refusal. */
export const needs = (role: Role, session: Session | null, what = "This"): string =>
  session === null || session.has_tokens
    ? `${what} needs the role ${role}: log in with a token of that role.`
    : `${what} needs the role ${role}. ${session.how}`;

const TOLD_BEFORE_MS = 10 * 60_000;

/** What is to be said of the end of a login; null: nothing yet. */
export function ending(session: Session | null, now: number): string | null {
  const ends = session?.expires_at ?? null;
  if (ends === null) return null;
  const left = ends - now;
  if (left <= 0) return "Your login has ended. Log in again; what you have typed stays.";
  if (left > TOLD_BEFORE_MS) return null;
  const minutes = Math.ceil(left / 60_000);
  return `Your login ends in ${minutes === 1 ? "a minute" : `${minutes} minutes`}. Log in again before; what you have typed stays.`;
}
