import type { Sql } from "../../db/client.ts";

/** A job's part of the work since an instant; seconds. Jobs overlap: `busy` is the time in which any run of it was active. */
export type Stage = { job: string; runs: number; from: number; to: number; busy: number };

/** The tasks of one name: how many, and their seconds in all and at the most. */
export type TaskTime = { job: string; task: string; count: number; total: number; longest: number };

/** Milliseconds from a dataset event to the first task of the run that claimed it. */
export type Latency = { count: number; p50: number; p99: number; longest: number };

export async function readStages(sql: Sql, since: Date): Promise<Stage[]> {
  return await sql<Stage[]>`
    select job_id as job, count(*)::int as runs,
      extract(epoch from min(started_at) - ${since}::timestamptz)::float8 as "from",
      extract(epoch from max(finished_at) - ${since}::timestamptz)::float8 as "to",
      (select sum(extract(epoch from upper(span) - lower(span)))::float8
        from unnest(range_agg(tstzrange(started_at, finished_at))) as span) as busy
    from barline.runs where created_at >= ${since}::timestamptz
    group by job_id order by min(started_at)`;
}

export async function readTaskTimes(sql: Sql, since: Date): Promise<TaskTime[]> {
  return await sql<TaskTime[]>`
    select tasks.job_id as job, name as task, count(*)::int as count,
      sum(extract(epoch from tasks.finished_at - tasks.started_at))::float8 as total,
      max(extract(epoch from tasks.finished_at - tasks.started_at))::float8 as longest
    from barline.tasks join barline.runs on runs.id = tasks.run_id
    where runs.created_at >= ${since}::timestamptz
    group by tasks.job_id, name, step order by min(runs.started_at), step`;
}

/**
 * From the newest event that a run claimed to the start of its first task. Only runs that nothing held: between the event
 * and the run no other run of the job was active, and, as a transform rests while they work, no run of the jobs before it
 * but the event's own. An event's time is the start of the transaction that records it, so its commit is in the figure.
 */
export async function readLatency(
  sql: Sql,
  jobs: { ingest: string; load: string; transform: string },
): Promise<Latency> {
  const [row] = await sql<Latency[]>`
    with claimed as (
      select claims.run_id, claims.job_id, max(events.created_at) as event_at, array_agg(events.run_id) as producers
      from barline.event_claims claims join barline.dataset_events events on events.id = claims.event_id
      group by claims.run_id, claims.job_id
    ), free as (
      select claimed.event_at, first.started_at
      from claimed
      join barline.runs own on own.id = claimed.run_id
      join barline.tasks first on first.run_id = claimed.run_id and first.step = 0
      where not exists (
        select 1 from barline.runs other
        where other.id <> own.id and other.created_at <= own.created_at
          and coalesce(other.finished_at, 'infinity') >= claimed.event_at and (
            other.job_id = own.job_id
            or own.job_id = ${jobs.transform}::text and other.job_id in (${jobs.ingest}::text, ${jobs.load}::text)
              and other.id <> all (claimed.producers)))
    ), waits as (select extract(epoch from started_at - event_at) * 1000 as ms from free)
    select count(*)::int as count, coalesce(percentile_cont(0.5) within group (order by ms), 0)::float8 as p50,
      coalesce(percentile_cont(0.99) within group (order by ms), 0)::float8 as p99,
      coalesce(max(ms), 0)::float8 as longest
    from waits`;
  return row ?? { count: 0, p50: 0, p99: 0, longest: 0 };
}

/** Rows and exact sums, as decimals, of a table of bars up to a session. */
export type TableTotals = { rows: number; close: string; volume: string };

export async function readRawTotals(sql: Sql, to: string): Promise<TableTotals> {
  const [row] = await sql<TableTotals[]>`
    select count(*)::int as rows, round(sum(close), 4)::text as close, round(sum(volume), 6)::text as volume
    from public.source_polygon_stock_bars_daily where trade_date <= ${to}::date`;
  return row ?? { rows: 0, close: "", volume: "" };
}

/** What is published up to a session, added up: two tables with the same sums hold the same values for all purposes here. */
export type PublishedTotals = { rows: number; sums: string };

export async function readPublishedTotals(sql: Sql, to: string): Promise<PublishedTotals> {
  const [row] = await sql<PublishedTotals[]>`
    select count(*)::int as rows, concat_ws(' ', sum(open_price), sum(high_price), sum(low_price), sum(close_price), sum(volume),
      sum(volume_weighted_average_price), sum(transactions), sum(split_factor), sum(return_1d), sum(moving_avg_20d),
      sum(moving_avg_50d), sum(moving_avg_120d), sum(volatility_20d), sum(dollar_volume)) as sums
    from public.fct_polygon__stock_bars_performance where trade_date <= ${to}::date`;
  return row ?? { rows: 0, sums: "" };
}
