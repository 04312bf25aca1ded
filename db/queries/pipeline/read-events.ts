import type postgres from "postgres";
import type { JsonValue, Sql } from "../../client.ts";

/** A run that claimed an event. */
export type EventClaim = { jobId: string; runId: number; state: string; claimedAt: Date };

/** A dataset event: what it says, the run and task that recorded it, and what became of it in each job that it wakes. */
export type EventSeen = {
  id: number;
  dataset: string;
  payload: JsonValue;
  createdAt: Date;
  producer: { runId: number; jobId: string; partition: string | null; partitionTo: string | null; task: string };
  claims: EventClaim[];
  /** Jobs that have not claimed it yet. */
  waitingFor: string[];
};

type Row = Omit<EventSeen, "claims"> & {
  claims: (Omit<EventClaim, "claimedAt"> & { claimedAt: string })[];
  all: number;
};

/**
 * Tells the events whose `id` is in `picked`, with `all`, in the order of `position`. The keys of claims and waiting
 * events begin with the job: naming every job that there ever was finds them by index.
 */
async function tell(sql: Sql, picked: postgres.Fragment): Promise<{ events: EventSeen[]; all: number }> {
  const rows = await sql<Row[]>`
    with picked as materialized (${picked})
    select
      events.id,
      events.dataset,
      events.payload,
      events.created_at as "createdAt",
      jsonb_build_object(
        'runId', producers.id,
        'jobId', producers.job_id,
        'partition', producers.partition,
        'partitionTo', producers.partition_to,
        'task', tasks.name
      ) as producer,
      claimed.claims,
      waiting.jobs as "waitingFor",
      picked.all
    from picked
    inner join barline.dataset_events as events on events.id = picked.id
    inner join barline.runs as producers on producers.id = events.run_id
    inner join barline.tasks on tasks.id = events.task_id
    cross join lateral (
      select coalesce(
        jsonb_agg(
          jsonb_build_object(
            'jobId', claims.job_id, 'runId', claims.run_id, 'state', runs.state, 'claimedAt', claims.claimed_at
          )
          order by claims.job_id
        ),
        '[]'
      ) as claims
      from barline.event_claims as claims
      inner join barline.runs on runs.id = claims.run_id
      where claims.job_id = any(array(select id from barline.jobs)) and claims.event_id = events.id
    ) as claimed
    cross join lateral (
      select coalesce(array_agg(job_id order by job_id), '{}') as jobs
      from barline.pending_events
      where job_id = any(array(select id from barline.jobs)) and event_id = events.id
    ) as waiting
    order by picked.position`;
  return {
    events: rows.map(({ all: _, ...row }) => ({
      ...row,
      claims: row.claims.map((claim) => ({ ...claim, claimedAt: new Date(claim.claimedAt) })),
    })),
    all: rows[0]?.all ?? 0,
  };
}

export type EventFilter = {
  dataset?: string | undefined;
  /** Events that this run claimed or recorded. */
  runId?: number | undefined;
  /** The id where the page before ended. */
  before?: number | undefined;
};

/** Events, the newest first. */
export async function selectEvents(sql: Sql, filter: EventFilter, limit: number): Promise<EventSeen[]> {
  const { dataset, runId, before } = filter;
  // A condition that is not asked is not written: with `or … is null` no index would be used.
  const picked = sql`
    select id, -id as position, 0 as all
    from barline.dataset_events
    where true
      ${dataset === undefined ? sql`` : sql`and dataset = ${dataset}::text`}
      ${before === undefined ? sql`` : sql`and id < ${before}::bigint`}
      ${
        runId === undefined
          ? sql``
          : sql`and id in (
              select event_id from barline.event_claims where run_id = ${runId}::bigint
              union all
              select id from barline.dataset_events where run_id = ${runId}::bigint)`
      }
    order by id desc
    limit ${limit}::int`;
  return (await tell(sql, picked)).events;
}

/** One event, if there is one with this id. */
export async function selectEvent(sql: Sql, id: number): Promise<EventSeen | undefined> {
  const picked = sql`
    select id, 1 as position, 1 as all from barline.dataset_events where id = ${id}::bigint`;
  return (await tell(sql, picked)).events[0];
}

/** What a run took and what it made known, oldest first; `all` counts also those beyond the limit. */
export type EventsOfRun = {
  claimed: EventSeen[];
  claimedAll: number;
  produced: EventSeen[];
  producedAll: number;
};

/** Exactly which events a run claimed, and which it recorded with the runs that they woke; `limit` of each, or all where it is null. */
export async function selectEventsOfRun(sql: Sql, runId: number, limit: number | null): Promise<EventsOfRun> {
  const [claimed, produced] = await Promise.all([
    tell(
      sql,
      sql`
        select event_id as id, event_id as position, (count(*) over ())::int as all
        from barline.event_claims
        where run_id = ${runId}::bigint
        order by event_id
        limit ${limit}::int`,
    ),
    tell(
      sql,
      sql`
        select id, id as position, (count(*) over ())::int as all
        from barline.dataset_events
        where run_id = ${runId}::bigint
        order by id
        limit ${limit}::int`,
    ),
  ]);
  return {
    claimed: claimed.events,
    claimedAll: claimed.all,
    produced: produced.events,
    producedAll: produced.all,
  };
}
