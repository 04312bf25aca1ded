import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createMarketClient, type MarketClientOptions, requireBars } from "../../../jobs/market/client.ts";
import { endOfDayWaitMs, rateLimitWaitMs, retryAfterMs } from "../../../jobs/market/failures.ts";
import { backoffBaseMs, backoffLimitMs, triesPerCall } from "../../../jobs/market/http.ts";
import { parseSplits, parseTickers } from "../../../jobs/market/reference.ts";
import { CancelledError, PermanentError, RetryableError } from "../../../jobs/orchestrator/errors.ts";
import {
  answers,
  type Behaviour,
  type FaultyServer,
  hangs,
  resets,
  startFaultyServer,
  truncates,
} from "./faulty-server.ts";

const key = "k3y/with+odd=signs";
const bars = {
  status: "OK",
  request_id: "r1",
  adjusted: false,
  resultsCount: 1,
  results: [{ T: "AAPL", o: 1, h: 1, l: 1, c: 1, v: 1 }],
};
const ok = answers(200, bars);

let server: FaultyServer | undefined;
afterEach(async () => {
  await server?.stop();
  server = undefined;
});

/** A client of a server with that script; its sleeps are recorded and take no time. */
async function clientOf(script: Behaviour[], options: Partial<MarketClientOptions> = {}) {
  server = await startFaultyServer(...script);
  const sleeps: number[] = [];
  const permits = { used: 0 };
  const client = createMarketClient({
    baseUrl: server.url,
    apiKey: key,
    limiter: {
      async acquire() {
        permits.used += 1;
      },
    },
    random: () => 0.5,
    now: () => new Date("2025-01-03T12:00:00Z"),
    sleep: async (milliseconds) => void sleeps.push(milliseconds),
    timeoutMs: 2_000,
    ...options,
  });
  return { client, sleeps, permits, requests: server.requests, url: server.url };
}

async function failureOf(call: Promise<unknown>): Promise<RetryableError | PermanentError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof RetryableError || error instanceof PermanentError) return error;
  throw new Error("the call did not fail as it should", { cause: error });
}

describe("a call", () => {
  test("keeps the body byte for byte, with the key in its header only", async () => {
    const text = ` { "status":"OK", "request_id" : "r9","resultsCount":1,"adjusted":false, "results":[{"T":"ÀB","v":1.50}] }\n`;
    const { client, requests } = await clientOf([answers(200, text)]);
    const answer = await client.grouped("2025-01-02");
    expect(new TextDecoder().decode(answer.body)).toBe(text);
    expect(answer).toMatchObject({
      path: "/v2/aggs/grouped/locale/us/market/stocks/2025-01-02?adjusted=false",
      requestId: "r9",
      resultsCount: 1,
      receivedAt: new Date("2025-01-03T12:00:00Z"),
    });
    expect(requests).toEqual([{ url: answer.path, authorization: `Bearer ${key}` }]);
  });

  test("unpacks a compressed body", async () => {
    const packed: Behaviour = (_request, response) => {
      const body = Bun.gzipSync(JSON.stringify(bars));
      response.writeHead(200, { "content-encoding": "gzip", "content-length": body.byteLength }).end(body);
    };
    const { client, requests } = await clientOf([packed]);
    expect((await client.grouped("2025-01-02")).answer.results).toHaveLength(1);
    expect(requests).toHaveLength(1);
  });

  test("asks the limiter before every try", async () => {
    const { client, permits } = await clientOf([answers(500, {}), answers(500, {}), ok]);
    await client.grouped("2025-01-02");
    expect(permits.used).toBe(3);
  });

  test("encodes tickers in paths and keeps their case", async () => {
    const { client, requests } = await clientOf([answers(200, { ...bars, resultsCount: 0, results: undefined })]);
    await client.range("KIM/pL", "2025-01-02", "2025-01-03");
    expect(requests[0]?.url).toBe(
      "/v2/aggs/ticker/KIM%2FpL/range/1/day/2025-01-02/2025-01-03?adjusted=false&sort=asc&limit=50000",
    );
  });

  test("keeps the path that the base URL begins with", async () => {
    const { url, requests } = await clientOf([ok]);
    const client = createMarketClient({
      baseUrl: `${url}/proxy/`,
      apiKey: key,
      limiter: { acquire: async () => undefined },
    });
    await client.grouped("2025-01-02");
    expect(requests[0]?.url).toStartWith("/proxy/v2/aggs/grouped/");
  });

  test("asks for lists with their filters and limits", async () => {
    const { client, requests } = await clientOf([answers(200, { status: "OK", results: [] })]);
    await client.tickers({ active: false, date: "2025-01-02" });
    await client.splits({ fromDate: "2025-01-02" });
    await client.dividends({ fromDate: "2025-01-02", toDate: "2025-02-03" });
    expect(requests.map(({ url }) => url)).toEqual([
      "/v3/reference/tickers?market=stocks&active=false&date=2025-01-02&sort=ticker&order=asc&limit=1000",
      "/stocks/v1/splits?execution_date.gte=2025-01-02&limit=5000",
      "/stocks/v1/dividends?ex_dividend_date.gte=2025-01-02&ex_dividend_date.lte=2025-02-03&limit=5000",
    ]);
  });
});

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

describe("a list", () => {
  test("is followed to its last page, with the key in the header and never in a URL", async () => {
    const page =
      (ticker: string, next?: string): Behaviour =>
      (request, response) =>
        answers(200, {
          status: "OK",
          results: [{ ticker }],
          ...(next && { next_url: `http://${request.headers.host}${next}` }),
        })(request, response);
    const { client, requests } = await clientOf([
      page("A", `/v3/reference/tickers?cursor=2&apiKey=${encodeURIComponent(key)}`),
      page("B", "/v3/reference/tickers?cursor=3"),
      page("A"),
    ]);
    const pages = await client.tickers({ active: true });
    expect(parseTickers(pages).rows.map(({ ticker }) => ticker)).toEqual(["A", "B"]);
    expect(pages.map(({ path }) => path).slice(1)).toEqual([
      "/v3/reference/tickers?cursor=2",
      "/v3/reference/tickers?cursor=3",
    ]);
    expect(requests.map(({ authorization }) => authorization)).toEqual(Array(3).fill(`Bearer ${key}`));
    expect(JSON.stringify(requests.map(({ url }) => url))).not.toContain("apiKey");
  });

  test.each(["https://evil.example/x?cursor=1", "http://127.0.0.1:1/x", "http://127.0.0.1.evil.example/x"])(
    "that goes on at %s is not followed",
    async (next_url) => {
      const { client, requests } = await clientOf([answers(200, { status: "OK", results: [], next_url })]);
      const error = await failureOf(client.tickers({ active: true }));
      expect(error).toBeInstanceOf(PermanentError);
      expect(error.message).toContain("another origin");
      expect(requests).toHaveLength(1);
    },
  );

  test("that runs in a circle ends", async () => {
    const circle: Behaviour = (request, response) =>
      answers(200, { status: "OK", results: [], next_url: `http://${request.headers.host}/again` })(request, response);
    const { client, requests } = await clientOf([circle]);
    expect((await failureOf(client.splits({ fromDate: "2025-01-02" }))).message).toContain("does not end");
    expect(requests).toHaveLength(2);
  });

  test("with repeated and garbage rows keeps the good ones once", () => {
    const split = { ticker: "AAPL", execution_date: "2020-08-31", split_from: 1, split_to: 4 };
    const results = [
      split,
      split,
      { ...split, split_to: 5 },
      { ...split, split_from: 0 },
      "garbage",
      { ...split, execution_date: "soon" },
    ];
    const { rows, rejects } = parseSplits([{ answer: { results } }]);
    expect(rows).toEqual([{ ticker: "AAPL", executionDate: "2020-08-31", splitFrom: 1, splitTo: 4 }]);
    expect(rejects.map(({ reason }) => reason.split(":")[0])).toEqual([
      "contradicts an earlier row",
      "split_from",
      "row",
      "execution_date",
    ]);
  });
});

describe("stopping", () => {
  test("a call or the whole client ends the wait for an answer", async () => {
    for (const where of ["call", "client"] as const) {
      const stop = new AbortController();
      const { client } = await clientOf([() => stop.abort()], where === "client" ? { signal: stop.signal } : {});
      const call = client.grouped("2025-01-02", where === "call" ? { signal: stop.signal } : {});
      expect(await call.catch((error: unknown) => error)).toBeInstanceOf(CancelledError);
      await server?.stop();
    }
  });

  test("a call ends the wait between tries", async () => {
    const stop = new AbortController();
    const { client, requests } = await clientOf([answers(500, {})], {
      sleep: async () => {
        stop.abort();
        throw new Error("woken");
      },
    });
    const call = client.grouped("2025-01-02", { signal: stop.signal });
    expect(await call.catch((error: unknown) => error)).toBeInstanceOf(CancelledError);
    expect(requests).toHaveLength(1);
  });
});

describe("the key", () => {
  const inspect = (error: unknown) => Bun.inspect(error, { depth: 10 }) + (error instanceof Error ? error.stack : "");

  test.each([401, 403, 404, 429, 500, 302])("is in no error of a %d that repeats it", async (status) => {
    const echo = answers(
      status,
      { message: `Key ${key} or ${encodeURIComponent(key)} is bad` },
      { location: `https://x.example/?apiKey=${key}` },
    );
    const { client } = await clientOf([echo]);
    const shown = inspect(await failureOf(client.grouped("2025-01-02")));
    expect(shown).not.toContain(key);
    expect(shown).not.toContain(encodeURIComponent(key));
  });

  test("is in no error of a fetch that quotes its request", async () => {
    const { client } = await clientOf([ok], {
      fetch: async (url, init) => {
        const inner = new Error(`headers ${JSON.stringify(init.headers)}`);
        throw Object.assign(new Error(`${url} ${JSON.stringify(init.headers)}`, { cause: inner }), {
          code: "ECONNRESET",
          init,
        });
      },
    });
    const error = await failureOf(client.grouped("2025-01-02"));
    expect(error.cause).toMatchObject({ code: "ECONNRESET" });
    expect(inspect(error)).not.toContain(key);
  });

  test("is in no error of an answer that repeats it in a wrong form", async () => {
    for (const body of [{ status: key }, { status: "OK", results: [], next_url: `https://a.example/${key}` }]) {
      const { client } = await clientOf([answers(200, body)]);
      expect(inspect(await failureOf(client.tickers({ active: true })))).not.toContain(key);
      await server?.stop();
    }
  });
});

describe("an empty answer", () => {
  test("on an open session is an error to retry, and on a closed day an answer", () => {
    expect(() => requireBars({ resultsCount: 0 }, "2025-01-02")).toThrow(RetryableError);
    expect(requireBars({ resultsCount: 0 }, "2025-01-01")).toEqual({ resultsCount: 0 });
    expect(requireBars({ resultsCount: 1 }, "2025-01-02")).toEqual({ resultsCount: 1 });
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
      await server?.stop();
    }),
    { numRuns: 15 },
  );
});
