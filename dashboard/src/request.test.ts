import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError, denials, request } from "./request";

afterEach(() => vi.unstubAllGlobals());

const answers = (body: string, status = 200) =>
  vi.stubGlobal("fetch", async () => new Response(body || null, { status }));
const error_of = async (asked: Promise<unknown>) =>
  asked.then(() => null).catch((error: unknown) => error as ApiError);

describe("a request", () => {
  it("gives the answer as JSON, and null for 204", async () => {
    answers('{"a":1}');
    expect(await request("api/x")).toEqual({ a: 1 });
    answers("", 204);
    expect(await request("api/x")).toBeNull();
  });

  it.each([
    [401, "needs_login"],
    [403, "needs_role"],
    [421, "wrong_host"],
  ] as const)("that is answered with %i says which refusal it is", async (status, which) => {
    answers('{"error":"No.","code":"no","retry_after_ms":500}', status);
    const error = await error_of(request("api/x"));
    expect(error).toBeInstanceOf(ApiError);
    expect([error?.message, error?.code, error?.retry_after_ms]).toEqual(["No.", "no", 500]);
    expect(["needs_login", "needs_role", "wrong_host"].filter((of) => error?.[of as typeof which])).toEqual([
      which,
    ]);
  });

  it("that is answered with 401 has the session asked", async () => {
    const before = denials.value;
    answers("", 401);
    await error_of(request("api/x"));
    expect(denials.value).toBe(before + 1);
  });

  it("whose answer is a proxy's page is an ApiError, too", async () => {
    answers("<html>", 200);
    expect((await error_of(request("api/x")))?.code).toBe("shape");
    answers("<html>", 502);
    expect((await error_of(request("api/x")))?.status).toBe(502);
  });

  it("without a server, after its deadline, and cancelled tells each by a code", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
    expect((await error_of(request("api/x")))?.code).toBe("network");
    const never = (_: string, { signal }: RequestInit) =>
      new Promise((_, fail) => {
        if (signal?.aborted) fail(signal.reason);
        signal?.addEventListener("abort", () => fail(signal.reason));
      });
    vi.stubGlobal("fetch", never);
    expect((await error_of(request("api/x", { deadline_ms: 5 })))?.code).toBe("deadline");
    const cancel = new AbortController();
    cancel.abort();
    expect((await error_of(request("api/x", { signal: cancel.signal })))?.is_cancelled).toBe(true);
  });
});
