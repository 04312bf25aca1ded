import type { JsonValue, Sql } from "../../client.ts";
import { stillFailed } from "./read-failures.ts";

/** A job as it stands: what people set, what is under way, and how it last ended well. */
export type JobStanding = {
  id: string;
  paused: boolean;
  queued: number;
  running: number;
  /** Failed runs that nothing has made good. */
  failed: number;
  lastSuccessId: number | null;
  lastSuccessAt: Date | null;
  lastSummary: JsonValue | null;
  /** Whether an event of a dataset that wakes the job waits for one of its runs. */
  hasUnclaimed: boolean;
};

/**
 * One standing for each id asked for, in that order; a job that was never started stands idle. One statement, so that no run
 * can end between the counts and its event appear after them: an idle pipeline is really idle.
 */
export function selectJobStandings(sql: Sql, ids: string[]): Promise<JobStanding[]> {
  return sql<JobStanding[]>`
    select
      wanted.id,
      coalesce(jobs.paused, false) as paused,
      active.queued,
      active.running,
      failures.failed,
      latest.id as "lastSuccessId",
      latest.finished_at as "lastSuccessAt",
      latest.summary as "lastSummary",
      exists (select from barline.pending_events where job_id = wanted.id) as "hasUnclaimed"
    from unnest(${ids}::text[]) with ordinality as wanted (id, position)
    left join barline.jobs on jobs.id = wanted.id
    cross join lateral (
      select
        count(*) filter (where state = 'queued')::int as queued,
        count(*) filter (where state = 'running')::int as running
      from barline.runs
      where runs.job_id = wanted.id and state in ('queued', 'running')
    ) as active
    cross join lateral (
      select count(*)::int as failed
      from barline.runs
      where runs.job_id = wanted.id and ${stillFailed(sql)}
    ) as failures
    left join lateral (
      select id, finished_at, summary
      from barline.runs
      where runs.job_id = wanted.id and state = 'success'
      -- By its end, as a run that is retried keeps its number.
      order by finished_at desc nulls last, id desc
      limit 1
    ) as latest on true
    order by wanted.position`;
}

/** A run under way and the step that it is at. */
export type ActiveRun = {
  id: number;
  jobId: string;
  partition: string | null;
  partitionTo: string | null;
  backfillId: number | null;
  startedAt: Date | null;
  task: string | null;
  /** Batches of the step that are done, and all of them. */
  batchesDone: number | null;
  batches: number | null;
  /** What the step itself reports, summed over its batches. */
  done: number | null;
  total: number | null;
  unit: string | null;
};

/** Runs under way, oldest first, at the most `limit` of each job. */
export function selectActiveRuns(sql: Sql, ids: string[], limit: number): Promise<ActiveRun[]> {
  return sql<ActiveRun[]>`
    select
      active.id,
      active.job_id as "jobId",
      active.partition,
      active.partition_to as "partitionTo",
      active.backfill_id as "backfillId",
      active.started_at as "startedAt",
      step.name as task,
      step.batches_done as "batchesDone",
      step.batches,
      step.done,
      step.total,
      step.unit
    from unnest(${ids}::text[]) as wanted (id)
    cross join lateral (
      select *
      from barline.runs
      where runs.job_id = wanted.id and state = 'running'
      order by id
      limit ${limit}::int
    ) as active
    left join lateral (
      select
        name,
        count(*) filter (where state = 'success')::int as batches_done,
        count(*)::int as batches,
        sum(progress_done) as done,
        sum(progress_total) as total,
        min(progress_unit) as unit
      from barline.tasks
      where tasks.run_id = active.id
      group by step, name
      having bool_or(state in ('queued', 'running'))
      order by step
      limit 1
    ) as step on true
    order by active.id`;
}

/** How a triggered job stands with its dataset events. */
export type EventBacklog = { total: number; done: number; ahead: number; waiting: number };

/** Events of `datasets`: all, those that a successful run of the job has dealt with, and those that no run has claimed. */
export async function selectEventBacklog(sql: Sql, jobId: string, datasets: string[]): Promise<EventBacklog> {
  const rows = await sql<EventBacklog[]>`
    select
      count(*)::int as total,
      count(*) filter (where runs.state = 'success')::int as done,
      count(*) filter (where pending.event_id is not null or runs.state in ('queued', 'running'))::int as ahead,
      count(pending.event_id)::int as waiting
    from barline.dataset_events as events
    left join barline.event_claims as claims on claims.job_id = ${jobId}::text and claims.event_id = events.id
    left join barline.pending_events as pending on pending.job_id = ${jobId}::text and pending.event_id = events.id
    left join barline.runs on runs.id = claims.run_id
    where
      events.dataset = any(${datasets}::text[])
      -- What the job passed over, or was not subscribed to, is nobody's work.
      and (claims.event_id is not null or pending.event_id is not null)`;
  return rows[0] ?? { total: 0, done: 0, ahead: 0, waiting: 0 };
}

/** Partitions of a job: those done, those still ahead, and all that are wanted or have a run that nobody cancelled. */
export type PartitionCounts = { done: number; ahead: number; total: number };

/** Counts over every partition that has a run, and over `wanted` ones that have none. */
export async function selectPartitionCounts(sql: Sql, jobId: string, wanted: string[]): Promise<PartitionCounts> {
  const rows = await sql<PartitionCounts[]>`
    select
      count(*) filter (where runs.state = 'success')::int as done,
      count(*) filter (where runs.state is null or runs.state in ('queued', 'running'))::int as ahead,
      count(*) filter (where runs.state is distinct from 'cancelled')::int as total
    from (select partition, run_id from barline.run_partitions where job_id = ${jobId}::text) as held
    inner join barline.runs on runs.id = held.run_id
    full join unnest(${wanted}::text[]) as wanted (partition) on wanted.partition = held.partition`;
  return rows[0] ?? { done: 0, ahead: 0, total: 0 };
}

/** What a job finished lately; `since` is when the first of those runs began. */
export type Pace = { items: number; since: Date | null };

/** Partitions and events that the job's latest runs dealt with since `from`: what rates and times left are made of. */
export async function selectPace(sql: Sql, jobId: string, from: Date): Promise<Pace> {
  const rows = await sql<Pace[]>`
    select coalesce(sum(greatest(work.partitions, work.events)), 0)::int as items, min(recent.started_at) as since
    from (
      select id, started_at, finished_at, state
      from barline.runs
      where job_id = ${jobId}::text
      order by id desc
      limit 400
    ) as recent
    cross join lateral (
      select
        (select count(*) from barline.run_partitions where run_id = recent.id) as partitions,
        (select count(*) from barline.event_claims where run_id = recent.id) as events
    ) as work
    where recent.state = 'success' and recent.finished_at >= ${from}::timestamptz`;
  return rows[0] ?? { items: 0, since: null };
}
