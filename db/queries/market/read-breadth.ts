import type { Sql } from "../../client.ts";

/** One session of the whole market. Shares and returns are fractions; null where no ticker has the window. */
export type BreadthRow = {
  date: string;
  tickers: number;
  advancing: number;
  declining: number;
  unchanged: number;
  /** Tickers whose high, or low, is the furthest of their last 252 bars; null where none has so many before the session. */
  newHighs: number | null;
  newLows: number | null;
  above50: number | null;
  above200: number | null;
  medianReturn: number | null;
  dollarVolume: number;
};

/** The market's sessions of a range, ascending; null leaves a side open. */
export function selectBreadth(sql: Sql, from: string | null, to: string | null): Promise<BreadthRow[]> {
  return sql<BreadthRow[]>`
    select
      trade_date as date,
      tickers::int as tickers,
      advancing::int as advancing,
      declining::int as declining,
      unchanged::int as unchanged,
      new_highs_252d::int as "newHighs",
      new_lows_252d::int as "newLows",
      share_above_moving_avg_50d::float8 as "above50",
      share_above_moving_avg_200d::float8 as "above200",
      median_return_1d::float8 as "medianReturn",
      dollar_volume::float8 as "dollarVolume"
    from public.fct_polygon__market_breadth_daily
    where trade_date between coalesce(${from}::date, '-infinity') and coalesce(${to}::date, 'infinity')
    order by trade_date`;
}

/** The first and last session that breadth is known of; nulls where there is none. */
export async function selectBreadthRange(sql: Sql): Promise<{ first: string | null; last: string | null }> {
  const [row] = await sql<{ first: string | null; last: string | null }[]>`
    select min(trade_date) as first, max(trade_date) as last from public.fct_polygon__market_breadth_daily`;
  return row ?? { first: null, last: null };
}

export type Mover = {
  list: "gainers" | "losers" | "active";
  ticker: string;
  name: string | null;
  type: string | null;
  close: number;
  return1d: number | null;
  dollarVolume: number;
  volumeRatio: number | null;
};

/** The newest session's largest moves up and down and its most traded tickers, `limit` of each. */
export function selectMovers(
  sql: Sql,
  filter: { minDollarVolume: number; type: string | null },
  limit: number,
): Promise<Mover[]> {
  return sql<Mover[]>`
    with traded as materialized (
      select ticker, name, type, close_price, return_1d, dollar_volume, volume_ratio_20d
      from public.fct_polygon__latest_session
      where
        trade_date = (select max(trade_date) from public.fct_polygon__latest_session)
        and dollar_volume >= ${filter.minDollarVolume}::numeric
        and (${filter.type}::text is null or type = ${filter.type}::text)
    ),
    ranked as (
      (
        select 'gainers' as list, row_number() over (order by return_1d desc, ticker) as position, *
        from traded where return_1d > 0 order by return_1d desc, ticker limit ${limit}::int
      )
      union all
      (
        select 'losers', row_number() over (order by return_1d, ticker), *
        from traded where return_1d < 0 order by return_1d, ticker limit ${limit}::int
      )
      union all
      (
        select 'active', row_number() over (order by dollar_volume desc, ticker), *
        from traded order by dollar_volume desc, ticker limit ${limit}::int
      )
    )
    select
      list,
      ticker,
      name,
      type,
      close_price::float8 as close,
      return_1d::float8 as "return1d",
      dollar_volume::float8 as "dollarVolume",
      volume_ratio_20d::float8 as "volumeRatio"
    from ranked
    order by list, position`;
}
