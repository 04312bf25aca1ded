import type { Sql } from "../../client.ts";
import { type Holder, isDeclaredOf, isHeldBy, labelsOf } from "./read-securities.ts";

/** One session of one ticker; prices in dollars, `volume` in shares, which may be fractional. */
export type BarRow = {
  date: string;
  /** The label in that session. */
  ticker: string;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  vwap: number | null;
  ma20: number | null;
  ma50: number | null;
  ma120: number | null;
  return1d: number | null;
  volatility: number | null;
};

/** Dates are inclusive; null is open-ended. */
export type BarRange = Holder & { from: string | null; to: string | null };

/** The published bars of a security, or of a label, split-adjusted, ascending. */
export function selectAdjustedBars(sql: Sql, { from, to, ...holder }: BarRange): Promise<BarRow[]> {
  return sql<BarRow[]>`
    select
      trade_date as date,
      ticker,
      open_price::float8 as open,
      high_price::float8 as high,
      low_price::float8 as low,
      close_price::float8 as close,
      volume::float8 as volume,
      volume_weighted_average_price::float8 as vwap,
      moving_avg_20d::float8 as ma20,
      moving_avg_50d::float8 as ma50,
      moving_avg_120d::float8 as ma120,
      return_1d::float8 as "return1d",
      volatility_20d::float8 as volatility
    from public.fct_polygon__stock_bars_performance as facts
    where ${isHeldBy(sql, "facts", holder)}
      and trade_date between coalesce(${from}::date, '-infinity') and coalesce(${to}::date, 'infinity')
    order by trade_date`;
}

/**
 * The same bars as the vendor stated them: published ones only, so that both views have the same sessions. The averages are those of the adjusted closes, told in
 * the shares of their session, so that they meet the prices and a split does not bend them.
 */
export function selectUnadjustedBars(sql: Sql, { from, to, ...holder }: BarRange): Promise<BarRow[]> {
  return sql<BarRow[]>`
    select
      bars.trade_date as date,
      bars.ticker,
      bars.open::float8 as open,
      bars.high::float8 as high,
      bars.low::float8 as low,
      bars.close::float8 as close,
      bars.volume::float8 as volume,
      bars.vwap::float8 as vwap,
      (facts.moving_avg_20d / facts.split_factor)::float8 as ma20,
      (facts.moving_avg_50d / facts.split_factor)::float8 as ma50,
      (facts.moving_avg_120d / facts.split_factor)::float8 as ma120,
      facts.return_1d::float8 as "return1d",
      facts.volatility_20d::float8 as volatility
    from public.fct_polygon__stock_bars_performance as facts
    inner join public.source_polygon_stock_bars_daily as bars
      on bars.ticker = facts.ticker and bars.trade_date = facts.trade_date
    where ${isHeldBy(sql, "facts", holder)}
      and facts.trade_date between coalesce(${from}::date, '-infinity') and coalesce(${to}::date, 'infinity')
    order by facts.trade_date`;
}

/** The first and last session of a security, or of a label, that are published; nulls where none is. */
export type BarDates = { firstDate: string | null; lastDate: string | null };

/** Between which sessions the published bars of a security, or of a label, lie. */
export async function selectBarDates(sql: Sql, holder: Holder): Promise<BarDates> {
  const [dates] = await sql<[BarDates]>`
    select min(trade_date) as "firstDate", max(trade_date) as "lastDate"
    from public.fct_polygon__stock_bars_performance as facts
    where ${isHeldBy(sql, "facts", holder)}`;
  return dates;
}

export type SplitRow = { date: string; from: number; to: number };

/** The vendor's splits of a holder, as rows of `splits`. */
const splitsOf = (sql: Sql, { ticker, security = null }: Holder) =>
  security === null
    ? sql`public.source_polygon_splits as splits where splits.ticker = ${ticker}::text`
    : sql`public.source_polygon_splits as splits
        where splits.ticker in (${labelsOf(sql, security)}) and ${isDeclaredOf(sql, "splits", "execution_date", security)}`;

/** The vendor's dividends of a holder, as rows of `dividends`. */
export const dividendsOf = (sql: Sql, { ticker, security = null }: Holder) =>
  security === null
    ? sql`public.source_polygon_dividends as dividends where dividends.ticker = ${ticker}::text`
    : sql`public.source_polygon_dividends as dividends
        where dividends.ticker in (${labelsOf(sql, security)})
          and ${isDeclaredOf(sql, "dividends", "ex_dividend_date", security)}`;

/** The stock splits of a security, or of a label, that count, ascending. */
export function selectSplits(sql: Sql, holder: Holder): Promise<SplitRow[]> {
  return sql<SplitRow[]>`
    select distinct execution_date as date, split_from::float8 as from, split_to::float8 as to
    from ${splitsOf(sql, holder)} and active and set_aside is null
    order by execution_date`;
}

/** `ticker` is the label that it is listed under; `type` the vendor's word for it: recurring, special … */
export type DividendRow = { ticker: string; date: string; cash: number; currency: string | null; type: string | null };

/** Whether an amount is in dollars, which alone are counted; the vendor leaves the currency out where it is. */
export const isDollars = (currency: string | null): boolean => (currency ?? "USD") === "USD";

/** The cash dividends of a security, or of a label, by ex-dividend date, ascending. */
export function selectDividends(sql: Sql, holder: Holder): Promise<DividendRow[]> {
  return sql<DividendRow[]>`
    select ticker, ex_dividend_date as date, cash_amount::float8 as cash, currency, distribution_type as type
    from ${dividendsOf(sql, holder)} and active
    order by ex_dividend_date, cash_amount desc, distribution_type`;
}
