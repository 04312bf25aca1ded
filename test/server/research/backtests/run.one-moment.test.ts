import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { runRequest, toAnswer } from "../../../../server/research/backtests/run.ts";
import type { BacktestRequest } from "../../../../server/research/backtests/schemas.ts";
import { requestFromQuery } from "../../../../server/research/backtests/url.ts";
import { readRequest } from "../../../../server/research/sweeps/plan.ts";
import { prepareSweep } from "../../../../server/research/sweeps/prepare.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import { publishAfter } from "../../../support/publish-between.ts";
import { addBacktestSample } from "./sample.ts";

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  await addBacktestSample(database.sql);
  await database.sql`
    insert into barline.reference_reads (kind, covers_from, read_at, rows, calls)
    values ('dividends', '2000-01-03', now(), 1, 1)`;
}, 60_000);
afterEach(() => database.drop());

/** Corrects everything that a run reads: bars of all tickers, the market by session, splits, dividends and listings. */
const publish = () =>
  database.sql.begin(async (transaction) => {
    await transaction`
      update public.fct_polygon__stock_bars_performance
      set close_price = close_price * 1.3, return_21d = -return_21d, return_252d = -return_252d
      where trade_date > '2019-01-02'`;
    await transaction`
      update public.fct_polygon__latest_session set close_price = close_price * 1.3`;
    await transaction`
      update public.fct_polygon__market_breadth_daily set source_inserted_at = now() + interval '1 s'`;
    await transaction`update public.source_polygon_dividends set cash_amount = cash_amount * 40`;
    await transaction`update public.source_polygon_splits set split_to = 8`;
    await transaction`
      update public.dim_tickers set active = false, last_trade_date = '2023-12-01' where ticker = 'TEN'`;
  });

function requestOf(query: string): BacktestRequest {
  const { request } = requestFromQuery(new URLSearchParams(query));
  if (request === null) throw new Error(`${query} is no request`);
  return request;
}

describe("a run while new data are published", () => {
  test.each([
    ["over a ticker", "ticker=TEN&strategy=momentum&dividends=true&benchmark=SPY", "string_agg(trade_date::text"],
    [
      "over the universe",
      "strategy=cross_sectional_momentum&params.holdings=2&dividends=true&benchmark=SPY",
      "from public.fct_polygon__latest_session as latest",
    ],
  ])("%s is wholly of the data before, and the next one of those after", async (_, query, firstRead) => {
    const request = requestOf(query);
    const before = toAnswer(await runRequest(database.sql, request));
    const read = publishAfter(database.sql, firstRead, publish);
    const during = toAnswer(await runRequest(read, request));
    expect(read.published()).toBe(true);
    expect(during).toEqual(before);
    const after = toAnswer(await runRequest(database.sql, request));
    for (const part of ["metrics", "equity", "comparisons", "dataVersion"] as const) {
      expect(after[part]).not.toEqual(before[part]);
    }
  });

  test("has the bars and the version of a sweep from one moment", async () => {
    const request = readRequest({ ticker: "TEN", strategy: "rsi", params: { period: { from: 5, to: 9 } } });
    const before = await prepareSweep(database.sql, request);
    const read = publishAfter(database.sql, "string_agg(trade_date::text", publish);
    const during = await prepareSweep(read, request);
    expect(read.published()).toBe(true);
    expect([during.source, during.dataVersion]).toEqual([before.source, before.dataVersion]);
  });
});
