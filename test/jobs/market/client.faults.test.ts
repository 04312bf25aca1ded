import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { endOfDayWaitMs, rateLimitWaitMs, retryAfterMs } from "../../../jobs/market/failures.ts";
import { backoffBaseMs, backoffLimitMs, triesPerCall } from "../../../jobs/market/http.ts";
import { CancelledError, PermanentError, RetryableError } from "../../../jobs/orchestrator/errors.ts";
import { bars, createClients, failureOf, ok } from "./client-helpers.ts";
import { answers, type Behaviour, hangs, resets, truncates } from "./faulty-server.ts";

const { clientOf, stop } = createClients();
afterEach(stop);

describe("a fault that may pass", () => {
  test.each<[string, Behaviour]>([
    ["a reset", resets],
    ["a cut-off body", truncates(bars)],
    ["half a JSON text", answers(200, JSON.stringify(bars).slice(0, 40))],
    ["a page of HTML", answers(502, "<html>502 Bad Gateway</html>")],
    ["an error inside a 200", answers(200, { status: "ERROR", error: "internal" })],
    ["adjusted bars", answers(200, { ...bars, adjusted: true })],
    ["fewer rows than counted", answers(200, { ...bars, resultsCount: 2 })],
    ["a 500", answers(500, { status: "ERROR", error: "internal error" })],
    ["a 429", answers(429, { error: "exceeded" }, { "retry-after": "1" })],
  ])("%s is tried again", async (_what, fault) => {
    const { client, requests } = await clientOf([fault, fault, ok]);
    expect((await client.grouped("2025-01-02")).resultsCount).toBe(1);
    expect(requests).toHaveLength(3);
  });

  test("a body shorter than announced is tried again even where fetch does not notice", async () => {
    const short = () => new Response("{}", { headers: { "content-length": "200" } });
    const whole = () => new Response(JSON.stringify(bars));
    const bodies = [short, whole];
    const { client, sleeps } = await clientOf([ok], { fetch: async () => (bodies.shift() ?? whole)() });
    expect((await client.grouped("2025-01-02")).resultsCount).toBe(1);
    expect(sleeps).toHaveLength(1);
    const { client: cutOff } = await clientOf([ok], { fetch: async () => short() });
    expect((await failureOf(cutOff.grouped("2025-01-02"))).message).toContain("broke off after 2 of 200 bytes");
  });

  test("an answer that takes too long is tried again", async () => {
    const { client, requests } = await clientOf([hangs, ok], { timeoutMs: 60 });
    expect((await client.grouped("2025-01-02")).resultsCount).toBe(1);
    expect(requests).toHaveLength(2);
  });

  test("backs off exponentially with full jitter, a limited number of times", async () => {
    const { client, sleeps, requests } = await clientOf([answers(500, {})]);
    const error = await failureOf(client.grouped("2025-01-02"));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error.message).toContain("failed with status 500");
    expect(requests).toHaveLength(triesPerCall);
    expect(sleeps).toEqual([1, 2, 4, 8, 16].map((factor) => 0.5 * backoffBaseMs * factor));
    expect(Math.max(...sleeps)).toBeLessThanOrEqual(backoffLimitMs);
  });

  test("waits as long as a 429 asks, in seconds or until a date, else a minute", async () => {
    const { client, sleeps } = await clientOf([
      answers(429, {}, { "retry-after": "7" }),
      answers(429, {}, { "retry-after": "Fri, 03 Jan 2025 12:00:20 GMT" }),
      answers(429, "slow down"),
      ok,
    ]);
    await client.grouped("2025-01-02");
    expect(sleeps).toEqual([7_000, 20_000, rateLimitWaitMs]);
  });

  test("leaves a long wait to the orchestrator", async () => {
    const { client, sleeps, requests } = await clientOf([answers(503, {}, { "retry-after": "600" })]);
    expect(await failureOf(client.grouped("2025-01-02"))).toMatchObject({ retryAfterMs: 600_000 });
    expect([sleeps.length, requests.length]).toEqual([0, 1]);
  });

  test("Retry-After is read or ignored, never negative", () => {
    const now = new Date("2025-01-03T12:00:00Z");
    expect(
      ["0", " 12 ", "soon", "Fri, 03 Jan 2025 11:00:00 GMT", null].map((header) => retryAfterMs(header, now)),
    ).toEqual([0, 12_000, undefined, 0, undefined]);
  });
});

describe("a fault that stays", () => {
  test.each([
    [401, { error: "Unknown API Key" }, "refused the key", "POLYGON_API_KEY"],
    [
      403,
      { message: "Your plan doesn't include this data timeframe. Please upgrade your plan." },
      "history",
      "START_DATE",
    ],
    [403, { message: "You are not entitled to this data. Please upgrade your plan." }, "does not include", "Upgrade"],
    [403, { message: "Come back never" }, "Come back never", undefined],
    [403, "<html>", "refused the call", undefined],
    [404, { message: "Route not found." }, "answered 404", undefined],
    [400, { error: "Could not parse the time parameter" }, "Could not parse", undefined],
    [302, "", "redirects elsewhere", "https://elsewhere.example"],
  ])("%d %j fails at once", async (status, body, message, advice) => {
    const { client, requests } = await clientOf([answers(status, body, { location: "https://elsewhere.example/x" })]);
    const error = await failureOf(client.grouped("2025-01-02"));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.message).toContain(message);
    expect(error.advice ?? "none").toContain(advice ?? "none");
    expect(requests).toHaveLength(1);
  });

  test("a session that the plan cannot see yet waits for the end of day", async () => {
    const message = "Attempted to request today's data before end of day. Please upgrade your plan.";
    const { client, requests } = await clientOf([answers(403, { status: "NOT_AUTHORIZED", message })]);
    const error = await failureOf(client.grouped("2025-01-02"));
    expect(error).toBeInstanceOf(RetryableError);
    expect(error).toMatchObject({ retryAfterMs: endOfDayWaitMs });
    expect(requests).toHaveLength(1);
  });
});

describe("stopping", () => {
  test("a call or the whole client ends the wait for an answer", async () => {
    for (const where of ["call", "client"] as const) {
      const stopper = new AbortController();
      const { client } = await clientOf([() => stopper.abort()], where === "client" ? { signal: stopper.signal } : {});
      const call = client.grouped("2025-01-02", where === "call" ? { signal: stopper.signal } : {});
      expect(await call.catch((error: unknown) => error)).toBeInstanceOf(CancelledError);
    }
  });

  test("a call ends the wait between tries", async () => {
    const stopper = new AbortController();
    const { client, requests } = await clientOf([answers(500, {})], {
      sleep: async () => {
        stopper.abort();
        throw new Error("woken");
      },
    });
    const call = client.grouped("2025-01-02", { signal: stopper.signal });
    expect(await call.catch((error: unknown) => error)).toBeInstanceOf(CancelledError);
    expect(requests).toHaveLength(1);
  });
});

test("a call through any run of faults gets the same answer as through none", async () => {
  const faults: Behaviour[] = [
    resets,
    truncates(bars),
    answers(500, {}),
    answers(429, {}, { "retry-after": "0" }),
    answers(200, "{"),
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...faults), { maxLength: triesPerCall - 1 }), async (run) => {
      const { client } = await clientOf([...run, ok]);
      expect(JSON.parse(new TextDecoder().decode((await client.grouped("2025-01-02")).body))).toEqual(bars);
    }),
    { numRuns: 15 },
  );
});
