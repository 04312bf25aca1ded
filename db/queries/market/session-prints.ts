import type { Sql } from "../../client.ts";
import type { BarKey } from "./removed-bars.ts";

/** A whole-market answer's print: whole numbers of 64 bits, in decimal. */
export type SessionPrint = { session: string; lakeKey: string; hashes: string[] };

/** Another session and how much of it is the same: `equal` hashes of `of`, the fewer that one of the two has. */
export type AlikeSession = { session: string; equal: number; of: number };

/** Keeps what tells the answer of a session from others, in place of what an earlier answer had. */
export async function keepSessionPrint(sql: Sql, { session, lakeKey, hashes }: SessionPrint): Promise<void> {
  await sql`
    insert into barline.session_prints (session, lake_key, hashes)
    values (${session}::date, ${lakeKey}::text, ${hashes}::text[]::bigint[])
    on conflict (session) do update set lake_key = excluded.lake_key, hashes = excluded.hashes`;
}

/**
 * The other sessions of the months around one that share any of these hashes, the most alike first. The hashes are a table, as
 * an array in the condition would be made anew, and searched, for each hash of each of those sessions.
 */
export async function selectAlikeSessions(sql: Sql, session: string, hashes: string[]): Promise<AlikeSession[]> {
  return await sql<AlikeSession[]>`
    with mine as materialized (
      select unnest(${hashes}::text[])::bigint as hash
    ), others as materialized (
      select prints.session, cardinality(prints.hashes) as size, other.hash
      from barline.session_prints prints cross join unnest(prints.hashes) as other (hash)
      where prints.session between ${session}::date - 60 and ${session}::date + 60 and prints.session <> ${session}::date
    )
    select others.session, count(*)::int as equal, least(others.size, cardinality(${hashes}::text[])) as of
    from others join mine using (hash)
    group by others.session, others.size
    order by count(*) desc`;
}

/** An answer that is about to be loaded, and another session that it is like. */
export type AlikeAnswer = AlikeSession & { lakeKey: string; other: string };

/** For each of the answers under these keys: the other sessions of the months around that share any of its hashes. */
export async function selectAlikeAnswers(sql: Sql, lakeKeys: string[]): Promise<AlikeAnswer[]> {
  return await sql<AlikeAnswer[]>`
    with mine as (
      select prints.session, prints.lake_key, cardinality(prints.hashes) as size, own.hash
      from barline.session_prints prints cross join unnest(prints.hashes) as own (hash)
      where prints.lake_key = any (${lakeKeys}::text[])
    ), others as (
      select prints.session, cardinality(prints.hashes) as size, other.hash
      from barline.session_prints prints cross join unnest(prints.hashes) as other (hash)
      where prints.session between (select min(session) from mine) - 60 and (select max(session) from mine) + 60
    )
    select mine.session, mine.lake_key as "lakeKey", others.session as other, count(*)::int as equal,
      least(mine.size, others.size) as of
    from mine join others on others.hash = mine.hash and others.session <> mine.session
      and others.session between mine.session - 60 and mine.session + 60
    group by mine.session, mine.lake_key, others.session, mine.size, others.size
    order by mine.session, others.session`;
}

/** The raw bars of a session that say to the digit what a run has staged of another one. */
export async function selectRepeatedBars(
  sql: Sql,
  runId: number,
  { session, repeats }: { session: string; repeats: string },
): Promise<BarKey[]> {
  return await sql<BarKey[]>`
    select distinct bars.ticker, bars.trade_date as "tradeDate"
    from barline.staging_stock_bars staged
    cross join lateral (
      select known.* from public.source_polygon_stock_bars_daily known
      where known.ticker = staged.ticker and known.trade_date = ${session}::date offset 0
    ) as bars
    where staged.run_id = ${runId}::bigint and staged.trade_date = ${repeats}::date
      and (bars.open, bars.high, bars.low, bars.close, bars.volume)
        = (staged.open, staged.high, staged.low, staged.close, staged.volume)`;
}
