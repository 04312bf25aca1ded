import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sampleMarket, sampleUniverse } from "../../../../server/backtest/checks/sample-market.ts";
import { chooseHoldings } from "../../../../server/backtest/universe/choose.ts";
import { readUniverse } from "../../../../server/research/backtests/read-universe.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { ask } from "../../api-support.ts";
import { momentum } from "../../backtest/universe/support.ts";
import { createTestApp, type TestApp } from "../../support.ts";
import { publishMarket, publishMonthEnds } from "./universe-market.ts";

/** 400 weekdays of 60 tickers, of which a fifth each come late, end, or pause. */
const market = sampleMarket(60, 400);
let database: TestDatabase;
let app: TestApp;

beforeAll(async () => {
  database = await createTestDatabase();
  await publishMarket(database.sql, market);
  app = createTestApp({ read: database.sql });
});
afterAll(() => database.drop());

const post = (body: Record<string, unknown>) =>
  ask(app, "POST", "/api/backtests", { strategy: "cross_sectional_momentum", ...body });
const small = { params: { lookback: 63, skip: 21, holdings: 5 } };

/** The last session of the month before that of the last one. */
const lastMonthEnd = market.dates.findLast((date) => date.slice(0, 7) < (market.dates.at(-1) ?? "").slice(0, 7)) ?? "";

describe("what is read of the universe", () => {
  test.each([[{ lookback: 63, skip: 21 }], [{ lookback: 40, skip: 0 }], [{ lookback: 3, skip: 2 }]])(
    "is what its closes say, at every rebalance: %j",
    async (parameters) => {
      const strategy = momentum({ ...parameters, holdings: 5 });
      const read = await readUniverse([database.sql], { from: null, to: null }, strategy);
      const known = sampleUniverse(market, strategy.lags);
      expect(read.dates).toEqual([...known.dates]);
      expect(read.sections.map(({ session }) => session)).toEqual(known.sections.map(({ session }) => session));
      for (const [index, section] of read.sections.entries()) {
        // The last one values what is held, and nobody is chosen from it.
        const ranked = index < read.sections.length - 1 ? section.returns : [];
        for (const [column, values] of [section.close, ...ranked].entries()) {
          const wanted = [known.sections[index]?.close, ...(known.sections[index]?.returns ?? [])][column] ?? [];
          const differences = [...values].filter((value, ticker) => {
            const expected = wanted[ticker] ?? Number.NaN;
            return Number.isNaN(value)
              ? !Number.isNaN(expected)
              : !(Math.abs(value - expected) < 1e-9 * Math.abs(value) + 1e-9);
          });
          expect(differences).toEqual([]);
        }
      }
      expect(chooseHoldings(read, strategy)).toEqual(chooseHoldings(known, strategy));
    },
  );

  const day = (session: number) => market.dates[session] ?? "";
  test.each([[{}], [{ to: day(299) }], [{ from: day(150), to: day(220) }]])(
    "is the same from the table of month ends, and the same run: %j",
    async (range) => {
      const strategy = momentum({ lookback: 63, skip: 21, holdings: 5, minimumPrice: 20 });
      const asked = { from: null, to: null, ...range };
      const [universe, run] = [await readUniverse([database.sql], asked, strategy), await post({ ...small, ...range })];
      await publishMonthEnds(database.sql);
      try {
        const quick = await readUniverse([database.sql], asked, strategy);
        expect(chooseHoldings(quick, strategy)).toEqual(chooseHoldings(universe, strategy));
        expect(quick.sections.map(({ close }) => [...close])).toEqual(universe.sections.map(({ close }) => [...close]));
        expect(await post({ ...small, ...range })).toEqual(run);
      } finally {
        await database.sql`drop table public.fct_polygon__month_ends`;
      }
    },
  );

  test("leaves out what is below the minimums, by the price as it was quoted", async () => {
    const sectionsOf = async (parameters: Record<string, number>) => {
      const { sections, listings } = await readUniverse([database.sql], { from: null, to: null }, momentum(parameters));
      const last = sections.at(-2);
      return listings.flatMap(({ ticker }, number) => (last?.eligible[number] === 1 ? [ticker] : []));
    };
    const quoted = await database.sql<{ ticker: string; price: number; dollars: number }[]>`
      select ticker, (close_price / split_factor)::float8 as price, dollar_volume::float8 as dollars
      from public.fct_polygon__stock_bars_performance
      where trade_date = ${lastMonthEnd}::date
      order by ticker`;
    const above = (test: (row: (typeof quoted)[number]) => boolean) => quoted.filter(test).map(({ ticker }) => ticker);
    expect(await sectionsOf({})).toEqual(above(() => true));
    expect(await sectionsOf({ minimumPrice: 60 })).toEqual(above(({ price }) => price >= 60));
    expect(await sectionsOf({ minimumDollarVolume: 40_000 })).toEqual(above(({ dollars }) => dollars >= 40_000));
    expect(above(({ price }) => price >= 60).length).toBeLessThan(quoted.length);
  });
});

type Sample = { shares: number; asTraded: { entryShares: number } };

describe("cross_sectional_momentum", () => {
  test("runs without a ticker, and says of each trade which it is of", async () => {
    const { status, body } = await post(small);
    expect(status).toBe(200);
    expect(body.equity).toHaveLength(400);
    expect(new Set(body.trades.map(({ ticker }: { ticker: string }) => ticker)).size).toBeGreaterThan(10);
    const many = await post({ params: { ...small.params, holdings: 30 } });
    expect(many.body.trades.some(({ reason }: { reason: string }) => reason === "delisted")).toBe(true);
    expect(body.scenario).toMatchObject({
      ticker: null,
      from: market.dates[0],
      to: market.dates[399],
      params: { lookback: 63, skip: 21, holdings: 5, minimumPrice: 0, minimumDollarVolume: 0 },
      survivorship: "point_in_time",
    });
    expect(body.comparisons[0]).toMatchObject({
      ...{ kind: "universe", ticker: null },
      // It is valued at rebalances, which know nothing of the depths between them.
      metrics: { totalReturn: expect.any(Number), maxDrawdown: null, sharpe: null, volatility: null, calmar: null },
    });
    expect(body.metrics.beta).toBeGreaterThan(0);
  });

  test("gives the same run again from its scenario", async () => {
    const first = await post({ ...small, capital: 5000, fractional: false, slippage: { bps: 5 } });
    expect(await ask(app, "POST", "/api/backtests", first.body.scenario)).toEqual(first);
    for (const { shares } of first.body.trades) expect(Number.isInteger(shares)).toBe(true);
  });

  test("fills at the open after the end of a month, and nowhere else but for who was delisted", async () => {
    const { body } = await post(small);
    const after = new Set(
      market.dates.filter((date, session) => market.dates[session - 1]?.slice(0, 7) !== date.slice(0, 7)),
    );
    for (const { entryDate, exitDate, reason } of body.trades) {
      expect(after.has(entryDate)).toBe(true);
      // Who pauses at a rebalance is sold at its next open, two sessions later at the most.
      if (reason !== "rebalance") continue;
      const session = market.dates.indexOf(exitDate);
      expect(market.dates.slice(session - 2, session + 1).some((date) => after.has(date))).toBe(true);
    }
  });

  test("did then what it says now that it did then", async () => {
    const whole = await post(small);
    const cut = await post({ ...small, to: market.dates[299] });
    const until = market.dates[298] ?? "";
    const entries = (body: typeof whole.body) =>
      body.trades
        .filter(({ entryDate }: { entryDate: string }) => entryDate <= until)
        .map(({ ticker, entryDate }: { ticker: string; entryDate: string }) => `${ticker} ${entryDate}`);
    expect(entries(cut.body)).toEqual(entries(whole.body));
    expect(cut.body.equity).toEqual(whole.body.equity.slice(0, 300));
  });

  test("looks back beyond the range, and holds cash until the first end of a month", async () => {
    const { body } = await post({ ...small, from: market.dates[200] });
    const whole = await post(small);
    const first = body.trades[0]?.entryDate;
    expect(market.dates.indexOf(first) - 200).toBeLessThan(25);
    const held = ({ body: { trades } }: typeof whole) =>
      trades.filter(({ entryDate }: { entryDate: string }) => entryDate === first).length;
    expect(held({ body } as typeof whole)).toBe(5);
  });

  test("shows how much better survivors alone would have looked", async () => {
    const point = await post(small);
    const survivors = await post({ ...small, survivorship: "survivors_only" });
    expect(point.body.survivorship).toEqual(survivors.body.survivorship);
    const { pointInTime, survivorsOnly, tickers } = point.body.survivorship;
    expect(pointInTime.totalReturn).toBe(point.body.metrics.totalReturn);
    expect(survivorsOnly.totalReturn).toBe(survivors.body.metrics.totalReturn);
    expect(survivorsOnly.totalReturn).not.toBe(pointInTime.totalReturn);
    expect(tickers).toBe(60);
    const gone = new Set(survivors.body.trades.map(({ ticker }: { ticker: string }) => ticker));
    const ended = await database.sql<{ ticker: string }[]>`select ticker from public.dim_tickers where not active`;
    expect(ended.length).toBeGreaterThan(5);
    for (const { ticker } of ended) expect(gone.has(ticker)).toBe(false);
  });

  test("says by its name which look back would take too long over a large market", async () => {
    const strategy = momentum({ lookback: 100, skip: 21 });
    // A list of tickers as long as the market's; none of the others is ever looked at.
    await database.sql`
      insert into public.fct_polygon__latest_session (ticker, trade_date, close_price)
      select 'X' || number, '2030-01-02', 1 from generate_series(1, 9000) as number`;
    try {
      const { status, body } = await post({ params: strategy.parameters });
      expect({ status, field: body.error.field }).toEqual({ status: 422, field: "params.lookback" });
      expect(body.error.message).toContain("(100) has to be one of 0, 5, 21, 63, 252 over so many tickers and months");
    } finally {
      await database.sql`delete from public.fct_polygon__latest_session where ticker like 'X%'`;
    }
  });

  test("pays dividends to who held before, in the shares of the prices", async () => {
    const { sql } = database;
    expect((await post({ ...small, dividends: true })).body.error.field).toBe("dividends");
    const plain = await post(small);
    const sample = plain.body.trades.find(({ exitDate }: { exitDate: string | null }) => exitDate !== null);
    const { ticker, entryDate, exitDate } = sample;
    const next = market.dates[market.dates.indexOf(entryDate) + 5] ?? "";
    expect(next < exitDate).toBe(true);
    await sql`insert into barline.reference_reads (kind, covers_from, read_at, rows, calls)
      values ('dividends', '2019-01-01', now(), 1, 1)`;
    // On the day of the purchase, too late to be paid; five sessions later; after the sale; one withdrawn.
    const rows = [
      [entryDate, 50, true],
      [next, 2, true],
      [market.dates[399], 70, true],
      [next, 30, false],
    ] as const;
    for (const [date, amount, active] of rows) {
      await sql`insert into public.source_polygon_dividends (ticker, ex_dividend_date, cash_amount, currency, active, inserted_at)
        values (${ticker}, ${date ?? ""}, ${amount}, 'USD', ${active}, now())`;
    }
    const [{ factor }] = await sql<[{ factor: number }]>`
      select split_factor::float8 as factor from public.fct_polygon__stock_bars_performance
      where ticker = ${ticker} and trade_date = ${next}::date`;
    const { body } = await post({ ...small, dividends: true });
    const paid = body.trades.find((trade: typeof sample) => trade.ticker === ticker && trade.entryDate === entryDate);
    const bought = plain.body.trades.filter(
      (trade: typeof sample) => trade.ticker === ticker && trade.entryDate < next,
    );
    expect(bought).toHaveLength(1);
    expect(body.metrics.dividends).toBeGreaterThan(0);
    // What was held five sessions after the purchase is what the first rebalance bought, and no more than the trade's shares.
    expect(body.metrics.dividends).toBeLessThanOrEqual(paid.shares * 2 * factor + 1e-9);
    const jump = (run: typeof body, date: string) =>
      run.equity.find((day: { date: string }) => day.date === date).equity;
    expect(jump(body, next) - jump(plain.body, next)).toBeCloseTo(body.metrics.dividends, 6);
    const before = market.dates[market.dates.indexOf(next) - 1] ?? "";
    expect(jump(body, before)).toBe(jump(plain.body, before));
  });

  test("is not better for costs", async () => {
    const free = await post(small);
    const dear = await post({ ...small, commission: { bps: 10, perOrder: 1 }, slippage: { bps: 10 } });
    expect(dear.body.metrics.finalEquity).toBeLessThan(free.body.metrics.finalEquity);
    expect(dear.body.metrics.costs).toBeGreaterThan(0);
  });

  test("tells trades in the shares of their days too, which are whole where no parts are traded", async () => {
    const { body } = await post({ ...small, fractional: false, commission: { perShare: 0.01 } });
    const split = body.trades.filter(({ shares, asTraded }: Sample) => asTraded.entryShares !== shares);
    expect(split.length).toBeGreaterThan(0);
    for (const { shares, entryPrice, asTraded } of body.trades) {
      expect(Number.isInteger(asTraded.entryShares)).toBe(true);
      expect((asTraded.entryShares * asTraded.entryPrice) / (shares * entryPrice)).toBeCloseTo(1, 12);
    }
  });

  test("says why nothing was bought", async () => {
    const { body } = await post({ ...small, fractional: false, capital: 1 });
    expect(body.trades).toEqual([]);
    expect(body.notes[0]).toMatch(/^Nothing was bought: one whole share of T\d+, the nearest to it, cost \$[\d.]+ on /);
  });

  const bad: [Record<string, unknown>, string, string][] = [
    [{ ticker: "T001" }, "ticker", "left out: cross_sectional_momentum chooses from all tickers"],
    [{ side: "long_short" }, "side", "sells nothing short"],
    [{ stopLoss: 0.1 }, "stopLoss", "leaves a position at a rebalance only"],
    [{ sizing: { kind: "shares", shares: 5 } }, "sizing", "equal parts of the equity"],
    [{ survivorship: "everybody" }, "survivorship", "point_in_time, survivors_only"],
    [{ params: { lookback: 20, skip: 30 } }, "params.skip", "less than lookback"],
    [{ params: { lookback: 1000 } }, "from", "has a ticker the 1000 sessions before it"],
    [{ from: market.dates[395] }, "from", "No month ends"],
    [{ from: "2030-01-01" }, "from", "leaves no session: those published go from 2020-01-01"],
    [{ benchmark: "NONE" }, "benchmark", "No bars of NONE"],
    [{ strategy: "momentum", ticker: "T001", survivorship: "survivors_only" }, "survivorship", "trades one ticker"],
    [{ strategy: "momentum" }, "ticker", "required"],
  ];
  test.each(bad)("refuses by name %j", async (change, field, says) => {
    const { status, body } = await post({ ...small, params: {}, ...change });
    expect({ status: [404, 422].includes(status), field: body.error.field }).toEqual({ status: true, field });
    expect(body.error.message).toContain(says);
  });
});
