import type { Sql } from "../../db/client.ts";
import type { MemoryWatch } from "./memory.ts";

/** What years of history do: bars, seconds and bytes. */
export type HistoryReport = {
  years: number;
  rows: number;
  fullRefreshSeconds: number;
  /** Of the database server while all was built anew. */
  postgresPeak: number | null;
  barlinePeak: number | null;
  /** Written to temporary files meanwhile: what did not fit into memory. */
  temporaryBytes: number;
  nextSessionSeconds: number;
};

/** The raw table as a migration makes it, taken down for the insert: 25 million rows go in before their keys in a fifth of the time. */
const key = "source_polygon_stock_bars_daily_ticker_trade_date_pk";
const insertedIndex = "source_polygon_stock_bars_daily_inserted_at";

/**
 * Puts `years` - 1 earlier years before the year that is there: its bars again on the trading days before, in the same order, and takes
 * out the session `without`. Prices need not join; what is measured is how many there are. Barline must not run. Answers how many
 * bars there are then.
 */
export async function seedHistory(sql: Sql, { years, without }: { years: number; without: string }): Promise<number> {
  await forgetSession(sql, without);
  await sql.begin(async (transaction) => {
    await transaction`alter table public.source_polygon_stock_bars_daily drop constraint ${transaction(key)}`;
    await transaction`drop index public.${transaction(insertedIndex)}`;
    await transaction`
      with year as (
        select trade_date, row_number() over (order by trade_date desc) - 1 as age
        from (select distinct trade_date from public.source_polygon_stock_bars_daily) as dates
      ), size as (select count(*) as sessions, min(trade_date) as first from year),
      earlier as (
        select calendar.trade_date, (row_number() over (order by calendar.trade_date desc) - 1) as age
        from public.trading_sessions as calendar
        where calendar.trade_date < (select first from size)
        order by calendar.trade_date desc
        limit (select sessions * (${years}::int - 1) from size)
      )
      insert into public.source_polygon_stock_bars_daily
        (ticker, trade_date, open, high, low, close, volume, vwap, transactions, inserted_at)
      select bars.ticker, earlier.trade_date, open, high, low, close, volume, vwap, transactions, '2024-01-01'
      from earlier
      join year on year.age = earlier.age % (select sessions from size)
      join public.source_polygon_stock_bars_daily as bars on bars.trade_date = year.trade_date
      order by bars.ticker, earlier.trade_date`;
    await transaction`
      alter table public.source_polygon_stock_bars_daily add constraint ${transaction(key)} primary key (ticker, trade_date)`;
    await transaction`create index ${transaction(insertedIndex)} on public.source_polygon_stock_bars_daily (inserted_at)`;
  });
  await sql`vacuum (analyze) public.source_polygon_stock_bars_daily`;
  await sql`checkpoint`;
  const [row] = await sql<{ rows: number }[]>`select count(*)::int as rows from public.source_polygon_stock_bars_daily`;
  return row?.rows ?? 0;
}

/** Takes a session out of the raw bars, its splits with it, and the fact table, so that it can be added once more. */
export async function forgetSession(sql: Sql, session: string): Promise<void> {
  await sql.begin(async (transaction) => {
    await transaction`delete from public.source_polygon_stock_bars_daily where trade_date = ${session}::date`;
    await transaction`delete from public.source_polygon_splits where execution_date = ${session}::date`;
    await transaction`delete from public.int_polygon__stock_bars_windows where trade_date = ${session}::date`;
  });
}

/** Bytes that this database has written to temporary files so far. */
export async function readTemporaryBytes(sql: Sql): Promise<number> {
  await sql`select pg_stat_force_next_flush()`;
  const [row] = await sql<{ bytes: number }[]>`
    select temp_bytes::float8 as bytes from pg_stat_database where datname = current_database()`;
  return row?.bytes ?? 0;
}

export type HistorySteps = {
  /** Builds everything anew and answers how many seconds the transform took. */
  fullRefresh(): Promise<number>;
  /** Adds the next session and answers the seconds from the request to the end of the transform. */
  addSession(): Promise<number>;
  watchPostgres(): MemoryWatch;
  watchBarline(): MemoryWatch;
};

/** Measures with Barline at work on a seeded history. */
export async function measureHistory(
  sql: Sql,
  { years, rows, session }: { years: number; rows: number; session: string },
  steps: HistorySteps,
): Promise<HistoryReport> {
  const before = await readTemporaryBytes(sql);
  const [postgres, barline] = [steps.watchPostgres(), steps.watchBarline()];
  const fullRefreshSeconds = await steps.fullRefresh();
  postgres.stop();
  barline.stop();
  const temporaryBytes = (await readTemporaryBytes(sql)) - before;
  const nextSessionSeconds = await medianOfThree(sql, session, steps.addSession);
  return {
    ...{ years, rows, fullRefreshSeconds, temporaryBytes, nextSessionSeconds },
    postgresPeak: postgres.peak(),
    barlinePeak: barline.peak(),
  };
}

/** Of three times that a session was added, the one in the middle. */
export async function medianOfThree(sql: Sql, session: string, addSession: () => Promise<number>): Promise<number> {
  const times: number[] = [];
  for (let time = 0; time < 3; time += 1) {
    await forgetSession(sql, session);
    times.push(await addSession());
  }
  return times.sort((a, b) => a - b)[1] ?? Number.NaN;
}
