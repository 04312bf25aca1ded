import type { PendingQuery, Row } from "postgres";
import type { Sql } from "../../client.ts";
import { type BarsAsked, fromBars, fromMonthEnds, returnOver } from "./universe.ts";

/** What all points of a sweep look at in some sessions. The minimums are from low to high. */
export type SweptSectionsAsked = BarsAsked & {
  lags: readonly number[];
  /** Dollars as quoted that day, and dollars traded that day. */
  minimumPrices: readonly number[];
  minimumDollarVolumes: readonly number[];
};

/**
 * Columns of one session, packed as int4, float8 and int2 in network order, NaN for null. `prices` and `dollarVolumes` are how many of the minimums a
 * bar reaches: compared here, as decimals, so that a point finds the same as a run that asks for its minimum alone.
 */
export type PackedSweptSection = {
  date: string;
  numbers: Buffer;
  close: Buffer;
  prices: Buffer;
  dollarVolumes: Buffer;
  returns: Buffer[];
};

type PackedRow = Omit<PackedSweptSection, "returns"> & { [column: `return_${string}`]: Buffer };

/** The bars of tickers in sessions, packed by session: of a year of the whole market that is some megabytes and twelve rows. */
export async function selectSweptSections(
  sql: Sql,
  asked: SweptSectionsAsked,
  source: "bars" | "month_ends",
): Promise<PackedSweptSection[]> {
  const { lags, minimumPrices, minimumDollarVolumes } = asked;
  const names = lags.map((_, index) => `return_${index}` as const);
  // An empty list would be taken for a value.
  const everyReturn = (fragments: PendingQuery<Row[]>[]) => (fragments.length === 0 ? sql`` : fragments);
  const rows = await sql<PackedRow[]>`
    select
      section.trade_date as "date",
      string_agg(int4send(section.number), '') as "numbers",
      string_agg(float8send(section.close), '') as "close",
      string_agg(int2send(section.prices::smallint), '') as "prices",
      string_agg(int2send(section.dollar_volumes::smallint), '') as "dollarVolumes"
      ${everyReturn(names.map((name) => sql`, string_agg(float8send(coalesce(${sql(name)}, 'NaN')), '') as ${sql(name)}`))}
    from (
      select
        listed.number,
        bar.trade_date,
        bar.close_price::float8 as close,
        coalesce(width_bucket(bar.close_price / bar.split_factor, ${minimumPrices}::numeric[]), 0) as prices,
        coalesce(width_bucket(bar.dollar_volume, ${minimumDollarVolumes}::numeric[]), 0) as dollar_volumes
        ${everyReturn(lags.map((lag, index) => sql`, ${returnOver(sql, lag, asked)} as ${sql(`return_${index}`)}`))}
      from ${source === "bars" ? fromBars(sql, asked, lags) : fromMonthEnds(sql, asked)}
      where bar.close_price > 0
    ) as section
    group by section.trade_date`;
  return rows.map(({ date, numbers, close, prices, dollarVolumes, ...row }) => ({
    ...{ date, numbers, close, prices, dollarVolumes },
    returns: names.map((name) => row[name] ?? Buffer.alloc(0)),
  }));
}
