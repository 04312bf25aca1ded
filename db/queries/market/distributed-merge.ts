import type { TransactionSql } from "../../client.ts";
import type { Merged, UniverseFilter } from "./load.ts";

/**
 * Merges as `mergeStagedBars` does, where the raw tables are distributed by ticker: Citus refuses its one statement, whose parts write
 * distributed and local tables. Each part is a statement of its own here, over a work table that lies beside the bars, so that bars go
 * from staging to the raw table without leaving their shard. No trigger can stand on a distributed table: what a bar said before is
 * kept by this. The caller holds the raw tables' lock.
 */
export async function mergeDistributed(
  transaction: TransactionSql,
  runId: number,
  insertedAt: Date,
  universe: UniverseFilter,
  sequences: number[] | null = null,
): Promise<Merged> {
  await transaction`truncate barline.compared_bars`;
  await compareStaged(transaction, runId, await tickersOf(transaction, universe), sequences);
  if (await hasHeldBars(transaction)) await leaveOutHeld(transaction);
  const merged = await countCompared(transaction);
  if (merged.inserted > 0) {
    await insertNew(transaction, insertedAt);
    await forgetReturned(transaction);
  }
  if (merged.updated > 0) {
    await keepRestated(transaction, insertedAt);
    await correctRevised(transaction, insertedAt);
  }
  return merged;
}

/** The tickers of a universe by name; null is all. Shards know of no list of tickers. */
async function tickersOf(transaction: TransactionSql, { types, tickers }: UniverseFilter): Promise<string[] | null> {
  if (types === null) return tickers;
  const rows = await transaction<{ ticker: string }[]>`
    select ticker from public.source_polygon_tickers where type = any (${types}::text[])`;
  return [...(tickers ?? []), ...rows.map(({ ticker }) => ticker)];
}

async function compareStaged(
  transaction: TransactionSql,
  runId: number,
  tickers: string[] | null,
  sequences: number[] | null,
): Promise<void> {
  await transaction`
    insert into barline.compared_bars
      (ticker, trade_date, open, high, low, close, volume, vwap, transactions, is_new, is_revised)
    with latest as (
      select distinct on (ticker, trade_date) ticker, trade_date, open, high, low, close, volume, vwap, transactions
      from barline.staging_stock_bars as staged
      where run_id = ${runId}::bigint and (${sequences}::bigint[] is null or sequence = any (${sequences}::bigint[]))
        and (requested or ${tickers}::text[] is null or ticker = any (${tickers}::text[]))
      order by ticker, trade_date, sequence desc
    )
    select latest.*, known.ticker is null, known.ticker is not null
      and (known.open, known.high, known.low, known.close, known.volume, known.vwap, known.transactions)
        is distinct from (latest.open, latest.high, latest.low, latest.close, latest.volume, latest.vwap,
          latest.transactions)
    from latest left join lateral (
      select bars.* from public.source_polygon_stock_bars_daily as bars
      where bars.ticker = latest.ticker and bars.trade_date = latest.trade_date offset 0
    ) as known on true`;
}

async function hasHeldBars(transaction: TransactionSql): Promise<boolean> {
  const rows = await transaction`select from barline.quarantines where state <> 'released' limit 1`;
  return rows.length > 0;
}

/** Takes out the bars that a quarantine holds as they are. */
async function leaveOutHeld(transaction: TransactionSql): Promise<void> {
  await transaction`
    delete from barline.compared_bars as compared
    using (
      select bars.*
      from barline.quarantined_bars as bars
      inner join barline.quarantines on quarantines.id = bars.quarantine_id and quarantines.state <> 'released'
    ) as held
    where held.ticker = compared.ticker and held.trade_date = compared.trade_date
      and (held.open, held.high, held.low, held.close, held.volume, held.vwap, held.transactions)
        is not distinct from (compared.open, compared.high, compared.low, compared.close, compared.volume, compared.vwap,
          compared.transactions)`;
}

async function countCompared(transaction: TransactionSql): Promise<Merged> {
  const [row] = await transaction<[Merged]>`
    select count(*) filter (where is_new)::int as inserted, count(*) filter (where is_revised)::int as updated,
      count(*) filter (where not is_new and not is_revised)::int as unchanged,
      min(trade_date) filter (where is_new or is_revised) as "firstDate",
      max(trade_date) filter (where is_new or is_revised) as "lastDate"
    from barline.compared_bars`;
  return row;
}

async function insertNew(transaction: TransactionSql, insertedAt: Date): Promise<void> {
  await transaction`
    insert into public.source_polygon_stock_bars_daily
      (ticker, trade_date, open, high, low, close, volume, vwap, transactions, inserted_at)
    select ticker, trade_date, open, high, low, close, volume, vwap, transactions, ${insertedAt}::timestamptz
    from barline.compared_bars where is_new`;
}

/** Forgets of the new bars that they were removed once. */
async function forgetReturned(transaction: TransactionSql): Promise<void> {
  await transaction`
    with removed as materialized (
      select ticker, trade_date from public.source_polygon_removed_bars
    ), returned as materialized (
      select compared.ticker, compared.trade_date
      from removed inner join barline.compared_bars as compared
        on compared.ticker = removed.ticker and compared.trade_date = removed.trade_date
      where compared.is_new
    )
    delete from public.source_polygon_removed_bars as gone
    using returned
    where gone.ticker = returned.ticker and gone.trade_date = returned.trade_date`;
}

/** What the trigger of the raw table does on one server, by the same rules. */
async function keepRestated(transaction: TransactionSql, replacedAt: Date): Promise<void> {
  await transaction`
    insert into public.source_polygon_stock_bars_restatements
      (ticker, trade_date, open, high, low, close, volume, vwap, transactions, stated_at, replaced_at)
    select before.ticker, before.trade_date, before.open, before.high, before.low, before.close, before.volume, before.vwap,
      before.transactions, before.inserted_at, ${replacedAt}::timestamptz
    from barline.compared_bars as compared
    inner join public.source_polygon_stock_bars_daily as before
      on before.ticker = compared.ticker and before.trade_date = compared.trade_date
    where compared.is_revised and before.inserted_at < ${replacedAt}::timestamptz
    on conflict do nothing`;
}

async function correctRevised(transaction: TransactionSql, insertedAt: Date): Promise<void> {
  await transaction`
    insert into public.source_polygon_stock_bars_daily
      (ticker, trade_date, open, high, low, close, volume, vwap, transactions, inserted_at)
    select ticker, trade_date, open, high, low, close, volume, vwap, transactions, ${insertedAt}::timestamptz
    from barline.compared_bars where is_revised
    on conflict (ticker, trade_date) do update set
      open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
      volume = excluded.volume, vwap = excluded.vwap, transactions = excluded.transactions,
      inserted_at = excluded.inserted_at`;
}
