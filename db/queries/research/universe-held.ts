import { isDistributed, type Sql } from "../../client.ts";
import type { KeyColumn } from "./universe.ts";
import { firstBarsOnShards } from "./universe-on-shards.ts";

/** A stretch in which a ticker may be held: from a session to its first bar on or after `until`, but not after the run's end. */
export type HeldRange = { key: string; number: number; from: string; until: string };

/**
 * One ticker's bars of its stretches, oldest first, packed: days since 2000-01-01 as int4, prices as float8 in network order. Of the split factors only
 * those that are not 1, each after its day; null where there are none.
 */
export type PackedBars = { number: number; days: Buffer; open: Buffer; close: Buffer; splitFactors: Buffer | null };

/** Stretches as rows. */
function stretchesOf(sql: Sql, ranges: readonly HeldRange[]) {
  const columnOf = <Name extends keyof HeldRange>(name: Name) => ranges.map((range) => range[name]);
  return sql`unnest(
    ${columnOf("key")}::text[], ${columnOf("number")}::int[], ${columnOf("from")}::date[], ${columnOf("until")}::date[]
  )`;
}

/** By what the bars of stretches are found, and whether those are spread over several servers. */
export type HeldBy = { by: KeyColumn; distributed?: boolean };

/** The bars of stretches by ticker. The open is 0 in a session in which nothing was traded. */
export function selectHeldBars(
  sql: Sql,
  ranges: readonly HeldRange[],
  { by, end, distributed = isDistributed(sql) }: HeldBy & { end: string },
): Promise<PackedBars[]> {
  const stretches = stretchesOf(sql, ranges);
  return sql<PackedBars[]>`
    ${
      distributed
        ? sql`
          with held as materialized (
            select * from ${stretches} with ordinality as stretch (key, number, first_date, day, place)
          ),
          ${firstBarsOnShards(sql, { by, wanted: "held", end })},
          ending as materialized (
            select held.*, coalesce(first_bars.trade_date, ${end}::date) as last_date
            from held
            left join first_bars on first_bars.place = held.place
          )`
        : sql``
    }
    select
      bar.number,
      string_agg(int4send(bar.trade_date - date '2000-01-01'), '' order by bar.trade_date) as "days",
      string_agg(float8send(bar.open), '' order by bar.trade_date) as "open",
      string_agg(float8send(bar.close), '' order by bar.trade_date) as "close",
      -- Most are 1: a comparison costs a fraction of what a cast and a place in the answer do.
      string_agg(
        int4send(bar.trade_date - date '2000-01-01') || float8send(bar.split_factor::float8), '' order by bar.trade_date
      ) filter (where bar.split_factor <> 1) as "splitFactors"
    from (
      select
        held.number,
        bars.trade_date,
        -- Reverse splits may adjust a volume to nothing, but not the dollars.
        case when bars.volume > 0 or bars.dollar_volume > 0 then bars.open_price::float8 else 0 end as open,
        bars.close_price::float8 as close,
        bars.split_factor
      from ${
        distributed
          ? sql`
            ending as held
            inner join public.fct_polygon__stock_bars_performance as bars
              on bars.${sql(by)} = held.key and bars.trade_date between held.first_date and held.last_date`
          : sql`
            ${stretches} as held (key, number, first_date, until)
            cross join lateral (
              select coalesce(min(trade_date), ${end}::date) as trade_date
              from public.fct_polygon__stock_bars_performance
              where ${sql(by)} = held.key and trade_date >= held.until
            ) as last_bar
            cross join lateral (
              select *
              from public.fct_polygon__stock_bars_performance
              where
                ${sql(by)} = held.key
                and trade_date between held.first_date and least(last_bar.trade_date, ${end}::date)
              offset 0
            ) as bars`
      }
    ) as bar
    group by bar.number`;
}

/** A dividend by the session that it belongs to, in dollars a split-adjusted share. */
export type HeldDividend = { number: number; date: string; amount: number };

/** Under which labels, and when, dividends are declared of what is held. */
const labelsOf = (sql: Sql, by: KeyColumn) =>
  by === "ticker"
    ? sql`select distinct key, key as ticker, '-infinity'::date as first_date, 'infinity'::date as last_date from held`
    : sql`
      select
        security_id as key,
        ticker,
        coalesce(valid_from, '-infinity') as first_date,
        coalesce(valid_to, 'infinity') as last_date
      from public.dim_ticker_periods
      where security_id in (select key from held)`;

/** A ticker that pauses at a rebalance is sold at its next bar: dividends are looked for so long after a stretch. */
const longestPauseDays = 31;

/**
 * The cash dividends of stretches, by the session they belong to: that of the ex-dividend date, or the ticker's next one. Only those in
 * dollars. There may be some of just after a stretch.
 */
export function selectHeldDividends(
  sql: Sql,
  ranges: readonly HeldRange[],
  { by, distributed = isDistributed(sql) }: HeldBy,
): Promise<HeldDividend[]> {
  return sql<HeldDividend[]>`
    with held as (
      select * from ${stretchesOf(sql, ranges)} as stretch (key, number, first_date, until)
    ),
    labels as (
      ${labelsOf(sql, by)}
    ),
    -- First, as a look at a bar for each is what takes time.
    paid as materialized (
      select distinct held.number, held.key, dividend.ex_dividend_date, dividend.cash_amount
      from held
      inner join labels on labels.key = held.key
      inner join public.source_polygon_dividends as dividend
        on
          dividend.ticker = labels.ticker
          and dividend.ex_dividend_date between labels.first_date and labels.last_date
          and dividend.ex_dividend_date between held.first_date and held.until + ${longestPauseDays}::int
      where dividend.active and coalesce(dividend.currency, 'USD') = 'USD'
    )
    ${
      distributed
        ? sql`,
          wanted as materialized (
            select number, key, cash_amount, ex_dividend_date as day, row_number() over () as place from paid
          ),
          ${firstBarsOnShards(sql, { by, wanted: "wanted", end: "infinity" })}`
        : sql``
    }
    select
      paid.number,
      session.trade_date as "date",
      sum(paid.cash_amount * session.split_factor)::float8 as "amount"
    from ${
      distributed
        ? sql`
          (
            select wanted.number, wanted.key, wanted.cash_amount, first_bars.trade_date
            from wanted
            inner join first_bars on first_bars.place = wanted.place
          ) as paid
          inner join public.fct_polygon__stock_bars_performance as session
            on session.${sql(by)} = paid.key and session.trade_date = paid.trade_date`
        : sql`
          paid
          cross join lateral (
            select bar.trade_date, bar.split_factor
            from public.fct_polygon__stock_bars_performance as bar
            where bar.${sql(by)} = paid.key and bar.trade_date >= paid.ex_dividend_date
            order by bar.trade_date
            limit 1
          ) as session`
    }
    group by paid.number, session.trade_date`;
}
