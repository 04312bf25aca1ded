import type { Sql } from "../../client.ts";
import { type Holder, isStatedOf } from "./read-securities.ts";

/** A bar as the vendor stated it: dollars, unadjusted. */
export type StatedBar = {
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  vwap: number | null;
  transactions: number | null;
};

/**
 * One correction of a bar: what it said from `statedAt` on, and what it says since `replacedAt`; and the raw files that say
 * the one and the other, null where that is not known.
 */
export type Restatement = {
  /** The label in that session. */
  ticker: string;
  date: string;
  statedAt: Date;
  replacedAt: Date;
  before: StatedBar;
  after: StatedBar;
  statedKey: string | null;
  replacedKey: string | null;
};

/** Dates are inclusive; null is open-ended. */
export type RestatementRange = Holder & { from: string | null; to: string | null; limit: number };

/** The corrections of a security's bars, or of a label's, the newest first, from the snapshot that is published; none where there is no snapshot yet. */
export async function selectRestatements(
  sql: Sql,
  { from, to, limit, ...holder }: RestatementRange,
): Promise<Restatement[]> {
  const [snapshot] = await sql<{ stands: boolean }[]>`
    select to_regclass('public.snapshot_polygon_stock_bars') is not null as stands`;
  if (!snapshot?.stands) return [];
  return await sql<Restatement[]>`
    select
      earlier.ticker,
      earlier.trade_date as date,
      earlier.dbt_valid_from as "statedAt",
      earlier.dbt_valid_to as "replacedAt",
      ${barOf(sql, "earlier")} as before,
      ${barOf(sql, "later")} as after,
      kept.stated_key as "statedKey",
      kept.replaced_key as "replacedKey"
    from public.snapshot_polygon_stock_bars as earlier
    inner join public.snapshot_polygon_stock_bars as later
      on
        later.ticker = earlier.ticker
        and later.trade_date = earlier.trade_date
        and later.stated_at = earlier.dbt_valid_to
    left join public.source_polygon_stock_bars_restatements as kept
      on kept.ticker = earlier.ticker and kept.trade_date = earlier.trade_date and kept.stated_at = earlier.stated_at
    where
      ${isStatedOf(sql, "earlier", holder)}
      and earlier.trade_date between coalesce(${from}::date, '-infinity') and coalesce(${to}::date, 'infinity')
    order by earlier.dbt_valid_to desc, earlier.trade_date desc, earlier.ticker
    limit ${limit}::int`;
}

const barOf = (sql: Sql, version: "earlier" | "later") => sql`
  json_build_object(
    'open', ${sql(version)}.open, 'high', ${sql(version)}.high, 'low', ${sql(version)}.low, 'close', ${sql(version)}.close,
    'volume', ${sql(version)}.volume, 'vwap', ${sql(version)}.vwap, 'transactions', ${sql(version)}.transactions
  )`;

/** The sessions of a security's bars, or of a label's, that the vendor stated anew, ascending; none where there is no snapshot yet. */
export async function selectCorrectedSessions(sql: Sql, holder: Holder): Promise<{ date: string }[]> {
  const [snapshot] = await sql<{ stands: boolean }[]>`
    select to_regclass('public.snapshot_polygon_stock_bars') is not null as stands`;
  if (!snapshot?.stands) return [];
  return await sql<{ date: string }[]>`
    select distinct earlier.trade_date as date
    from public.snapshot_polygon_stock_bars as earlier
    inner join public.snapshot_polygon_stock_bars as later
      on
        later.ticker = earlier.ticker
        and later.trade_date = earlier.trade_date
        and later.stated_at = earlier.dbt_valid_to
    where ${isStatedOf(sql, "earlier", holder)}
    order by earlier.trade_date`;
}
