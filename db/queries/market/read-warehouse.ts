import type { Sql } from "../../client.ts";

/** The table that pages and charts read: published by the transform, absent until its first success. */
export async function hasMart(sql: Sql): Promise<boolean> {
  const rows = await sql<{ exists: boolean }[]>`
    select to_regclass('public.fct_polygon__stock_bars_performance') is not null as exists`;
  return rows[0]?.exists ?? false;
}

export type WarehouseSize = { bars: number; isEstimate: boolean; tickers: number; databaseBytes: number };

/**
 * Bars, tickers and bytes, without reading the bars: a table past 16 MB is estimated the way the planner does, rows per
 * page times pages; a smaller one is counted. `n_live_tup` would be 0 after a restart from a crash.
 */
export async function selectWarehouseSize(sql: Sql): Promise<WarehouseSize> {
  const rows = await sql<WarehouseSize[]>`
    with bars as (
      select
        oid,
        reltuples,
        relpages,
        pg_relation_size(oid) as bytes,
        pg_relation_size(oid) > 16777216 as large
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
