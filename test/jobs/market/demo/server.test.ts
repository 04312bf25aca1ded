import { afterAll, describe, expect, test } from "bun:test";
import { restClient } from "@massive.com/client-js";
import { requireBars } from "../../../../jobs/market/answers.ts";
import { parseBars } from "../../../../jobs/market/bars.ts";
import { sessionsBetween } from "../../../../jobs/market/calendar.ts";
import { createMarketClient } from "../../../../jobs/market/client.ts";
import { createDemoExchange } from "../../../../jobs/market/demo/exchange.ts";
import { defaultDemoSeed, demoApiKey, startDemoExchange } from "../../../../jobs/market/demo/server.ts";
import { parseDividends, parseSplits, parseTickers } from "../../../../jobs/market/reference.ts";
import { PermanentError, RetryableError } from "../../../../jobs/orchestrator/errors.ts";

/** Friday 21 November 2025, 20:59 in New York: a minute before Friday's data settles. */
const clock = { now: new Date("2025-11-22T01:59:00Z") };
const server = startDemoExchange({ now: () => clock.now });
const exchange = createDemoExchange({ seed: defaultDemoSeed, untilYear: 2025 });
afterAll(() => server.stop());

const client = createMarketClient({
  baseUrl: server.url,
  apiKey: demoApiKey,
  limiter: { acquire: async () => undefined },
  sleep: async () => undefined,
});

async function get(path: string, key = demoApiKey): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${server.url}${path}`, {
    headers: key === "" ? {} : { authorization: `Bearer ${key}` },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const grouped = "/v2/aggs/grouped/locale/us/market/stocks";

describe("our client", () => {
  test("gets a session's bars, and not one of them is rejected", async () => {
    const answer = requireBars(await client.grouped("2025-11-20"), "2025-11-20");
    const { bars, rejects } = parseBars(answer.body, { kind: "grouped", session: "2025-11-20" });
    expect(rejects).toEqual([]);
    expect(bars).toEqual(
      exchange.bars("2025-11-20", false).map(({ date, vwap = null, transactions = null, ...bar }) => ({
        ...bar,
        tradeDate: date,
        vwap,
        transactions,
      })),
    );
  });

  test("gets the same bars by ticker as by session", async () => {
    const [answer] = await Array.fromAsync(client.range("QZTOT", "2025-10-01", "2025-11-30"));
    const { bars, rejects } = parseBars(answer?.body ?? "", { kind: "range", ticker: "QZTOT" });
    expect(rejects).toEqual([]);
    expect(bars.map(({ tradeDate }) => tradeDate)).toEqual(sessionsBetween("2025-10-01", "2025-11-20"));
    const session = parseBars((await client.grouped("2025-11-03")).body, { kind: "grouped", session: "2025-11-03" });
    expect(bars.find(({ tradeDate }) => tradeDate === "2025-11-03")).toEqual(
      session.bars.find(({ ticker }) => ticker === "QZTOT"),
    );
  });

  test("gets every ticker as of a day, alive or gone, through all pages", async () => {
    const alive = parseTickers(await Array.fromAsync(client.tickers({ active: true, date: "2020-06-01" }))).rows;
    const gone = parseTickers(await Array.fromAsync(client.tickers({ active: false, date: "2020-06-01" }))).rows;
    const expected = exchange.tickers().filter(({ listedOn }) => listedOn <= "2020-06-01");
    expect([...alive, ...gone].map(({ ticker }) => ticker).toSorted()).toEqual(expected.map(({ ticker }) => ticker));
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.every(({ active, delistedOn }) => !active && delistedOn !== null && delistedOn <= "2020-06-01")).toBe(
      true,
    );
    expect(
      alive.every(({ active, delistedOn, name }) => active && delistedOn === null && name.endsWith("(simulated)")),
    ).toBe(true);
  });

  test("gets splits and dividends up to the last settled session", async () => {
    const splits = parseSplits(await Array.fromAsync(client.splits({ fromDate: "2025-01-01" })));
    const paid = await Array.fromAsync(client.dividends({ fromDate: "2015-01-01" }));
    expect(splits.rejects).toEqual([]);
    expect(splits.rows).toEqual(
      exchange
        .splits("2025-11-20")
        .filter(({ date }) => date >= "2025-01-01")
        .map(({ ticker, date, from, to }) => ({
          ...{ ticker, executionDate: date, splitFrom: from, splitTo: to },
          adjustmentType: to > from ? "forward_split" : "reverse_split",
        })),
    );
    expect(paid.length).toBeGreaterThan(1);
    expect(parseDividends(paid).rows).toHaveLength(exchange.dividends("2025-11-20").length);
  });

  test("hears of a wrong key", async () => {
    const stranger = createMarketClient({
      baseUrl: server.url,
      apiKey: "wrong",
      limiter: { acquire: async () => undefined },
    });
    expect(stranger.grouped("2025-11-20")).rejects.toBeInstanceOf(PermanentError);
  });

  test("hears of the holidays ahead", async () => {
    const holidays = await client.upcomingHolidays();
    expect(holidays.slice(0, 3).map(({ date, exchange: at, status }) => [date, at, status])).toEqual([
      ["2025-11-27", "NYSE", "closed"],
      ["2025-11-27", "NASDAQ", "closed"],
      ["2025-11-28", "NYSE", "early-close"],
    ]);
  });
});

describe("the vendor's own client", () => {
  const official = restClient(demoApiKey, server.url);

  test("gets grouped bars, with the end of the session as their time", async () => {
    const answer = await official.getGroupedStocksAggregates({ date: "2025-11-20", adjusted: false });
    expect(answer.resultsCount).toBe(exchange.bars("2025-11-20", false).length);
    expect(answer.results?.[0]?.t).toBe(Date.parse("2025-11-20T21:00:00Z"));
  });

  test("gets a range, with the start of each session as its time", async () => {
    const request = { stocksTicker: "QZTOT", multiplier: 1, timespan: "day", from: "2025-11-17", to: "2025-11-20" };
    const answer = await official.getStocksAggregates(request as Parameters<typeof official.getStocksAggregates>[0]);
    expect(answer.results?.map(({ t }) => t)).toEqual(
      ["17", "18", "19", "20"].map((day) => Date.parse(`2025-11-${day}T05:00:00Z`)),
    );
    expect(answer.results?.map(({ c }) => c)).toEqual(
      exchange.barsOf("QZTOT", "2025-11-17", "2025-11-20", true).map(({ close }) => close),
    );
  });

  test("lists tickers by type, and follows pages", async () => {
    const request = { type: "ETF", active: true, limit: 10, market: "stocks" };
    const answer = await official.listTickers(request as Parameters<typeof official.listTickers>[0]);
    expect(answer.results).toHaveLength(10);
    expect(answer.results?.every(({ type }) => type === "ETF")).toBe(true);
    const next = await get(String(answer.next_url).replace(server.url, ""));
    expect((next.body.results as { ticker: string }[])[0]?.ticker).not.toBe(answer.results?.[0]?.ticker);
    const all = await restClient(demoApiKey, server.url, { pagination: true }).listTickers(
      request as Parameters<typeof official.listTickers>[0],
    );
    expect(all.results?.length).toBe(
      exchange
        .tickers()
        .filter(
          ({ type, listedOn, delistedOn = "9999" }) =>
            type === "ETF" && listedOn <= "2025-11-21" && delistedOn > "2025-11-21",
        ).length,
    );
  });

  test("gets splits and dividends in both forms", async () => {
    const [split] = exchange.splits("2025-11-20");
    const ticker = split?.ticker ?? "";
    const splits = await official.getStocksV1Splits({ ticker });
    expect(splits.results[0]).toMatchObject({
      ticker,
      execution_date: split?.date,
      split_from: split?.from,
      split_to: split?.to,
    });
    expect((await official.listStockSplits({ ticker })).results?.[0]).toMatchObject({ ticker, split_to: split?.to });
    const dividends = await official.getStocksV1Dividends({ ticker: "QZDIV", limit: 5_000 });
    expect(dividends.results).toHaveLength(
      exchange.dividends("2025-11-20").filter((paid) => paid.ticker === "QZDIV").length,
    );
    expect(dividends.results[0]).toMatchObject({ distribution_type: "recurring", frequency: 4 });
    expect((await official.listDividends({ ticker: "QZDIV" })).results?.[0]).toMatchObject({ dividend_type: "CD" });
    expect((await official.getMarketHolidays())[0]).toMatchObject({ date: "2025-11-27", name: "Thanksgiving Day" });
  });
});

describe("the wire", () => {
  test("has no bars of a session before it settles", async () => {
    const before = await get(`${grouped}/2025-11-21?adjusted=false`);
    expect(before.body).toEqual({
      adjusted: false,
      queryCount: 0,
      resultsCount: 0,
      status: "OK",
      request_id: expect.any(String),
      count: 0,
    });
    expect(() => requireBars({ resultsCount: 0 }, "2025-11-21")).toThrow(RetryableError);
    clock.now = new Date("2025-11-22T02:00:00Z");
    const after = await get(`${grouped}/2025-11-21?adjusted=false`);
    clock.now = new Date("2025-11-22T01:59:00Z");
    expect(after.body.resultsCount).toBe(exchange.bars("2025-11-21", false).length);
  });

  test.each(["2025-11-27", "2025-11-22", "2014-12-31", "2040-01-02"])("has no bars on %s", async (date) => {
    expect((await get(`${grouped}/${date}`)).body).toMatchObject({ status: "OK", resultsCount: 0 });
  });

  test("wants the key", async () => {
    expect(await get(`${grouped}/2025-11-20`, "")).toMatchObject({
      status: 401,
      body: { error: "API Key was not provided" },
    });
    expect(await get(`${grouped}/2025-11-20`, "wrong")).toMatchObject({
      status: 401,
      body: { error: "Unknown API Key" },
    });
    expect((await fetch(`${server.url}${grouped}/2025-11-20?apiKey=demo`)).status).toBe(200);
  });

  test("keeps the key out of the next page's URL", async () => {
    const { body } = await get("/stocks/v1/dividends?limit=1&apiKey=demo");
    const cursor = new URL(String(body.next_url)).searchParams.get("cursor") ?? "";
    expect(atob(cursor.replaceAll("-", "+").replaceAll("_", "/"))).not.toContain("demo");
  });

  test("pages a range in either direction without loss", async () => {
    const seen: number[] = [];
    let path = "/v2/aggs/ticker/QZTOT/range/1/day/2025-01-01/2025-06-30?limit=50&sort=desc";
    for (let pages = 0; path !== "" && pages < 10; pages += 1) {
      const { body } = await get(path);
      seen.push(...(body.results as { t: number }[]).map(({ t }) => t));
      path = body.next_url ? String(body.next_url).replace(server.url, "") : "";
    }
    expect(seen).toHaveLength(sessionsBetween("2025-01-01", "2025-06-30").length);
    expect(seen).toEqual(seen.toSorted((a, b) => b - a));
  });

  test.each([
    ["/v3/reference/tickers?search=TOTAL MARKET", ["QZTOT"]],
    ["/v3/reference/tickers?ticker=QZTOT", ["QZTOT"]],
    ["/v3/reference/tickers?ticker=qztot", []],
    ["/v3/reference/tickers?ticker.gte=QZTIP&ticker.lt=QZTRI", ["QZTIP", "QZTOT"]],
    ["/v3/reference/tickers?market=crypto", []],
    ["/v3/reference/tickers?type=ETF&sort=ticker&order=desc&limit=1", ["QZVAL"]],
  ])("filters %s", async (path, expected) => {
    const { body } = await get(path);
    expect((body.results as { ticker: string }[]).map(({ ticker }) => ticker)).toEqual(expected);
  });

  test.each([
    [`${grouped}/yesterday`, 400],
    ["/v2/aggs/ticker/QZTOT/range/1/minute/2025-01-02/2025-01-03", 400],
    ["/v2/aggs/ticker/QZTOT/range/1/day/x/2025-01-03", 400],
    ["/v3/reference/tickers?cursor=nonsense", 400],
    ["/v1/nothing", 404],
    ["/v2/aggs/ticker/%E0%A4%A/range/1/day/2025-01-02/2025-01-03", 200],
  ])("answers %s with %d", async (path, status) => {
    expect((await get(path)).status).toBe(status);
  });
});

test("what it says of the last sessions to who is there for the first time is corrected once they are asked for again", async () => {
  const at = new Date("2025-11-21T12:00:00Z");
  const own = startDemoExchange({ now: () => at, isFirstLook: true });
  const ask = async (session: string) => {
    const response = await fetch(`${own.url}${grouped}/${session}?adjusted=false&apiKey=${demoApiKey}`);
    const { results } = (await response.json()) as { results: { T: string; c: number }[] };
    return results.map((row) => `${row.T} ${row.c}`);
  };
  const final = (session: string) => exchange.bars(session, false).map(({ ticker, close }) => `${ticker} ${close}`);
  const [old, monday] = ["2025-11-05", "2025-11-17"];
  expect(await ask(old)).toEqual(final(old));
  const first = await ask(monday);
  expect(first).toHaveLength(exchange.firstBars(monday, false).length);
  expect(first).not.toEqual(final(monday));
  expect(await ask(monday)).toEqual(final(monday));
  await own.stop();
});

test("what it says of the last session is final once the next one has settled, by session and by ticker alike", async () => {
  const before = clock.now;
  // Wednesday's session is the last that has settled; then Thursday's is.
  const [hasty, settled] = ["2025-11-20T12:00:00Z", "2025-11-21T12:00:00Z"].map((at) => new Date(at));
  const session = "2025-11-19";
  const ask = async (at: Date | undefined) => {
    clock.now = at ?? before;
    const { results } = (await get(`${grouped}/${session}?adjusted=false`)).body as {
      results: { T: string; c: number }[];
    };
    return new Map(results.map((row) => [row.T, row.c]));
  };
  const [first, later] = [await ask(hasty), await ask(settled)];
  expect([...later].sort()).toEqual(exchange.bars(session, false).map(({ ticker, close }) => [ticker, close]));
  const different = [...first].filter(([ticker, close]) => later.get(ticker) !== close);
  expect(different.length).toBeGreaterThan(0);
  for (const [ticker, close] of different) {
    clock.now = hasty ?? before;
    const path = `/v2/aggs/ticker/${ticker}/range/1/day/2025-11-01/2025-11-30?adjusted=false`;
    const { results } = (await get(path)).body as { results: { c: number }[] };
    expect(results.at(-1)?.c).toBe(close);
  }
  clock.now = before;
});
