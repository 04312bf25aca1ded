import { expect } from "bun:test";
import type { Sql } from "../../db/client.ts";
import { sessionsBetween } from "../../jobs/market/calendar.ts";
import { createDemoExchange, type DemoBar, type DemoExchange } from "../../jobs/market/demo/exchange.ts";
import { defaultDemoSeed } from "../../jobs/market/demo/server.ts";

/** Few enough for quick tests; over the sessions below one of them is delisted and one splits. */
export const marketSize = 40;
/** 60 sessions around Labor Day 2018; QSXE trades until 25 September, LYST splits 3 for 2 on 26 October. */
export const season = { from: "2018-08-13", to: "2018-11-05" } as const;

/** The market that the demo exchange serves, asked without a server in between. */
export function openMarket(): DemoExchange {
  return createDemoExchange({ seed: defaultDemoSeed, tickers: marketSize, untilYear: new Date().getUTCFullYear() });
}

/** Every bar of a range, by ticker and session. */
export function barsBetween(market: DemoExchange, from: string, to: string): DemoBar[] {
  const bars = sessionsBetween(from, to).flatMap((date) => market.bars(date, false));
  return bars.sort((a, b) => (a.ticker === b.ticker ? (a.date < b.date ? -1 : 1) : a.ticker < b.ticker ? -1 : 1));
}

/** Asserts that the raw table holds exactly these bars, to the last digit. */
export async function expectRawBars(sql: Sql, bars: DemoBar[]): Promise<void> {
  const rows = await sql<Record<string, unknown>[]>`
    select ticker, trade_date as date, open::float8, high::float8, low::float8, close::float8, volume::float8,
      vwap::float8, transactions
    from public.source_polygon_stock_bars_daily order by ticker, trade_date`;
  expect(rows.length).toBe(bars.length);
  const wanted = bars.map(({ ticker, date, open, high, low, close, volume, vwap, transactions }) => ({
    ...{ ticker, date, open, high, low, close, volume },
    ...{ vwap: vwap ?? null, transactions: transactions ?? null },
  }));
  const different = wanted.findIndex((bar, index) => !Bun.deepEquals(bar, { ...rows[index] }));
  expect(different === -1 ? undefined : { ...rows[different] }).toEqual(
    different === -1 ? undefined : wanted[different],
  );
}

type FactRow = {
  ticker: string;
  date: string;
  id: string;
  close: number;
  volume: number;
  factor: number;
  average20: number | null;
  average50: number | null;
  average120: number | null;
  return1: number | null;
};

/** Asserts that the fact table says what a calculation of our own says of the same bars and all splits up to today. */
export async function expectFact(sql: Sql, bars: DemoBar[], market: DemoExchange): Promise<void> {
  const rows = await sql<FactRow[]>`
    select stock_bar_id as id, ticker, trade_date as date, close_price::float8 as close, volume::float8,
      split_factor::float8 as factor, moving_avg_20d::float8 as "average20", moving_avg_50d::float8 as "average50",
      moving_avg_120d::float8 as "average120", return_1d::float8 as "return1"
    from public.fct_polygon__stock_bars_performance order by ticker, trade_date`;
  expect(rows.length).toBe(bars.length);
  const splits = market.splits(new Date().toISOString().slice(0, 10));
  const closes: number[] = [];
  let ticker = "";
  for (const [index, bar] of bars.entries()) {
    if (bar.ticker !== ticker) closes.length = 0;
    ticker = bar.ticker;
    const factor = splits
      .filter((split) => split.ticker === bar.ticker && split.date > bar.date)
      .reduce((product, split) => (product * split.from) / split.to, 1);
    closes.push(bar.close * factor);
    const row = rows[index];
    expect(row?.id).toBe(`${bar.ticker}_${bar.date}`);
    expectNear(row?.factor, factor);
    expectNear(row?.close, bar.close * factor);
    expectNear(row?.volume, bar.volume / factor);
    expectNear(row?.average20, average(closes, 20));
    expectNear(row?.average50, average(closes, 50));
    expectNear(row?.average120, average(closes, 120));
    const before = closes.at(-2);
    expectNear(row?.return1, before === undefined ? null : (bar.close * factor) / before - 1);
  }
}

function average(values: number[], length: number): number | null {
  return values.length < length ? null : values.slice(-length).reduce((sum, value) => sum + value, 0) / length;
}

/** Equal but for the rounding of the columns: six decimals at the least. */
function expectNear(seen: number | null | undefined, wanted: number | null): void {
  if (wanted === null) expect(seen).toBeNull();
  else expect(Math.abs((seen ?? Number.NaN) - wanted)).toBeLessThanOrEqual(1e-6 + Math.abs(wanted) * 1e-7);
}

/** A hash of everything in the raw and the fact table but when it was written. */
export async function warehouseDigest(sql: Sql): Promise<string> {
  const [row] = await sql<{ digest: string }[]>`
    select md5((
      select string_agg(md5((to_jsonb(bars) - 'inserted_at')::text), '' order by ticker, trade_date)
      from public.source_polygon_stock_bars_daily bars
    ) || (
      select string_agg(md5((to_jsonb(fact) - '{source_inserted_at,breadth_changed_at}'::text[])::text), '' order by ticker, trade_date)
      from public.fct_polygon__stock_bars_performance fact
    )) as digest`;
  return row?.digest ?? "";
}

/** Asserts that no event waits any more, none was claimed twice by a job, and no run failed. */
export async function expectCleanState(sql: Sql): Promise<void> {
  const failed = await sql`select id, job_id, error from barline.runs where state <> 'success'`;
  expect([...failed]).toEqual([]);
  const [events] = await sql<{ unclaimed: number; twice: number }[]>`
    select (select count(*)::int from barline.pending_events) as unclaimed,
      (select count(*)::int from (
        select from barline.event_claims group by job_id, event_id having count(*) > 1) as repeated) as twice`;
  expect(events).toEqual({ unclaimed: 0, twice: 0 });
}
