import type { JsonValue, Sql } from "../../../db/client.ts";
import { hostile } from "../sample.ts";

const ofEveryBar = `
  open_price high_price low_price close_price volume_weighted_average_price volume transactions split_factor
  dividend_factor total_return_close previous_close price_change_1d return_1d return_5d return_21d return_63d return_252d
  daily_price_range dollar_volume moving_avg_20d moving_avg_50d moving_avg_120d moving_avg_200d volatility_20d`
  .trim()
  .split(/\s+/);
const ofNewestBars = `
  volatility_60d rsi_14 bollinger_upper_20d bollinger_lower_20d atr_14 high_252d low_252d distance_from_high_252d
  distance_from_low_252d drawdown_252d avg_volume_20d volume_ratio_20d`
  .trim()
  .split(/\s+/);

type Bar = { ticker: string; trade_date: string } & Record<string, string | number | null>;

/** The published tables as the models make them, empty; and `sample_bars`, from which the marts of this sample are made. */
export async function createMarts(sql: Sql): Promise<void> {
  const columns = (names: string[]) => names.map((name) => `${name} numeric`).join(", ");
  await sql.unsafe(`
    create table public.fct_polygon__stock_bars_performance (
      stock_bar_id text, ticker text collate "C", trade_date date, ${columns(ofEveryBar)}, source_inserted_at timestamptz,
      unique (ticker, trade_date)
    );
    create table public.sample_bars (like public.fct_polygon__stock_bars_performance, ${columns(ofNewestBars)});
    create table public.dim_tickers (
      ticker text collate "C" unique, name text, type text, primary_exchange text, active boolean, delisted_on date,
      first_trade_date date, last_trade_date date
    );
    create table public.fct_polygon__latest_session as
    select bars.*, null::text as name, null::text as type from public.sample_bars as bars limit 0;
    create table public.fct_polygon__market_breadth_daily (
      trade_date date unique, tickers bigint, advancing bigint, declining bigint, unchanged bigint, new_highs_252d bigint,
      new_lows_252d bigint, share_above_moving_avg_50d numeric, share_above_moving_avg_200d numeric,
      median_return_1d numeric, dollar_volume numeric
    );
    create table public.int_polygon__split_factors (
      ticker text, valid_from date, valid_before date, split_factor numeric
    );`);
}

/** Publishes bars; what a bar does not say is null. */
export async function publishBars(sql: Sql, bars: Bar[]): Promise<void> {
  await sql`
    insert into public.sample_bars
    select * from jsonb_populate_recordset(null::public.sample_bars, ${sql.json(bars as JsonValue)})`;
  await sql`
    insert into public.fct_polygon__stock_bars_performance
    select *
    from jsonb_populate_recordset(null::public.fct_polygon__stock_bars_performance, ${sql.json(bars as JsonValue)})`;
}

/** Makes the marts anew from the bars and the list of tickers, by the models' definitions in short. */
export async function publishMarts(sql: Sql): Promise<void> {
  await sql`truncate public.dim_tickers, public.fct_polygon__latest_session, public.fct_polygon__market_breadth_daily`;
  await sql`
    insert into public.dim_tickers
    select ticker, name, type, primary_exchange, active, delisted_on, min(trade_date), max(trade_date)
    from public.source_polygon_tickers
    left join public.fct_polygon__stock_bars_performance using (ticker)
    group by ticker`;
  await sql`
    insert into public.fct_polygon__latest_session
    select distinct on (bars.ticker) bars.*, tickers.name, tickers.type
    from public.sample_bars as bars
    left join public.source_polygon_tickers as tickers on tickers.ticker = bars.ticker
    order by bars.ticker, bars.trade_date desc`;
  await sql`
    insert into public.fct_polygon__market_breadth_daily
    select
      trade_date, count(*), count(*) filter (where return_1d > 0), count(*) filter (where return_1d < 0),
      count(*) filter (where return_1d = 0), 
      case when count(return_252d) > 0 then count(*) filter (where return_252d is not null and high_price >= high_252d) end,
      case when count(return_252d) > 0 then count(*) filter (where return_252d is not null and low_price <= low_252d) end, avg((close_price > moving_avg_50d)::int),
      avg((close_price > moving_avg_200d)::int), percentile_cont(0.5) within group (order by return_1d), sum(dollar_volume)
    from public.sample_bars
    group by trade_date`;
}

/** A bar as the fact has it: a million shares, and what `more` says. */
export const bar = (ticker: string, date: string, close: number, more: Record<string, number | null> = {}): Bar => ({
  ticker,
  trade_date: date,
  open_price: close,
  high_price: close + 1,
  low_price: close - 1,
  close_price: close,
  total_return_close: close,
  volume: 1_000_000,
  dollar_volume: close * 1_000_000,
  ...more,
});

/**
 * Two sessions. On 16 March 2020 AAPL, BRK.B, GONE and EVIL trade; GONE, which fell most, is delisted before 9 January 2024, when
 * NEWT trades too. EVIL has a hostile name, and no RSI.
 */
export async function addMartSample(sql: Sql): Promise<void> {
  await createMarts(sql);
  await sql`
    insert into public.source_polygon_tickers (ticker, name, type, active, primary_exchange, delisted_on, inserted_at)
    values ('AAPL', 'Apple Inc.', 'CS', true, 'XNAS', null, now()),
      ('BRK.B', 'Berkshire, "Class B"', 'CS', true, 'XNYS', null, now()),
      ('GONE', 'Gone Holdings', 'CS', false, 'XNYS', '2021-05-03', now()),
      ('EVIL', ${hostile}, 'ETF', true, 'ARCX', null, now()),
      ('NEWT', '=HYPERLINK("http://x")', 'CS', true, 'XNAS', null, now())`;
  await publishBars(sql, [
    bar("AAPL", "2020-03-13", 100),
    bar("AAPL", "2020-03-16", 50, { return_1d: -0.5, rsi_14: 20, high_252d: 101, moving_avg_200d: 80 }),
    bar("BRK.B", "2020-03-16", 200, { return_1d: -0.1, rsi_14: 35 }),
    bar("GONE", "2020-03-16", 10, { return_1d: -0.6, rsi_14: 10 }),
    bar("GONE", "2021-04-30", 1, { return_1d: -0.2, rsi_14: 5 }),
    bar("EVIL", "2020-03-16", 20, { return_1d: 0 }),
    bar("AAPL", "2024-01-09", 150, {
      return_1d: 0.02,
      return_21d: 0.1,
      return_252d: 0.4,
      rsi_14: 71.25,
      high_252d: 151,
      moving_avg_20d: 140,
      moving_avg_50d: 130,
      moving_avg_120d: 120,
      moving_avg_200d: 125,
      volume_ratio_20d: 2.5,
    }),
    bar("BRK.B", "2024-01-09", 300, { return_1d: -0.01, return_21d: -0.1, rsi_14: 28, high_252d: 400 }),
    bar("EVIL", "2024-01-09", 30, { return_1d: 0, return_21d: null }),
    bar("NEWT", "2024-01-09", 5, {
      return_1d: 0.25,
      return_21d: 0.3,
      rsi_14: 29,
      high_252d: 6,
      volume: 1000,
      dollar_volume: 5000,
    }),
  ]);
  await publishMarts(sql);
}
