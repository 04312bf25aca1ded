import type { JsonValue, Sql } from "../../client.ts";

/** A backfill as lists show it: without the sessions of its plan, which may be thousands. */
export type BackfillRow = {
  id: number;
  jobId: string;
  state: string;
  paused: boolean;
  /** Whether its job starts no runs. */
  jobPaused: boolean;
  from: string;
  to: string;
  reprocess: string;
  concurrency: number | null;
  order: string;
  /** Of its plan; null where that tells none. */
  strategy: string | null;
  calls: number | null;
  sessions: number | null;
  /** Who asked for it, where that was kept. */
  createdBy: string | null;
  createdVia: string | null;
  createdAt: Date;
  finishedAt: Date | null;
  runs: number;
  queued: number;
  running: number;
  success: number;
  failed: number;
  cancelled: number;
  /** Whether a run of it is queued or running. */
  isActive: boolean;
};

/** Which backfills a list shows; `before` is the id that the last page ended at. */
export type BackfillFilter = {
  id?: number | null;
  jobId?: string | null;
  state?: string | null;
  paused?: boolean | null;
  before?: number | null;
};

/** Backfills, newest first, with their runs counted by state. */
export function selectBackfills(sql: Sql, filter: BackfillFilter, limit: number): Promise<BackfillRow[]> {
  const { id = null, jobId = null, state = null, paused = null, before = null } = filter;
  return sql<BackfillRow[]>`
    select
      backfills.id,
      backfills.job_id as "jobId",
      backfills.state,
      backfills.paused,
      coalesce(jobs.paused, false) as "jobPaused",
      backfills.from_partition as from,
      backfills.to_partition as to,
      backfills.reprocess,
      backfills.concurrency,
      backfills.run_order as "order",
      told.strategy,
      told.calls,
      told.sessions,
      asked.actor as "createdBy",
      asked.via as "createdVia",
      backfills.created_at as "createdAt",
      backfills.finished_at as "finishedAt",
      counts.*
    from (
      select *
      from barline.backfills
      where
        (${id}::bigint is null or id = ${id}::bigint)
        and (${jobId}::text is null or job_id = ${jobId}::text)
        and (${state}::text is null or state = ${state}::text)
        and (${paused}::boolean is null or paused = ${paused}::boolean)
        and (${before}::bigint is null or id < ${before}::bigint)
      order by id desc
      limit ${limit}::int
    ) as backfills
    left join barline.jobs on jobs.id = backfills.job_id
    -- At once, as each look into a long plan unpacks all of it.
    left join lateral jsonb_to_record(case when jsonb_typeof(plan) = 'object' then plan end)
      as told (strategy text, calls int, sessions int) on true
    left join lateral (
      select actor, via
      from barline.actions
      where backfill_id = backfills.id and kind = 'backfill.create'
      limit 1
    ) as asked on true
    cross join lateral (
      select
        count(*)::int as runs,
        count(*) filter (where state = 'queued')::int as queued,
        count(*) filter (where state = 'running')::int as running,
        count(*) filter (where state = 'success')::int as success,
        count(*) filter (where state = 'failed')::int as failed,
        count(*) filter (where state = 'cancelled')::int as cancelled,
        coalesce(bool_or(state in ('queued', 'running')), false) as "isActive"
      from barline.runs
      where runs.backfill_id = backfills.id
    ) as counts
    order by backfills.id desc`;
}

/** The whole plan of a backfill, as its job made it; null where there is no such backfill. */
export async function selectBackfillPlan(sql: Sql, id: number): Promise<JsonValue> {
  const [row] = await sql<{ plan: JsonValue }[]>`select plan from barline.backfills where id = ${id}::bigint`;
  return row?.plan ?? null;
}

export type BackfillRunRow = { id: number; state: string; partition: string | null; partitionTo: string | null };

/** Every run of a backfill, by partition. */
export function selectRunsOfBackfill(sql: Sql, id: number): Promise<BackfillRunRow[]> {
  return sql<BackfillRunRow[]>`
    select id, state, partition, partition_to as "partitionTo"
    from barline.runs
    where backfill_id = ${id}::bigint
    order by partition, id`;
}

/** What a backfill did since `since`: the last minutes, or where it began or went on within them. */
export type BackfillPace = {
  since: Date | null;
  /** Runs that ended by themselves. */
  runs: number;
  /** Batches that succeeded, and the calls that they say they made. */
  batches: number;
  calls: number;
  /** Batches of runs that have not ended: those that have, and all that are planned so far. */
  batchesDone: number;
  batchesPlanned: number;
};

/** How fast a backfill went lately; `task` is the mapped task that does the work. */
export async function selectBackfillPace(
  sql: Sql,
  wanted: { id: number; jobId: string; task: string; from: Date },
): Promise<BackfillPace> {
  const [row] = await sql<BackfillPace[]>`
    with span as (
      select
        greatest(
          ${wanted.from}::timestamptz,
          (select min(started_at) from barline.runs where backfill_id = ${wanted.id}::bigint),
          (
            select max(at)
            from barline.actions
            where backfill_id = ${wanted.id}::bigint and kind in ('backfill.resume', 'backfill.retry')
          ),
          (select max(at) from barline.actions where job_id = ${wanted.jobId}::text and kind = 'job.resume')
        ) as since
    ), begun as (
      select id, state, finished_at
      from barline.runs
      where
        backfill_id = ${wanted.id}::bigint
        and started_at is not null
        and (finished_at is null or finished_at >= (select since from span))
    ), batches as (
      select tasks.state, tasks.finished_at, tasks.output, begun.finished_at is null as active
      from begun
      inner join barline.tasks on tasks.run_id = begun.id and tasks.name = ${wanted.task}::text
    )
    select
      (select since from span) as since,
      (select count(*) from begun where state in ('success', 'failed') and finished_at is not null)::int as runs,
      count(*) filter (where lately)::int as batches,
      coalesce(sum(case when lately and jsonb_typeof(output -> 'calls') = 'number' then (output ->> 'calls')::int end), 0)::int
        as calls,
      count(*) filter (where active and state in ('success', 'failed', 'cancelled'))::int as "batchesDone",
      count(*) filter (where active)::int as "batchesPlanned"
    from (
      select *, state = 'success' and finished_at >= (select since from span) as lately from batches
    ) as batches`;
  return row ?? { since: null, runs: 0, batches: 0, calls: 0, batchesDone: 0, batchesPlanned: 0 };
}
