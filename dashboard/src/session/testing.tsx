// For tests only: a server that answers what a test says, and a place to show a component in.

import type { ComponentChild } from "preact";
import { render } from "preact";
import { act } from "preact/test-utils";
import { vi } from "vitest";
import type { Session } from "../api";

export type Call = { method: string; path: string; body: unknown };
type Reply = { status?: number; body: unknown } | Promise<never>;

/** A server that answers by `answer`; the list holds every call. */
export function fake_server(answer: (call: Call) => Reply): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    const call = {
      method: init.method ?? "GET",
      path,
      body: init.body === undefined ? null : (JSON.parse(String(init.body)) as unknown),
    };
    calls.push(call);
    const reply = await answer(call);
    const status = reply.status ?? 200;
    return new Response(status === 204 ? null : JSON.stringify(reply.body), { status });
  });
  return calls;
}

/** An answer that is an error. */
export const refused = (status: number, error = "no", retry_after_ms: number | null = null): Reply => ({
  status,
  body: { error, code: "x", retry_after_ms },
});

export const session_of = (role: Session["role"], user: string | null = "alice"): Session => ({
  user,
  role,
  expires_at: null,
  has_tokens: true,
  how: "Ask alice for a token.",
  version: "1",
});

/** Shows a component, and gives its place in the page. */
export function shown(component: ComponentChild): HTMLElement {
  const place = document.createElement("div");
  document.body.append(place);
  act(() => render(component, place));
  return place;
}

/** Waits until answers have arrived and are shown. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1)
    await act(async () => await new Promise((done) => setTimeout(done, 0)));
}

/** The button of this text. */
export function button(place: ParentNode, text: string): HTMLButtonElement {
  const all = [...place.querySelectorAll("button")];
  const found = all.find((candidate) => candidate.textContent?.trim() === text);
  if (!found) throw new Error(`no button ${text} among: ${all.map((one) => one.textContent).join(" | ")}`);
  return found;
}

/** The field of this label. */
export function field(place: ParentNode, label: string): HTMLInputElement {
  const found = [...place.querySelectorAll("label")].find((one) => one.textContent?.includes(label));
  const input = found && document.getElementById(found.htmlFor);
  if (!input) throw new Error(`no field ${label}`);
  return input as HTMLInputElement;
}

export async function typed(input: HTMLInputElement, text: string): Promise<void> {
  await act(async () => {
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

export async function clicked(target: HTMLElement): Promise<void> {
  await act(async () => target.click());
  await settled();
}

export async function submitted(input: HTMLElement): Promise<void> {
  await act(async () => {
    input.closest("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
  });
  await settled();
}

/** Takes away what a test has shown. */
export function cleared(): void {
  for (const place of [...document.body.children]) {
    act(() => render(null, place));
    place.remove();
  }
  vi.unstubAllGlobals();
}
