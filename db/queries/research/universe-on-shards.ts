import type { PendingQuery, Row } from "postgres";
import type { Sql } from "../../client.ts";

type Fragment = PendingQuery<Row[]>;

/*
 * What statements about a universe read where bars are distributed by ticker. A look-up for each row of a list cannot be sent to shards, as nobody knows
 * beforehand which of them has an answer; a join can, and so can a look-up by the row's own ticker.
 */

type Asked = {
  by: "security_id" | "ticker";
  keys: readonly string[];
  numbers: readonly number[];
  dates: readonly string[];
};

/** What a bar's close so many of its security's bars before is called. */
export const closeBefore = (lag: number): string => `close_${lag}_before`;

/** The bars of securities in some sessions, each with the closes of so many bars before. */
export function barsOnShards(sql: Sql, asked: Asked, lags: readonly number[]): Fragment {
  const listed = sql`unnest(${asked.keys as string[]}::text[], ${asked.numbers as number[]}::int[]) as listed (key, number)`;
  if (lags.length === 0)
    return sql`
      ${listed}
      inner join public.fct_polygon__stock_bars_performance as bar
        on bar.${sql(asked.by)} = listed.key and bar.trade_date = any(${asked.dates as string[]}::date[])`;
  const bars = asked.by === "ticker" ? barsOfLabels(sql, asked, lags) : barsOfSecurities(sql, asked, lags);
  return sql`${listed} inner join (${bars}) as bar on bar.${sql(asked.by)} = listed.key`;
}

/** A security's key, and the only label that it ever had. */
export type OnlyLabel = { key: string; ticker: string };

/** The securities that always had one label, which nobody else had: all bars of the label are theirs, and lie on one server. */
export function selectOnlyLabels(sql: Sql): Promise<OnlyLabel[]> {
  return sql<OnlyLabel[]>`
    with own as materialized (
      select ticker from public.dim_ticker_periods group by ticker having count(distinct security_id) = 1
    )
    select periods.security_id as key, min(periods.ticker) as ticker
    from public.dim_ticker_periods as periods
    left join own on own.ticker = periods.ticker
    group by periods.security_id
    having count(distinct periods.ticker) = 1 and count(*) = count(own.ticker)`;
}

const beforeOf = (lag: number): string => `session_${lag}_before`;

/**
 * Each server counts back along its own index, once for all sessions of a label, and looks up no bar but those that it answers with: a join would have it
 * scan the table. Not from the beginning of a long history: twice as many days as are counted back have enough sessions but for labels that paused, and
 * what those lack is looked for before.
 */
const barsOfLabels = (sql: Sql, { keys, dates }: Asked, lags: readonly number[]) => {
  const ordered = dates.toSorted();
  const from = sql`${ordered[0] ?? "infinity"}::date - ${2 * Math.max(...lags)}::int`;
  return sql`
    select
      bar.ticker, bar.trade_date, bar.close_price, bar.split_factor, bar.dollar_volume, bar.return_5d, bar.return_21d,
      bar.return_63d, bar.return_252d
      ${lags.map(
        (lag) => sql`,
          (
            select earlier.close_price
            from public.fct_polygon__stock_bars_performance as earlier
            where earlier.ticker = counted.ticker and earlier.trade_date = counted.${sql(beforeOf(lag))}
          ) as ${sql(closeBefore(lag))}`,
      )}
    from (
      select
        counted.ticker,
        counted.trade_date
        ${lags.map(
          (lag) => sql`,
            coalesce(counted.${sql(beforeOf(lag))}, (
              select dated.trade_date
              from public.fct_polygon__stock_bars_performance as dated
              where dated.ticker = counted.ticker and dated.trade_date < ${from}
              order by dated.trade_date desc
              offset ${lag}::int - counted.place limit 1
            )) as ${sql(beforeOf(lag))}`,
        )}
      from (
        select
          ticker,
          trade_date,
          row_number() over sessions as place
          ${lags.map((lag) => sql`, lag(trade_date, ${lag}::int) over sessions as ${sql(beforeOf(lag))}`)}
        from public.fct_polygon__stock_bars_performance
        where ticker = any(${keys as string[]}::text[]) and trade_date between ${from} and ${ordered.at(-1) ?? "-infinity"}::date
        window sessions as (partition by ticker order by trade_date)
      ) as counted
      where counted.trade_date = any(${dates as string[]}::date[])
    ) as counted
    cross join lateral (
      select *
      from public.fct_polygon__stock_bars_performance
      where ticker = counted.ticker and trade_date = counted.trade_date
      offset 0
    ) as bar`;
};

/**
 * Bars of a security that always had one label lie together, and each counts back beside them. Of those that had several, there are few, all
 * bars are gathered.
 */
const barsOfSecurities = (sql: Sql, { keys, dates }: Asked, lags: readonly number[]) => sql`
  with renamed as materialized (
    select security_id
    from public.dim_ticker_periods
    where security_id = any(${keys as string[]}::text[])
    group by security_id
    having count(distinct ticker) > 1
  ),
  gathered as materialized (
    select security_id, trade_date, close_price
    from public.fct_polygon__stock_bars_performance
    where security_id = any(array(select security_id from renamed))
  ),
  counted as materialized (
    select
      security_id,
      trade_date
      ${lags.map((lag) => sql`, lag(close_price, ${lag}::int) over sessions as ${sql(closeBefore(lag))}`)}
    from gathered
    window sessions as (partition by security_id order by trade_date)
  ),
  own as materialized (
    select
      bar.*
      ${lags.map((lag) => sql`, ${closeOfOwn(sql, lag)} as ${sql(closeBefore(lag))}`)}
    from (
      select
        ticker, security_id, trade_date, close_price, split_factor, dollar_volume, return_5d, return_21d, return_63d, return_252d
      from public.fct_polygon__stock_bars_performance
      where security_id = any(${keys as string[]}::text[]) and trade_date = any(${dates as string[]}::date[])
    ) as bar
  )
  select
    own.ticker, own.security_id, own.trade_date, own.close_price, own.split_factor, own.dollar_volume, own.return_5d,
    own.return_21d, own.return_63d, own.return_252d
    ${lags.map(
      (lag) => sql`,
        case when counted.security_id is null then own.${sql(closeBefore(lag))} else counted.${sql(closeBefore(lag))} end
          as ${sql(closeBefore(lag))}`,
    )}
  from own
  left join counted on counted.security_id = own.security_id and counted.trade_date = own.trade_date`;

/** The date comes from the key alone, so that only one bar of them is read from the table. */
const closeOfOwn = (sql: Sql, lag: number) => sql`(
  select earlier.close_price
  from public.fct_polygon__stock_bars_performance as earlier
  where earlier.ticker = bar.ticker and earlier.security_id = bar.security_id and earlier.trade_date = (
    select dated.trade_date
    from public.fct_polygon__stock_bars_performance as dated
    where dated.ticker = bar.ticker and dated.security_id = bar.security_id and dated.trade_date < bar.trade_date
    order by dated.trade_date desc
    offset ${lag - 1}::int limit 1
  )
)`;

/** Within so many days of it most tickers have the bar that is looked for, so that few are looked for in all that follows. */
const nearDays = 10;

/**
 * Common table expressions that end in `first_bars`: for each `place` of `wanted`, which is a name of such an expression with columns `key` and `day`, the session of
 * the first bar on or after the day and not after `end`, where there is one.
 */
export const firstBarsOnShards = (
  sql: Sql,
  { by, wanted, end }: { by: "security_id" | "ticker"; wanted: string; end: string },
): Fragment => sql`
  near as materialized (
    select wanted.place, min(bar.trade_date) as trade_date
    from ${sql(wanted)} as wanted
    inner join public.fct_polygon__stock_bars_performance as bar
      on bar.${sql(by)} = wanted.key
        and bar.trade_date between wanted.day and least(wanted.day + ${nearDays}::int, ${end}::date)
    group by wanted.place
  ),
  rest as materialized (
    select * from ${sql(wanted)} where place not in (select place from near)
  ),
  far as materialized (
    select rest.place, min(bar.trade_date) as trade_date
    from rest
    inner join public.fct_polygon__stock_bars_performance as bar
      on bar.${sql(by)} = rest.key and bar.trade_date > rest.day + ${nearDays}::int and bar.trade_date <= ${end}::date
    group by rest.place
  ),
  first_bars as materialized (
    select * from near union all select * from far
  )`;
