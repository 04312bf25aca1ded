import { afterEach, describe, expect, test } from "bun:test";
import { requireBars } from "../../../jobs/market/answers.ts";
import { createMarketClient, longestList } from "../../../jobs/market/client.ts";
import { parseSplits, parseTickers } from "../../../jobs/market/reference.ts";
import { PermanentError, RetryableError } from "../../../jobs/orchestrator/errors.ts";
import { bars, createClients, failureOf, key, ok } from "./client-helpers.ts";
import { answers, type Behaviour } from "./faulty-server.ts";

const { clientOf, stop } = createClients();
afterEach(stop);

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
    await Array.fromAsync(client.range("KIM/pL", "2025-01-02", "2025-01-03"));
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
    await Array.fromAsync(client.tickers({ active: false, date: "2025-01-02" }));
    await Array.fromAsync(client.splits({ fromDate: "2025-01-02" }));
    await Array.fromAsync(client.dividends({ fromDate: "2025-01-02", toDate: "2025-02-03" }));
    expect(requests.map(({ url }) => url)).toEqual([
      "/v3/reference/tickers?market=stocks&active=false&date=2025-01-02&sort=ticker&order=asc&limit=1000",
      "/stocks/v1/splits?execution_date.gte=2025-01-02&limit=5000",
      "/stocks/v1/dividends?ex_dividend_date.gte=2025-01-02&ex_dividend_date.lte=2025-02-03&limit=5000",
    ]);
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
    const pages = await Array.fromAsync(client.tickers({ active: true }));
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
      const error = await failureOf(Array.fromAsync(client.tickers({ active: true })));
      expect(error).toBeInstanceOf(PermanentError);
      expect(error.message).toContain("another origin");
      expect(requests).toHaveLength(1);
    },
  );

  test("that runs in a circle ends", async () => {
    const circle: Behaviour = (request, response) =>
      answers(200, { status: "OK", results: [], next_url: `http://${request.headers.host}/again` })(request, response);
    const { client, requests } = await clientOf([circle]);
    expect((await failureOf(Array.fromAsync(client.splits({ fromDate: "2025-01-02" })))).message).toContain(
      "does not end",
    );
    expect(requests).toHaveLength(2);
  });

  test("that goes on for ever is stopped at a stated count of pages", async () => {
    let asked = 0;
    const { client } = await clientOf([ok], {
      fetch: async (url) => {
        asked += 1;
        return Response.json({ status: "OK", results: [], next_url: `${new URL(url).origin}/list?page=${asked}` });
      },
    });
    const error = await failureOf(Array.fromAsync(client.splits({ fromDate: "2025-01-02" })));
    expect(error).toBeInstanceOf(PermanentError);
    expect(error.message).toContain(`goes on after ${longestList} pages`);
    expect(asked).toBe(longestList);
  });

  test("gives each page before it asks for the next", async () => {
    const page: Behaviour = (request, response) =>
      answers(200, { status: "OK", results: [], next_url: `http://${request.headers.host}${request.url}&more` })(
        request,
        response,
      );
    const { client, requests } = await clientOf([page]);
    let pages = 0;
    for await (const _ of client.tickers({ active: true })) {
      pages += 1;
      expect(requests).toHaveLength(pages);
      if (pages === 3) break;
    }
    expect(requests).toHaveLength(3);
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
    expect(rows).toMatchObject([{ ticker: "AAPL", executionDate: "2020-08-31", splitFrom: 1, splitTo: 4 }]);
    expect(rejects.map(({ reason }) => reason.split(":")[0])).toEqual([
      "split_from",
      "row",
      "execution_date",
      "contradicts another row of its ticker and day",
    ]);
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

  test("is blanked in an answer that repeats it, however it is spelled, and the answer says so", async () => {
    const spelled = [
      `?cursor=2&apiKey=${key}`,
      `?apiKey=${encodeURIComponent(key)}&cursor=2`,
      `?apiKey=${encodeURIComponent(key).toLowerCase()}`,
      `?cursor=2\\u0026apikey=${key.replaceAll("/", "\\/")}`,
      `?api_key=an0ther&cursor=2`,
      `?cursor=2&token=${encodeURIComponent(key)}`,
    ];
    for (const query of spelled) {
      const text = (next: string) => `{"status":"OK", "results":[{"ticker":"A"}],"next_url":"HOST/list${next}"}`;
      const repeats: Behaviour = (request, response) =>
        void response.end(text(query).replace("HOST", `http://${request.headers.host}`));
      const { client, url } = await clientOf([repeats, answers(200, { status: "OK", results: [] })]);
      const [first, second] = await Array.fromAsync(client.tickers({ active: true }));
      const landed = new TextDecoder().decode(first?.body);
      expect(landed).toMatch(/^\{"status":"OK", "results":\[\{"ticker":"A"\}\],"next_url":"[^"]*\[key\][^"]*"\}$/);
      expect(landed).not.toMatch(/k3y|an0ther/i);
      expect(landed).toContain(`${url}/list?`);
      expect(first).toMatchObject({ redacted: true, answer: JSON.parse(landed) });
      expect(second).toMatchObject({ redacted: false });
      expect(second?.path).not.toMatch(/k3y|an0ther/i);
    }
  });

  test("that is as short as a word is blanked as a parameter only", async () => {
    const text = JSON.stringify({ ...bars, note: "AAPL?apiKey=AAPL" });
    const { client } = await clientOf([answers(200, text)], { apiKey: "AAPL" });
    const { body } = await client.grouped("2025-01-02");
    expect(JSON.parse(new TextDecoder().decode(body))).toEqual({ ...bars, note: "AAPL?apiKey=[key]" });
  });

  test("is in no error of an answer that repeats it in a wrong form", async () => {
    for (const body of [{ status: key }, { status: "OK", results: [], next_url: `https://a.example/${key}` }]) {
      const { client } = await clientOf([answers(200, body)]);
      expect(inspect(await failureOf(Array.fromAsync(client.tickers({ active: true }))))).not.toContain(key);
    }
  });
});

describe("an answer that says what it is of", () => {
  const envelope = (ticker: string) => answers(200, { status: "OK", ticker, resultsCount: 0 });

  test("is believed where that was asked for", async () => {
    const { client } = await clientOf([envelope("KIMpL")]);
    expect(await Array.fromAsync(client.range("KIMpL", "2025-01-02", "2025-01-03"))).toHaveLength(1);
  });

  test("is an error to retry where something else was, and names both", async () => {
    const { client } = await clientOf([envelope("TJX")]);
    for (const [ask, asked] of [
      [Array.fromAsync(client.range("PB", "2025-01-02", "2025-01-03")), "PB"],
      [Array.fromAsync(client.range("tjx", "2025-01-02", "2025-01-03")), "tjx"],
      [client.grouped("2025-01-02"), "the whole market"],
    ] as const) {
      const error = await failureOf(ask);
      expect(error).toBeInstanceOf(RetryableError);
      expect(error.message).toStartWith(`The market API's answer is of "TJX", where ${asked} was asked for (/v2/aggs/`);
    }
  });

  test("does not bring the key into the error", async () => {
    const { client } = await clientOf([envelope(key)]);
    expect((await failureOf(client.grouped("2025-01-02"))).message).not.toContain(key);
  });
});

describe("an empty answer", () => {
  test("on an open session is an error to retry, and on a closed day an answer", () => {
    expect(() => requireBars({ resultsCount: 0 }, "2025-01-02")).toThrow(RetryableError);
    expect(requireBars({ resultsCount: 0 }, "2025-01-01")).toEqual({ resultsCount: 0 });
    expect(requireBars({ resultsCount: 1 }, "2025-01-02")).toEqual({ resultsCount: 1 });
  });
});
