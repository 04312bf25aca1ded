import type { Sql } from "../../db/client.ts";

/** How large a market to publish. */
export type MarketSize = { tickers: number; sessions: number };

/**
 * Publishes a market by formula alone: tables with the columns that backtests read, as the models have them. Every tenth ticker is
 * delisted on the way. Prices go up and down by waves of their own; the same size gives the same market. `sql` has two connections,
 * each of which writes every other ticker.
 */
export async function publishMarket(sql: Sql, size: MarketSize): Promise<void> {
  await sql`
    create table public.fct_polygon__stock_bars_performance (
      ticker text collate "C" not null, trade_date date not null, open_price numeric, high_price numeric,
      low_price numeric, close_price numeric, volume numeric, volume_weighted_average_price numeric,
      split_factor numeric, dollar_volume numeric, return_5d numeric, return_21d numeric, return_63d numeric,
      return_252d numeric
    )`;
  await sql`
    create function public.bench_cents(ticker int, session int) returns int language sql immutable parallel safe return
      2000 + ticker % 300 * 50 + abs((session * 17 + ticker * 131) % 1800 - 900) / 2
      + abs((session * (3 + ticker % 5) + ticker * 71) % 9000 - 4500) + session * (ticker % 13 + 1) / 9
      + (session * 7919 + ticker * 104729) % 60`;
  await Promise.all([1, 2].map((first) => writeBars(sql, size, first)));
  await sql`drop function public.bench_cents`;
  await sql`
    alter table public.fct_polygon__stock_bars_performance add primary key (ticker, trade_date)`;
  await sql`create index on public.fct_polygon__stock_bars_performance (trade_date)`;
  await summarise(sql);
  await sql`vacuum (analyze)`;
}

/** Every other ticker from the first one on. Cents are whole numbers, which are computed with faster than decimals. */
async function writeBars(sql: Sql, { tickers, sessions }: MarketSize, first: number): Promise<void> {
  await sql`
    insert into public.fct_polygon__stock_bars_performance
    select
      'T' || lpad(ticker::text, 5, '0'), trade_date, (cents + session % 7 - 3) * 0.01, (cents + 9) * 0.01, (cents - 9) * 0.01,
      cents * 0.01, 250000 + ticker, cents * 0.01, 1, cents * 2500.0,
      case when session > 5 then round(cents::numeric / public.bench_cents(ticker, session - 5) - 1, 10) end,
      case when session > 21 then round(cents::numeric / public.bench_cents(ticker, session - 21) - 1, 10) end,
      case when session > 63 then round(cents::numeric / public.bench_cents(ticker, session - 63) - 1, 10) end,
      case when session > 252 then round(cents::numeric / public.bench_cents(ticker, session - 252) - 1, 10) end
    from generate_series(${first}::int, ${tickers}::int, 2) as ticker
    cross join (
      select day::date as trade_date, row_number() over (order by day)::int as session
      from generate_series('2012-01-02'::date, '2040-01-01'::date, interval '1 day') as day
      where extract(isodow from day) < 6
      order by day
      limit ${sessions}::int
    ) as trading
    cross join lateral (select public.bench_cents(ticker, session) as cents offset 0) as prices
    where ticker % 10 <> 0 or session < ${sessions}::int * (ticker % 90) / 100.0`;
}

/** The tables that tell of the whole market, or of each ticker's last session. */
async function summarise(sql: Sql): Promise<void> {
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
    select distinct on (ticker) * from public.fct_polygon__stock_bars_performance order by ticker, trade_date desc`;
  // Everybody trades in every session here, so a ticker's last one in a month is the market's.
  await sql`
    create table public.fct_polygon__month_ends as
    select date_trunc('month', trade_date)::date as trade_month, bars.*
    from public.fct_polygon__stock_bars_performance as bars
    where trade_date in (
      select max(trade_date)
      from public.fct_polygon__market_breadth_daily
      where trade_date < (select date_trunc('month', max(trade_date)) from public.fct_polygon__market_breadth_daily)
      group by date_trunc('month', trade_date)
    )
    order by ticker, trade_date`;
  await sql`create unique index on public.fct_polygon__month_ends (ticker, trade_month)`;
  await sql`create index on public.fct_polygon__month_ends (trade_date)`;
  await sql`
    create table public.dim_tickers as
    select
      ticker, ticker as name, 'CS' as type, trade_date as last_trade_date,
      trade_date = (select max(trade_date) from public.fct_polygon__market_breadth_daily) as active
    from public.fct_polygon__latest_session`;
}
