import type { Sql } from "../../client.ts";
import type { RestatementRange, StatedBar } from "./read-restatements.ts";
import { isStatedOf } from "./read-securities.ts";

/** A bar that the vendor took back: what it said, since when it is gone, and the raw files that tell. */
export type WithdrawnBar = {
  /** The label in that session. */
  ticker: string;
  date: string;
  bar: StatedBar;
  statedAt: Date;
  withdrawnAt: Date;
  /** Null while it is gone. */
  returnedAt: Date | null;
  /** What stated it, null where that is not known; and the two that lack it. */
  statedKey: string | null;
  doubtedKey: string;
  withdrawnKey: string;
};

/** The bars of a security, or of a label, that were taken back, those too that came back, the newest first. */
export async function selectWithdrawn(
  sql: Sql,
  { from, to, limit, ...holder }: RestatementRange,
): Promise<WithdrawnBar[]> {
  return await sql<WithdrawnBar[]>`
    select
      ticker,
      trade_date as date,
      json_build_object(
        'open', open, 'high', high, 'low', low, 'close', close, 'volume', volume, 'vwap', vwap, 'transactions', transactions
      ) as bar,
      stated_at as "statedAt",
      withdrawn_at as "withdrawnAt",
      returned_at as "returnedAt",
      earlier_key as "statedKey",
      doubted_key as "doubtedKey",
      later_key as "withdrawnKey"
    from public.source_polygon_withdrawn_bars as withdrawn
    where
      ${isStatedOf(sql, "withdrawn", holder)}
      and trade_date between coalesce(${from}::date, '-infinity') and coalesce(${to}::date, 'infinity')
    order by withdrawn_at desc, trade_date desc, ticker
    limit ${limit}::int`;
}

/** A bar that one complete answer lacks: since when, and which. */
export type Doubt = { since: Date; lakeKey: string };

/** The doubt in a ticker's bar of a session, where there is one. */
export async function selectDoubt(sql: Sql, ticker: string, session: string): Promise<Doubt | null> {
  const [row] = await sql<Doubt[]>`
    select since, lake_key as "lakeKey" from barline.doubtful_bars
    where ticker = ${ticker}::text and trade_date = ${session}::date`;
  return row ?? null;
}
