import { isDistributed, type JsonValue, type Sql } from "../../client.ts";
import { shardedTables } from "../../shard-sizes.ts";

/** A dataset as its events tell it. */
export type DatasetStanding = {
  name: string;
  events: number;
  lastEvent: { id: number; at: Date; runId: number; jobId: string } | null;
};

type EventRow = { lastId: number | null; lastAt: Date | null; lastRunId: number | null; lastJobId: string | null };

/**
 * Every dataset that has an event, after those named, each once. Names are read from one to the next along the index:
 * there are a handful of them among any number of events.
 */
export async function selectDatasets(sql: Sql, declared: string[]): Promise<DatasetStanding[]> {
  const rows = await sql<({ name: string; events: number } & EventRow)[]>`
    with recursive recorded (dataset) as (
      select min(dataset) from barline.dataset_events
      union all
      select (select min(dataset) from barline.dataset_events where dataset > recorded.dataset)
      from recorded
      where recorded.dataset is not null
    ),
    named (dataset, position) as (
      select * from unnest(${declared}::text[]) with ordinality
      union all
      select dataset, null from recorded where dataset is not null and dataset <> all(${declared}::text[])
    )
    select
      named.dataset as name,
      counted.events,
      latest.id as "lastId",
      latest.created_at as "lastAt",
      latest.run_id as "lastRunId",
      latest.job_id as "lastJobId"
    from named
    cross join lateral (
      select count(*)::int as events from barline.dataset_events where dataset = named.dataset
    ) as counted
    left join lateral (
      select events.id, events.created_at, events.run_id, runs.job_id
      from barline.dataset_events as events
      inner join barline.runs on runs.id = events.run_id
      where events.dataset = named.dataset
      order by events.id desc
      limit 1
    ) as latest on true
    order by named.position, named.dataset`;
  return rows.map(({ name, events, lastId, lastAt, lastRunId, lastJobId }) => ({
    name,
    events,
    lastEvent:
      lastId === null || lastAt === null || lastRunId === null || lastJobId === null
        ? null
        : { id: lastId, at: lastAt, runId: lastRunId, jobId: lastJobId },
  }));
}

/** How a job stands with the events of a dataset that wakes it. */
export type SubscriptionStanding = {
  jobId: string;
  dataset: string;
  /** Events that no run of the job has claimed, and when the oldest of them was recorded. */
  waiting: number;
  waitingSince: Date | null;
  lastClaim: { eventId: number; runId: number; at: Date } | null;
};

/** One standing a subscription. What waits is little, so it is counted; the last claim is the first in the key's order. */
export async function selectSubscriptionStandings(sql: Sql): Promise<SubscriptionStanding[]> {
  type Row = Omit<SubscriptionStanding, "lastClaim"> & {
    eventId: number | null;
    runId: number | null;
    claimedAt: Date | null;
  };
  const rows = await sql<Row[]>`
    select
      subscriptions.job_id as "jobId",
      subscriptions.dataset,
      pending.waiting,
      pending.since as "waitingSince",
      latest.event_id as "eventId",
      latest.run_id as "runId",
      latest.claimed_at as "claimedAt"
    from barline.subscriptions
    cross join lateral (
      select count(*)::int as waiting, min(events.created_at) as since
      from barline.pending_events
      inner join barline.dataset_events as events on events.id = pending_events.event_id
      where pending_events.job_id = subscriptions.job_id and events.dataset = subscriptions.dataset
    ) as pending
    left join lateral (
      select claims.event_id, claims.run_id, claims.claimed_at
      from barline.event_claims as claims
      inner join barline.dataset_events as events on events.id = claims.event_id
      where claims.job_id = subscriptions.job_id and events.dataset = subscriptions.dataset
      order by claims.event_id desc
      limit 1
    ) as latest on true
    order by subscriptions.dataset, subscriptions.job_id`;
  return rows.map(({ eventId, runId, claimedAt, ...row }) => ({
    ...row,
    lastClaim: eventId === null || runId === null || claimedAt === null ? null : { eventId, runId, at: claimedAt },
  }));
}

export type LastRun = { jobId: string; id: number; state: string; finishedAt: Date };

/** The last run of each job that has ended. */
export function selectLastRuns(sql: Sql, jobIds: string[]): Promise<LastRun[]> {
  return sql<LastRun[]>`
    select ended.job_id as "jobId", ended.id, ended.state, ended.finished_at as "finishedAt"
    from unnest(${jobIds}::text[]) as wanted (id)
    cross join lateral (
      select job_id, id, state, finished_at
      from barline.runs
      where job_id = wanted.id and finished_at is not null and state not in ('queued', 'running')
      order by id desc
      limit 1
    ) as ended`;
}

/** How a model went in the last build that told anything of it, whether or not that was published. */
export type BuiltModel = { name: string; runId: number; action: string; error: string | null };

/** Data tests of one model or source in the same build. */
export type TestedSubject = {
  subject: string;
  runId: number;
  passed: number;
  warned: number;
  failed: number;
  skipped: number;
};

/** The newest run of a job that built anything: two jobs build models. */
const lastBuildOf = (sql: Sql, jobId: string) => sql`(
  select id from barline.runs
  where job_id = ${jobId}::text and exists (select from barline.model_results where run_id = runs.id)
  order by id desc limit 1
)`;

/** The models of the last build. */
export function selectLastBuild(sql: Sql, jobId: string): Promise<BuiltModel[]> {
  return sql<BuiltModel[]>`
    select name, run_id as "runId", action, error
    from barline.model_results
    where run_id = ${lastBuildOf(sql, jobId)}`;
}

/** The data tests of the last build, by what they test. */
export function selectLastTests(sql: Sql, jobId: string): Promise<TestedSubject[]> {
  return sql<TestedSubject[]>`
    select
      subject,
      run_id as "runId",
      count(*) filter (where status = 'pass')::int as passed,
      count(*) filter (where status = 'warn')::int as warned,
      count(*) filter (where status in ('fail', 'error'))::int as failed,
      count(*) filter (where status = 'skipped')::int as skipped
    from barline.test_results
    where run_id = ${lastBuildOf(sql, jobId)}
    group by subject, run_id`;
}

/** What the last build's run said of the age of its sources: pass, warn or error by name. */
export async function selectLastFreshness(sql: Sql, jobId: string): Promise<{ name: string; status: string }[]> {
  const rows = await sql<{ output: JsonValue }[]>`
    select output
    from barline.tasks
    where run_id = ${lastBuildOf(sql, jobId)} and name = 'freshness' and state = 'success'`;
  const output = rows[0]?.output;
  return Array.isArray(output) ? (output as { name: string; status: string }[]) : [];
}

/**
 * Rows of tables in the schema `public`: as the planner estimates them, or before that as their writers counted; no views. Of one that is
 * `distributed`, those of its shards.
 */
export function selectTableRows(
  sql: Sql,
  names: string[],
  distributed = isDistributed(sql),
): Promise<{ name: string; rows: number }[]> {
  const ofShards = distributed ? shardedTables(sql, names) : sql`select null::oid as oid, null::bigint as rows`;
  return sql<{ name: string; rows: number }[]>`
    with sharded as materialized (${ofShards})
    select
      relname as name,
      coalesce(
        sharded.rows, case when reltuples > 0 then reltuples::bigint else pg_stat_get_live_tuples(pg_class.oid) end
      ) as rows
    from pg_class
    left join sharded on sharded.oid = pg_class.oid
    where
      relnamespace = 'public'::regnamespace and relname = any(${names}::text[]) and relkind in ('r', 'p', 'm')`;
}
