import { isDistributed, type JsonValue, type Sql, type TransactionSql } from "../../client.ts";
import { isDeclaredOf, labelsOf } from "./read-securities.ts";

/** Why a split does not count: it contradicts its `type`, its `ratio` is beyond belief, `prices` deny it, somebody said so by `hand`. */
export type SetAside = "type" | "ratio" | "prices" | "hand";

/** A split with the unadjusted prices on both sides of its day; null where there is no bar near enough. */
export type JudgedSplit = {
  ticker: string;
  date: string;
  splitFrom: number;
  splitTo: number;
  adjustmentType: string | null;
  setAside: SetAside | null;
  closeBefore: number | null;
  openAfter: number | null;
};

/**
 * Splits that nobody has decided on and that bars of a range bear on: the last close within `days` before their day, and the first
 * open within `days` from it on. The bars of those days are some ten a side for each split, read by key.
 */
export async function selectSplitsToJudge(
  transaction: TransactionSql,
  { from, to, days }: { from: string; to: string | null; days: number },
): Promise<JudgedSplit[]> {
  return await transaction<JudgedSplit[]>`
    with asked as materialized (
      select *
      from public.source_polygon_splits
      where active
        and decision is null
        and execution_date between ${from}::date - ${days}::int and coalesce(${to}::date, 'infinity') + ${days}::int
    ), before as materialized (
      select distinct on (bars.ticker, asked.execution_date) bars.ticker, asked.execution_date, bars.close
      from asked
      inner join public.source_polygon_stock_bars_daily as bars
        on bars.ticker = asked.ticker
          and bars.trade_date < asked.execution_date
          and bars.trade_date >= asked.execution_date - ${days}::int
      order by bars.ticker, asked.execution_date, bars.trade_date desc
    ), after as materialized (
      select distinct on (bars.ticker, asked.execution_date) bars.ticker, asked.execution_date, bars.open
      from asked
      inner join public.source_polygon_stock_bars_daily as bars
        on bars.ticker = asked.ticker
          and bars.trade_date >= asked.execution_date
          and bars.trade_date <= asked.execution_date + ${days}::int
      order by bars.ticker, asked.execution_date, bars.trade_date
    )
    select
      asked.ticker,
      asked.execution_date as date,
      asked.split_from::float8 as "splitFrom",
      asked.split_to::float8 as "splitTo",
      asked.adjustment_type as "adjustmentType",
      asked.set_aside as "setAside",
      before.close::float8 as "closeBefore",
      after.open::float8 as "openAfter"
    from asked
    left join before on before.ticker = asked.ticker and before.execution_date = asked.execution_date
    left join after on after.ticker = asked.ticker and after.execution_date = asked.execution_date`;
}

/** Writes whether splits count. The stamp moves where that changes, and not where only the reason does. */
export async function setSplitsAside(
  transaction: TransactionSql,
  verdicts: { ticker: string; date: string; setAside: SetAside | null }[],
  at: Date,
): Promise<void> {
  await transaction`
    update public.source_polygon_splits known set
      set_aside = item ->> 'setAside',
      inserted_at = case
        when (known.set_aside is null) = (item ->> 'setAside' is null) then known.inserted_at
        else ${at}::timestamptz
      end
    from jsonb_array_elements(${transaction.json(verdicts as unknown as JsonValue)}::jsonb) as item
    where known.ticker = item ->> 'ticker' and known.execution_date = (item ->> 'date')::date`;
}

/** What somebody decided of a split, and why. */
export type SplitDecision = { counts: boolean; by: string; why: string; decidedAt: Date };

/**
 * Keeps a decision on a split that the vendor stands by. What was set aside for a reason keeps that reason; what counted is set
 * aside by hand. Answers what it was before; undefined where there is no such split.
 */
export async function decideSplit(
  transaction: TransactionSql,
  split: { ticker: string; date: string },
  { counts, by, why, decidedAt }: SplitDecision,
  at: Date,
): Promise<{ setAside: SetAside | null } | undefined> {
  const [row] = await transaction<{ setAside: SetAside | null }[]>`
    update public.source_polygon_splits known set
      set_aside = case when ${counts}::boolean then null else coalesce(known.set_aside, 'hand') end,
      decision = case when ${counts}::boolean then 'counts' else 'set_aside' end,
      decided_by = ${by}::text,
      decided_why = ${why}::text,
      decided_at = ${decidedAt}::timestamptz,
      inserted_at = case when (known.set_aside is null) = ${counts}::boolean then known.inserted_at else ${at}::timestamptz end
    from (
      select ticker, execution_date, set_aside from public.source_polygon_splits
      where ticker = ${split.ticker}::text and execution_date = ${split.date}::date and active
      for update
    ) as before
    where known.ticker = before.ticker and known.execution_date = before.execution_date
    returning before.set_aside as "setAside"`;
  return row;
}

/** A split that the vendor lists, whether it counts and who said so. `decision` is `counts` or `set_aside`. */
export type ListedSplit = {
  ticker: string;
  date: string;
  splitFrom: number;
  splitTo: number;
  adjustmentType: string | null;
  setAside: SetAside | null;
  decision: "counts" | "set_aside" | null;
  decidedBy: string | null;
  decidedWhy: string | null;
  decidedAt: Date | null;
  /** When what counts last changed. */
  changedAt: Date;
  /** The last close before its day and the first open from it on, unadjusted, however far away. */
  closeBefore: number | null;
  openAfter: number | null;
};

/**
 * Which splits; null: whatever it is. `doubted`: those that are set aside, or that somebody decided on. `security`: those of a security, under whatever
 * labels, in place of the ticker's.
 */
export type SplitFilter = {
  ticker: string | null;
  security?: string | null;
  doubted: boolean;
  setAside: boolean | null;
};

const ofHolder = (sql: Sql | TransactionSql, { ticker, security = null }: SplitFilter) =>
  security === null
    ? sql`(${ticker}::text is null or splits.ticker = ${ticker}::text)`
    : sql`splits.ticker in (${labelsOf(sql, security)}) and ${isDeclaredOf(sql, "splits", "execution_date", security)}`;

/**
 * Splits that the vendor stands by, what waits for a decision first, then the newest. `distributed`: the prices are looked up for all of
 * them at once, as Citus refuses a look-up a split.
 */
export async function selectListedSplits(
  sql: Sql | TransactionSql,
  filter: SplitFilter,
  limit: number,
  distributed = isDistributed(sql),
): Promise<ListedSplit[]> {
  const prices = distributed ? sql`null::float8 as "closeBefore", null::float8 as "openAfter"` : pricesAround(sql);
  const splits = await sql<ListedSplit[]>`
    select
      splits.ticker,
      splits.execution_date as date,
      splits.split_from::float8 as "splitFrom",
      splits.split_to::float8 as "splitTo",
      splits.adjustment_type as "adjustmentType",
      splits.set_aside as "setAside",
      splits.decision,
      splits.decided_by as "decidedBy",
      splits.decided_why as "decidedWhy",
      splits.decided_at as "decidedAt",
      splits.inserted_at as "changedAt",
      ${prices}
    from public.source_polygon_splits as splits
    where splits.active
      and ${ofHolder(sql, filter)}
      and (not ${filter.doubted}::boolean or splits.set_aside is not null or splits.decision is not null)
      and (${filter.setAside}::boolean is null or (splits.set_aside is not null) = ${filter.setAside}::boolean)
    order by (splits.set_aside is not null and splits.decision is null) desc, splits.execution_date desc, splits.ticker
    limit ${limit}::int`;
  if (!distributed || splits.length === 0) return splits;
  const found = await selectPricesAround(sql, splits);
  const byKey = new Map(found.map(({ ticker, date, ...around }) => [`${date} ${ticker}`, around]));
  return splits.map((split) => ({ ...split, ...byKey.get(`${split.date} ${split.ticker}`) }));
}

/** The prices around the days of `splits`, as columns: two look-ups by key for each. */
const pricesAround = (sql: Sql | TransactionSql) => sql`
  (
    select bars.close::float8
    from public.source_polygon_stock_bars_daily as bars
    where bars.ticker = splits.ticker and bars.trade_date < splits.execution_date
    order by bars.trade_date desc
    limit 1
  ) as "closeBefore",
  (
    select bars.open::float8
    from public.source_polygon_stock_bars_daily as bars
    where bars.ticker = splits.ticker and bars.trade_date >= splits.execution_date
    order by bars.trade_date
    limit 1
  ) as "openAfter"`;

type AroundSplit = Pick<ListedSplit, "ticker" | "date" | "closeBefore" | "openAfter">;

/** The same of distributed bars: each shard finds the sessions next to a day among its tickers' keys. */
async function selectPricesAround(sql: Sql | TransactionSql, splits: readonly ListedSplit[]): Promise<AroundSplit[]> {
  return await sql<AroundSplit[]>`
    with asked as materialized (
      select * from unnest(${splits.map(({ ticker }) => ticker)}::text[], ${splits.map(({ date }) => date)}::date[])
        as split (ticker, date)
    ), sessions as materialized (
      select
        bars.ticker,
        asked.date,
        max(bars.trade_date) filter (where bars.trade_date < asked.date) as before,
        min(bars.trade_date) filter (where bars.trade_date >= asked.date) as after
      from asked inner join public.source_polygon_stock_bars_daily as bars on bars.ticker = asked.ticker
      group by bars.ticker, asked.date
    )
    select
      bars.ticker,
      sessions.date,
      max(bars.close) filter (where bars.trade_date = sessions.before)::float8 as "closeBefore",
      max(bars.open) filter (where bars.trade_date = sessions.after)::float8 as "openAfter"
    from sessions
    inner join public.source_polygon_stock_bars_daily as bars
      on bars.ticker = sessions.ticker and bars.trade_date in (sessions.before, sessions.after)
    group by bars.ticker, sessions.date`;
}
