import { isDistributed, type Sql, type TransactionSql } from "../../client.ts";
import { shardBytes, shardedTables } from "../../shard-sizes.ts";

/** The table that pages and charts read: published by the transform, absent until its first success. */
export async function hasMart(sql: Sql): Promise<boolean> {
  const rows = await sql<{ exists: boolean }[]>`
    select to_regclass('public.fct_polygon__stock_bars_performance') is not null as exists`;
  return rows[0]?.exists ?? false;
}

/** A table up to that is counted. */
const countedBytes = 16_777_216;

/** What is stored, published or not: raw bars, listed tickers, and bytes. */
export type WarehouseSize = { bars: number; isEstimate: boolean; tickers: number; databaseBytes: number };

/**
 * Bars, tickers and bytes, without reading the bars: a table past 16 MB is estimated the way the planner does, rows per
 * page times pages; a smaller one is counted. `n_live_tup` would be 0 after a restart from a crash. Where bars are distributed, their table is empty
 * here, and its shards are measured.
 */
export async function selectWarehouseSize(sql: Sql, distributed = isDistributed(sql)): Promise<WarehouseSize> {
  if (distributed) return await selectShardedSize(sql);
  const rows = await sql<WarehouseSize[]>`
    with bars as (
      select
        oid,
        reltuples,
        relpages,
        pg_relation_size(oid) as bytes,
        pg_relation_size(oid) > ${countedBytes}::bigint as large
      from pg_class
      where oid = 'public.source_polygon_stock_bars_daily'::regclass
    )
    select
      case
        when not large then (select count(*) from public.source_polygon_stock_bars_daily)
        when relpages > 0 and reltuples > 0
          then round(reltuples / relpages * (bytes / current_setting('block_size')::int))::bigint
        -- Never analysed: a bar takes some 105 bytes.
        else bytes / 105
      end as bars,
      large as "isEstimate",
      (select count(*)::int from public.source_polygon_tickers) as tickers,
      pg_database_size(current_database()) as "databaseBytes"
    from bars`;
  return rows[0] ?? { bars: 0, isEstimate: false, tickers: 0, databaseBytes: 0 };
}

/** In two statements, as Citus would count the bars before it knows whether that is asked for. */
async function selectShardedSize(sql: Sql): Promise<WarehouseSize> {
  const [size] = await sql<(WarehouseSize & { bytes: number })[]>`
    with bars as materialized (${shardedTables(sql, ["source_polygon_stock_bars_daily"])})
    select
      bars.rows as bars,
      bars.bytes,
      true as "isEstimate",
      (select count(*)::int from public.source_polygon_tickers) as tickers,
      pg_database_size(current_database()) + (${shardBytes(sql)}) as "databaseBytes"
    from bars`;
  if (!size) return { bars: 0, isEstimate: false, tickers: 0, databaseBytes: 0 };
  const { bytes, ...told } = size;
  if (bytes > countedBytes) return told;
  const [counted] = await sql<[{ bars: number }]>`select count(*) as bars from public.source_polygon_stock_bars_daily`;
  return { ...told, bars: counted.bars, isEstimate: false };
}

/** What readers can see: bars, their tickers, and the first and last session. */
export type PublishedSize = { bars: number; tickers: number; firstDate: string | null; lastDate: string | null };

/** Counting every bar of ten years takes seconds: longer than a page may, and never without end. */
const countTimeout = "60s";

/**
 * Counts the published bars, exactly. Tickers and dates come from hops along the unique index (ticker, trade_date), one probe
 * a ticker, as PostgreSQL has no skip scan for `distinct`. Where they are distributed, shards count beside each other, and nothing can hop
 * from one to the next. Fails with SQLSTATE 42P01 before the first publish.
 */
export async function countPublishedBars(sql: Sql, distributed = isDistributed(sql)): Promise<PublishedSize> {
  return await sql.begin("read only", async (transaction) => {
    await transaction`select set_config('statement_timeout', ${countTimeout}::text, true)`;
    if (distributed) return await countOnShards(transaction);
    const [size] = await transaction<[PublishedSize]>`
      with recursive tickers as (
        (select ticker from public.fct_polygon__stock_bars_performance order by ticker limit 1)
        union all
        select (
          select bar.ticker from public.fct_polygon__stock_bars_performance as bar
          where bar.ticker > tickers.ticker
          order by bar.ticker
          limit 1
        )
        from tickers
        where tickers.ticker is not null
      ),
      ranges as (
        select
          ticker,
          (select min(trade_date) from public.fct_polygon__stock_bars_performance as bar
            where bar.ticker = tickers.ticker) as first_date,
          (select max(trade_date) from public.fct_polygon__stock_bars_performance as bar
            where bar.ticker = tickers.ticker) as last_date
        from tickers
        where ticker is not null
      )
      select
        (select count(*) from public.fct_polygon__stock_bars_performance) as "bars",
        count(*) as "tickers",
        min(first_date) as "firstDate",
        max(last_date) as "lastDate"
      from ranges`;
    return size;
  });
}

async function countOnShards(transaction: TransactionSql): Promise<PublishedSize> {
  const [size] = await transaction<[PublishedSize]>`
    select
      count(*) as "bars",
      count(distinct ticker) as "tickers",
      min(trade_date) as "firstDate",
      max(trade_date) as "lastDate"
    from public.fct_polygon__stock_bars_performance`;
  return size;
}

export type ModelRow = {
  name: string;
  materialization: string;
  action: string;
  rows: number | null;
  durationMs: number;
  finishedAt: Date;
  runId: number;
};

/** How each model of the last successful run of `jobId` went; none before the first. */
export function selectLatestModels(sql: Sql, jobId: string): Promise<ModelRow[]> {
  return sql<ModelRow[]>`
    select
      results.name,
      results.materialization,
      results.action,
      results.rows,
      results.duration_ms as "durationMs",
      results.finished_at as "finishedAt",
      results.run_id as "runId"
    from barline.model_results as results
    where
      results.run_id = (
        select id
        from barline.runs
        where job_id = ${jobId}::text and state = 'success'
        order by id desc
        limit 1
      )
    order by results.finished_at, results.name`;
}
