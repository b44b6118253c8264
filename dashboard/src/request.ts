// One way to ask the server. Every request has a deadline (P10), and the only thing that a request throws is an `ApiError`.

import { signal } from "@preact/signals";
import type { ApiError as ErrorBody } from "./api";

/** Why a request has no answer: a sentence for the operator, the server's code, and when to try again. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** The status of HTTP; 0 if there was no answer. */
    readonly status: number,
    /** The server's code, or `network`, `deadline`, `cancelled`, `shape` for what happened on the way. */
    readonly code: string,
    readonly retry_after_ms: number | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** 401: nobody is logged in, or the login has ended. */
  get needs_login(): boolean {
    return this.status === 401;
  }

  /** 403: the login is right, and another role is needed. */
  get needs_role(): boolean {
    return this.status === 403;
  }

  /** 421: the server does not answer under this host name. */
  get wrong_host(): boolean {
    return this.status === 421;
  }

  get is_cancelled(): boolean {
    return this.code === "cancelled";
  }
}

/** Grows with each 401, so that the stream asks who is logged in. */
export const denials = signal(0);

export type Options = {
  method?: "GET" | "POST" | "DELETE";
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  /** 10 s without one. */
  deadline_ms?: number;
  /** Ends the request early: the error is then `cancelled`. */
  signal?: AbortSignal;
};

/** Sends the request and gives the response of any status. Paths are relative, such as `api/session`. */
export async function send(path: string, options: Options = {}): Promise<Response> {
  const deadline = AbortSignal.timeout(options.deadline_ms ?? 10_000);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  const headers: Record<string, string> = { accept: "application/json", ...options.headers };
  const init: RequestInit = { method: options.method ?? "GET", headers, signal, cache: "no-store" };
  if (options.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(options.body);
  }
  try {
    return await fetch(path, init);
  } catch (error) {
    throw broken(error, options.signal);
  }
}

/** The answer as JSON. 204 gives null. Another status than 2xx is thrown as an `ApiError`. */
export async function request<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send(path, options);
  if (!response.ok) throw await refusal(response);
  return body_of<T>(response, options.signal);
}

/** The body of a good response. */
export async function body_of<T>(response: Response, cancel?: AbortSignal): Promise<T> {
  if (response.status === 204) return null as T;
  let text: string;
  try {
    text = await response.text();
  } catch (error) {
    throw broken(error, cancel);
  }
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new ApiError(
      "The answer is not JSON. A proxy may have answered instead of orderstream.",
      response.status,
      "shape",
    );
  }
}

/** What a response of another status than 2xx says. */
export async function refusal(response: Response): Promise<ApiError> {
  if (response.status === 401) denials.value += 1;
  try {
    const said = (await response.json()) as Partial<ErrorBody>;
    if (typeof said.error === "string") {
      return new ApiError(said.error, response.status, said.code ?? "unknown", said.retry_after_ms ?? null);
    }
  } catch {
    // The body is not of orderstream: the status alone tells.
  }
  return new ApiError(by_status(response.status), response.status, "unknown");
}

function by_status(status: number): string {
  if (status === 401) return "Nobody is logged in.";
  if (status === 403) return "Another role is needed.";
  if (status === 421) return "The server does not answer under this host name. Add the name to page.hosts.";
  return `The server answered with status ${status}.`;
}

function broken(error: unknown, cancel: AbortSignal | undefined): ApiError {
  if (cancel?.aborted) return new ApiError("The request was cancelled.", 0, "cancelled");
  const name = error instanceof Error ? error.name : "";
  if (name === "TimeoutError" || name === "AbortError") {
    return new ApiError("The server did not answer in time.", 0, "deadline");
  }
  return new ApiError("The server cannot be reached.", 0, "network");
}
