import type { Sql } from "../../../../db/client.ts";
import type { SampleMarket } from "../../../../server/backtest/checks/sample-market.ts";

/** Shares that one share became since, of some tickers from some session on; prices before are adjusted by it. */
const splitOf = (ticker: number) => (ticker % 7 === 4 ? 4 : 1);

/** Publishes the table of month ends as its model makes it. */
export async function publishMonthEnds(sql: Sql): Promise<void> {
  await sql`
    create table public.fct_polygon__month_ends as
    select distinct on (ticker, date_trunc('month', trade_date)) *, date_trunc('month', trade_date)::date as trade_month
    from public.fct_polygon__stock_bars_performance
    where trade_date < date_trunc('month', (select max(trade_date) from public.fct_polygon__market_breadth_daily))
    order by ticker, date_trunc('month', trade_date), trade_date desc`;
}

/** Publishes a market as the transform would: bars with the returns that it has columns for, and the marts of tickers and sessions. */
export async function publishMarket(sql: Sql, { dates, closes }: SampleMarket): Promise<void> {
  await sql`
    create table public.fct_polygon__stock_bars_performance (
      ticker text collate "C", trade_date date, open_price numeric, high_price numeric, low_price numeric,
      close_price numeric, volume numeric, volume_weighted_average_price numeric, split_factor numeric,
      dollar_volume numeric, return_5d numeric, return_21d numeric, return_63d numeric, return_252d numeric,
      primary key (ticker, trade_date)
    )`;
  const rows = closes.flatMap((own, ticker) =>
    [...own].flatMap((close, session) =>
      close > 0
        ? [{ ticker: `T${String(ticker).padStart(3, "0")}`, date: dates[session] ?? "", close, ticker_number: ticker }]
        : [],
    ),
  );
  await sql`
    insert into public.fct_polygon__stock_bars_performance
    select
      ticker, date, close * 0.99, close * 1.01, close * 0.98, close, 1000, close, 1.0 / split, close * 1000,
      close / lag(close, 5) over bars - 1, close / lag(close, 21) over bars - 1, close / lag(close, 63) over bars - 1,
      close / lag(close, 252) over bars - 1
    from unnest(
      ${rows.map((row) => row.ticker)}::text[], ${rows.map((row) => row.date)}::date[],
      ${rows.map((row) => row.close)}::float8[], ${rows.map((row) => splitOf(row.ticker_number))}::int[]
    ) as given (ticker, date, close, split)
    window bars as (partition by ticker order by date)`;
  await sql`
    create table public.int_polygon__split_factors (
      ticker text, valid_from date, valid_before date, split_factor numeric
    )`;
  await sql`
    create table public.fct_polygon__market_breadth_daily as
    select
      trade_date, count(*)::int as tickers, 0 as advancing, 0 as declining, sum(dollar_volume) as dollar_volume,
      0::numeric as median_return_1d, '2025-01-01Z'::timestamptz as source_inserted_at
    from public.fct_polygon__stock_bars_performance
    group by trade_date`;
  await sql`
    create table public.fct_polygon__latest_session as
    select distinct on (ticker) *
    from public.fct_polygon__stock_bars_performance
    order by ticker, trade_date desc`;
  await sql`
    create table public.dim_tickers as
    select
      ticker, ticker as name, 'CS' as type,
      trade_date = (select max(trade_date) from public.fct_polygon__market_breadth_daily) as active,
      (select min(trade_date) from public.fct_polygon__stock_bars_performance as bars where bars.ticker = latest.ticker)
        as first_trade_date,
      trade_date as last_trade_date
    from public.fct_polygon__latest_session as latest`;
}
