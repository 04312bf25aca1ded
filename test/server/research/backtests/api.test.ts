import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { metricDefinitions } from "../../../../server/backtest/definitions.ts";
import { strategies, tickerStrategies } from "../../../../server/backtest/strategies/index.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { ask, createMart, publishBar } from "../../api-support.ts";
import { createTestApp, type TestApp } from "../../support.ts";

let database: TestDatabase;
let app: TestApp;
/** 260 weekdays from 2024-01-02 on. */
const dates = Array.from({ length: 364 }, (_, day) => new Date(Date.UTC(2024, 0, 2 + day)))
  .filter((date) => date.getUTCDay() % 6 !== 0)
  .map((date) => date.toISOString().slice(0, 10));

beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  app = createTestApp({ read: sql });
  await createMart(sql);
  await sql`
    insert into public.fct_polygon__stock_bars_performance
      (ticker, trade_date, open_price, high_price, low_price, close_price, volume)
    select 'WAVE', day::date, opened, greatest(opened, closed), least(opened, closed), closed, 1000
    from unnest(${dates}::text[]) with ordinality as days (day, position),
      lateral (select 100 + 20 * sin(position / 9.0) as opened, 100 + 20 * sin((position + 0.5) / 9.0) as closed) as prices`;
  // Opens equal closes here: 10, 20, 40, 30.
  const prices = [10, 20, 40, 30];
  for (const [session, price] of prices.entries()) await publishBar(sql, "STEP", dates[session] ?? "", price);
});
afterAll(() => database.drop());

const post = (body: unknown) => ask(app, "POST", "/api/backtests", body);
const step = { ticker: "STEP", strategy: "buy_and_hold" };

describe("POST /api/backtests", () => {
  test("answers metrics, trades, equity by session, and the scenario with every default", async () => {
    const { status, body } = await post(step);
    expect(status).toBe(200);
    expect(body.equity).toEqual([
      { date: dates[0], equity: 10_000, drawdown: 0 },
      { date: dates[1], equity: 10_000, drawdown: 0 },
      { date: dates[2], equity: 20_000, drawdown: 0 },
      { date: dates[3], equity: 15_000, drawdown: -0.25 },
    ]);
    expect(body.trades).toEqual([
      {
        entryDate: dates[1],
        entryPrice: 20,
        exitDate: null,
        exitPrice: null,
        shares: 500,
        asTraded: { entryPrice: 20, entryShares: 500, exitPrice: null, exitShares: null },
        profit: null,
        return: null,
        reason: null,
      },
    ]);
    // Held from the first close, 10, to the last, 30.
    expect(body.comparisons).toEqual([
      expect.objectContaining({ kind: "buy_and_hold", ticker: "STEP", beta: expect.any(Number) }),
    ]);
    expect(body.comparisons[0].metrics).toMatchObject({ totalReturn: 2, finalEquity: 30_000, maxDrawdown: -0.25 });
    expect(body.returns).toEqual({
      monthly: [{ period: "2024-01", return: 0.5 }],
      yearly: [{ period: "2024", return: 0.5 }],
    });
    expect(Object.keys(body.metrics).toSorted()).toEqual(Object.keys(metricDefinitions).toSorted());
    expect(body.metrics).toMatchObject({
      totalReturn: 0.5,
      maxDrawdown: -0.25,
      trades: 0,
      winRate: null,
      buyAndHold: 2,
    });
    expect(body.scenario).toEqual({
      ...step,
      from: dates[0],
      to: dates[3],
      params: {},
      capital: 10_000,
      sizing: { kind: "equity", fraction: 1 },
      fractional: true,
      side: "long",
      commission: { bps: 0, perShare: 0, perOrder: 0 },
      slippage: { bps: 0 },
      stopLoss: null,
      takeProfit: null,
      trailingStop: null,
      riskFree: 0,
      dividends: false,
      benchmark: null,
      survivorship: null,
    });
  });

  test("tells what it read, and what has to be known of it", async () => {
    const { body } = await post({ ...step, to: "2024-01-31" });
    expect(body.dataVersion).toStartWith("sessions=4 ");
    expect(body.notes).toContain("Asked to 31 Jan 2024; the last bar is of 5 Jan 2024.");
    const compared = await post({ ...step, benchmark: "WAVE" });
    expect(compared.body.dataVersion).toContain("benchmark.sessions=4 ");
    expect(compared.body.dataVersion).not.toBe(body.dataVersion);
  });

  test("takes the request of the contract", async () => {
    const { status, body } = await post({
      ticker: "WAVE",
      from: "2024-01-02",
      to: "2024-12-30",
      strategy: "momentum",
      params: { shortWindow: 5 },
      capital: 10_000,
      sizing: { kind: "equity", fraction: 1 },
      fractional: true,
      side: "long",
      commission: { bps: 5 },
      slippage: { bps: 0 },
      riskFree: 0,
      dividends: false,
    });
    expect(status).toBe(200);
    expect(body.scenario.params).toEqual({ shortWindow: 5, longWindow: 50, rsiPeriod: 14, rsiOverbought: 70 });
    expect(body.trades.length).toBeGreaterThan(0);
    expect(body.metrics.costs).toBeGreaterThan(0);
  });

  test.each(tickerStrategies.map(({ id }) => id))("runs %s, and the same again from its scenario", async (strategy) => {
    const first = await post({ ticker: "WAVE", strategy, side: "long_short", commission: { perShare: 0.01 } });
    expect(first.status).toBe(200);
    expect(await post(first.body.scenario)).toEqual(first);
    expect(first.body.trades.length).toBeGreaterThan(0);
    expect(first.body.equity).toHaveLength(dates.length);
  });

  test("uses the bars of the range only, and keeps the range as it was asked", async () => {
    const range = { from: "2023-12-25", to: dates[2] };
    const { body } = await post({ ...step, ...range });
    expect(body.equity).toHaveLength(3);
    expect(body.scenario).toMatchObject(range);
  });

  test("describes its strategies where requests are described", async () => {
    const document = await (await app.get("/api/openapi.json")).json();
    const { requestBody, description } = document.paths["/api/backtests"].post;
    const { properties, required } = requestBody.content["application/json"].schema;
    expect(required).toEqual(["strategy"]);
    expect(properties.strategy.enum).toEqual(strategies.map(({ id }) => id));
    const described = properties.params.anyOf.find(({ title }: { title: string }) => title === "donchian");
    expect(described.properties.entry).toMatchObject({ type: "integer", default: 20 });
    expect(properties.sizing.default).toEqual({ kind: "equity", fraction: 1 });
    expect(description).toContain("fills at the next session's open");
    expect(document.components.schemas.Metrics.properties.sharpe.description).toContain("√252");
  });
});

describe("dividends", () => {
  const asked = { ...step, dividends: true };

  test("are refused where they have not been read for the range", async () => {
    const { status, body } = await post(asked);
    expect(status).toBe(422);
    expect(body.error).toMatchObject({ field: "dividends" });
    expect(body.error.message).toContain(`from ${dates[0]} on have not been read`);
  });

  test("are paid to holders on the ex-dividend date, in the shares of the prices", async () => {
    const { sql } = database;
    await sql`insert into barline.reference_reads (kind, covers_from, read_at, rows, calls)
      values ('dividends', '2024-01-01', now(), 1, 1)`;
    // Told in shares of which two are one now; one was withdrawn; one is not in dollars; the first day's holder is nobody.
    await sql`update public.fct_polygon__stock_bars_performance set split_factor = 0.5 where ticker = 'STEP'`;
    await sql`insert into public.source_polygon_dividends (ticker, ex_dividend_date, cash_amount, currency, active, inserted_at)
      values ('STEP', ${dates[1] ?? ""}, 9, 'USD', true, now()), ('STEP', ${dates[2] ?? ""}, 3, 'USD', true, now()),
        ('STEP', ${dates[2] ?? ""}, 1, null, true, now()), ('STEP', ${dates[2] ?? ""}, 8, 'USD', false, now()),
        ('STEP', ${dates[2] ?? ""}, 7, 'CAD', true, now()), ('WAVE', ${dates[2] ?? ""}, 5, 'USD', true, now())`;
    const { status, body } = await post(asked);
    expect(status).toBe(200);
    // 500 shares × (3 + 1) × 0.5 on the third session.
    expect(body.equity.map(({ equity }: { equity: number }) => equity)).toEqual([10_000, 10_000, 21_000, 16_000]);
    expect((await post(step)).body.metrics.finalEquity).toBe(15_000);
  });
});

describe("a ticker with splits to come", () => {
  /** Bars at a quoted price, with the factor and the rounding that the model has. */
  async function publish(ticker: string, quoted: number, factor: number): Promise<void> {
    await database.sql`
      insert into public.fct_polygon__stock_bars_performance
        (ticker, trade_date, open_price, high_price, low_price, close_price, volume, split_factor, dollar_volume)
      select ${ticker}, day, price, price, price, price, round(5000 / ${factor}::numeric, 6), ${factor}::numeric, ${quoted}::numeric * 5000
      from unnest(${dates}::date[]) as day, lateral (select ${quoted}::numeric * ${factor}::numeric as price) as adjusted`;
  }

  test("is charged for, made whole and told in the shares of the day", async () => {
    await publish("GREW", 300, 1 / 40);
    const asked = { ...step, ticker: "GREW", fractional: false, commission: { perShare: 0.005 } };
    const { body } = await post(asked);
    // 33 shares of 300 dollars, which are 1,320 of 7.50 today.
    expect(body.metrics.commission).toBeCloseTo(33 * 0.005, 10);
    expect(body.trades).toMatchObject([
      { entryPrice: 7.5, shares: 1320, asTraded: { entryPrice: 300, entryShares: 33, exitPrice: null } },
    ]);
  });

  test("is traded although its adjusted volume rounds to nothing, and its adjusted price is in the trillions", async () => {
    await publish("SANK", 2, 3.375e13);
    const { body } = await post({ ...step, ticker: "SANK", fractional: false });
    expect(body.trades).toMatchObject([{ asTraded: { entryPrice: 2, entryShares: 5000 } }]);
    expect(body.notes.join()).not.toContain("without volume");
  });

  test("says what one whole share cost where the capital does not pay for it", async () => {
    const { body } = await post({ ...step, ticker: "GREW", fractional: false, capital: 200 });
    expect(body.trades).toEqual([]);
    expect(body.notes[0]).toStartWith("Nothing was bought: one whole share cost $300.00 with its costs at the least");
  });
});

test("a benchmark is compared with beside the ticker held, and one that does not exist is refused", async () => {
  const { status, body } = await post({ ticker: "WAVE", strategy: "rsi", benchmark: "WAVE" });
  expect(status).toBe(200);
  const [held, benchmark] = body.comparisons;
  expect(benchmark).toMatchObject({ kind: "benchmark", ticker: "WAVE", alpha: held.alpha, beta: held.beta });
  expect(benchmark.metrics).toEqual(held.metrics);
  expect(await post({ ticker: "WAVE", strategy: "rsi", benchmark: "NONE" })).toMatchObject({
    status: 404,
    body: { error: { field: "benchmark" } },
  });
});

describe("what cannot be run", () => {
  const bad: [change: Record<string, unknown>, field: string, says: string][] = [
    [{ ticker: undefined }, "ticker", "required"],
    [{ strategy: undefined }, "strategy", "required"],
    [{ strategy: "momentun" }, "strategy", "Did you mean momentum?"],
    [
      { strategy: "astrology" },
      "strategy",
      "has to be one of buy_and_hold, cross_sectional_momentum, donchian, macd, mean_reversion, momentum, rsi.",
    ],
    [{ strategy: 5 }, "strategy", "one of buy_and_hold"],
    [{ strategy: "constructor" }, "strategy", "one of buy_and_hold"],
    [{ params: { window: 5 } }, "params.window", "none is expected"],
    [{ strategy: "momentum", params: { shortwindow: 5 } }, "params.shortwindow", "Did you mean `shortWindow`?"],
    [
      { strategy: "momentum", params: { shortWindow: 60 } },
      "params.shortWindow",
      "less than longWindow, which is 50; it is 60",
    ],
    [
      { strategy: "momentum", params: { longWindow: 20 } },
      "params.shortWindow",
      "less than longWindow, which is 20; it is 20",
    ],
    [{ strategy: "momentum", params: { shortWindow: 2.5 } }, "params.shortWindow", "a whole number from 1 to 1000"],
    [{ strategy: "momentum", params: { rsiOverbought: "70" } }, "params.rsiOverbought", "a number from 0 to 100"],
    [{ strategy: "donchian", params: { entry: 5 } }, "params.exit", "at most entry, which is 5; it is 10"],
    [{ strategy: "mean_reversion", params: { deviations: 0 } }, "params.deviations", "above 0"],
    [{ params: [] }, "params", "an object of the strategy's parameters"],
    [{ strategy: "momentum" }, "from", "4 sessions of STEP; with these parameters momentum needs 51: 49 to warm up"],
    [{ from: "2024-01-05", to: "2024-01-04" }, "from", "is after `to`"],
    [{ from: "2025-01-01" }, "from", "those of STEP go from 2024-01-02 to 2024-01-05"],
    [{ to: "2020-12-31" }, "to", "(2020-12-31) leaves no bar"],
    [{ from: "2019-01-01", to: "2020-12-31" }, "to", "leaves no bar"],
    [{ from: "2024-01-06", to: "2024-01-07" }, "from", "leaves no bar"],
    [{ from: dates[3] }, "from", "there is 1 session of STEP"],
    [{ from: "yesterday" }, "from", "a date such as"],
    [{ capital: 0 }, "capital", "above 0"],
    [{ capital: "1000" }, "capital", "a number"],
    [{ sizing: { kind: "all" } }, "sizing.kind", "has to be {"],
    [{ sizing: { kind: "equity", fraction: 1.5 } }, "sizing.fraction", "above 0, up to 1"],
    [{ sizing: { kind: "shares" } }, "sizing.shares", "required"],
    [{ sizing: { kind: "cash", cash: 5, shares: 3 } }, "sizing.shares", "known are kind, cash"],
    [{ commission: { bsp: 1 } }, "commission.bsp", "Did you mean `bps`?"],
    [{ commission: { bps: -1 } }, "commission.bps", "from 0 to 1000"],
    [{ commission: 5 }, "commission", "an object"],
    [{ slippage: { bps: 1001 } }, "slippage.bps", "from 0 to 1000"],
    [{ side: "short" }, "side", "long, long_short"],
    [{ fractional: "yes" }, "fractional", "true or false"],
    [{ riskFree: 5 }, "riskFree", "from 0 to 1"],
    [{ tickr: "AAPL" }, "tickr", "Did you mean `ticker`?"],
  ];
  test.each(bad)("is refused by name: %j", async (change, field, says) => {
    const { status, body } = await post({ ...step, ...change });
    expect({ status, field: body.error.field }).toEqual({ status: 422, field });
    expect(body.error.message).toContain(says);
    expect(body.error.message).not.toEndWith("?.");
  });

  test("guesses no name that shares too little with the given one", async () => {
    for (const change of [{ fizz: 1 }, { strategy: "zzz" }]) {
      expect((await post({ ...step, ...change })).body.error.message).not.toContain("Did you mean");
    }
  });

  test("is a 404 for a ticker without bars", async () => {
    const { status, body } = await post({ ...step, ticker: "step" });
    expect(status).toBe(404);
    expect(body.error).toMatchObject({
      field: "ticker",
      message: "No bars of step are published. Tickers are case-sensitive.",
    });
  });

  test("is a 404 before anything is published", async () => {
    const empty = await createTestDatabase();
    try {
      const { status, body } = await ask(createTestApp({ read: empty.sql }), "POST", "/api/backtests", step);
      expect(status).toBe(404);
      expect(body.error.message).toContain("Nothing is published yet");
    } finally {
      await empty.drop();
    }
  });
});
