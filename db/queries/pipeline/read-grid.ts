import type { Sql } from "../../client.ts";

/** Which runs of a job a grid shows; nulls do not filter. */
export type GridFilter = {
  jobId: string;
  state: string | null;
  trigger: string | null;
  /** First and last partition, inclusive: of the run itself, or of those whose events it claimed. */
  from: string | null;
  to: string | null;
  /** So many: the newest that have begun, and the next that wait. */
  limit: number;
};

export type GridRunRow = {
  id: number;
  state: string;
  trigger: string;
  backfillId: number | null;
  partition: string | null;
  partitionTo: string | null;
  /** Milliseconds since 1970: making a Date of thousands of texts takes longer than the query. */
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
};

/**
 * Runs, newest first. Of those that wait only the next fifth has a place before those that have begun: a backfill makes thousands
 * at once, and begins with the oldest.
 */
export function selectGridRuns(sql: Sql, filter: GridFilter): Promise<GridRunRow[]> {
  const { limit } = filter;
  return sql<GridRunRow[]>`
    with begun as (
      select id from barline.runs where ${matches(sql, filter)} and state <> 'queued' order by id desc limit ${limit}::int
    ), waiting as (
      select id, row_number() over (order by id) > ${limit}::int / 5 as is_spare
      from barline.runs where ${matches(sql, filter)} and state = 'queued' order by id limit ${limit}::int
    )
    select
      id,
      state,
      trigger,
      backfill_id as "backfillId",
      partition,
      partition_to as "partitionTo",
      round(date_part('epoch', created_at) * 1000) as "createdAt",
      round(date_part('epoch', started_at) * 1000) as "startedAt",
      round(date_part('epoch', finished_at) * 1000) as "finishedAt"
    from barline.runs
    where id in (
      select id
      from (select id, false as is_spare from begun union all select id, is_spare from waiting) as found
      order by is_spare, id desc
      limit ${limit}::int
    )
    order by id desc`;
}

/** One step of one run: its batches counted, and the state among them that says most. */
export type GridCellRow = {
  runId: number;
  step: number;
  state: GridCellState;
  done: number;
  total: number;
  /** From the first batch's start to the last one's end so far; null before any has ended. */
  ms: number | null;
};

/** `waiting`: cleared, until an earlier step has run again. */
type GridCellState = "failed" | "running" | "queued" | "cancelled" | "waiting" | "success";

/** What says most comes first; the statement numbers the states in this order. */
const byWeight: readonly GridCellState[] = ["failed", "running", "queued", "cancelled", "waiting", "success"];

type CellColumns = Record<"runIds" | "steps" | "states" | "done" | "total" | "ms", string | null>;

/**
 * The steps of runs, in no order. They come as one row with a list for each column: as rows, the
 * driver would make 45,000 strings of the cells of 2,500 runs, and keep everybody else waiting for 5 ms instead of one.
 */
export async function selectGridCells(sql: Sql, runIds: number[]): Promise<GridCellRow[]> {
  const [columns] = await sql<CellColumns[]>`
    select
      array_agg(run_id)::text as "runIds",
      array_agg(step)::text as steps,
      array_agg(worst)::text as states,
      array_agg(done)::text as done,
      array_agg(total)::text as total,
      array_agg(ms)::text as ms
    from (
      select
        run_id,
        step,
        min(
          case state
            when 'success' then 5 when 'failed' then 0 when 'running' then 1 when 'queued' then 2 when 'cancelled' then 3
            else 4
          end
        ) as worst,
        count(*) filter (where state = 'success') as done,
        count(*) as total,
        round(date_part('epoch', max(finished_at) - min(started_at)) * 1000) as ms
      from barline.tasks
      where run_id = any(${runIds}::bigint[])
      group by run_id, step
    ) as cells`;
  return columns ? toCells(columns) : [];
}

/** A PostgreSQL array of numbers in its text form, `{1,2,NULL}`. */
const numbersOf = (text: string | null): (number | null)[] =>
  text === null
    ? []
    : text
        .slice(1, -1)
        .split(",")
        .map((item) => (item === "NULL" ? null : Number(item)));

function toCells(columns: CellColumns): GridCellRow[] {
  const steps = numbersOf(columns.steps);
  const states = numbersOf(columns.states);
  const done = numbersOf(columns.done);
  const total = numbersOf(columns.total);
  const ms = numbersOf(columns.ms);
  return numbersOf(columns.runIds).map((runId, index) => {
    const state = byWeight[states[index] ?? 0] ?? "failed";
    const finished = done[index] ?? 0;
    return {
      runId: runId ?? 0,
      step: steps[index] ?? 0,
      // Between two batches nothing runs for a moment, but the step is under way.
      state: state === "queued" && finished > 0 ? "running" : state,
      done: finished,
      total: total[index] ?? 0,
      ms: ms[index] ?? null,
    };
  });
}

export type GridClaimsRow = { runId: number; events: number; first: string | null; last: string | null };

/** How many events each of the runs claimed, and the partitions at the origin of those events. */
export function selectGridClaims(sql: Sql, runIds: number[]): Promise<GridClaimsRow[]> {
  return sql<GridClaimsRow[]>`
    with claimed as materialized (
        select claims.run_id, claims.event_id, producers.id as producer, producers.partition, producers.partition_to
        from unnest(${runIds}::bigint[]) as picked (id)
        inner join barline.event_claims as claims on claims.run_id = picked.id
        inner join barline.dataset_events as events on events.id = claims.event_id
        inner join barline.runs as producers on producers.id = events.run_id
      )
    select
      claimed.run_id as "runId",
      count(distinct claimed.event_id)::int as events,
      min(coalesce(claimed.partition, origins.partition)) as first,
      max(coalesce(claimed.partition_to, claimed.partition, origins.partition_to, origins.partition)) as last
    from claimed
    -- A load covers no partition itself: those that its own events came from count for who listens to it.
    left join barline.event_claims as earlier on earlier.run_id = claimed.producer and claimed.partition is null
    left join barline.dataset_events as first_events on first_events.id = earlier.event_id
    left join barline.runs as origins on origins.id = first_events.run_id
    group by claimed.run_id`;
}

/** The conditions on `runs`, with as few as the filter asks for: an unused one would still cost the plan its index. */
function matches(sql: Sql, { jobId, state, trigger, from, to }: GridFilter) {
  return sql`
    job_id = ${jobId}::text
    ${state === null ? sql`` : sql`and state = ${state}::text`}
    ${trigger === null ? sql`` : sql`and trigger = ${trigger}::text`}
    ${from === null && to === null ? sql`` : sql`and ${covers(sql, from ?? "0000", to ?? "9999")}`}`;
}

/** Whether a run, or one whose events it claimed at first or second hand, covers a partition of the range. */
function covers(sql: Sql, from: string, to: string) {
  return sql`(
    (partition <= ${to}::text and coalesce(partition_to, partition) >= ${from}::text)
    or (partition is null and exists (
      select
      from barline.event_claims as claims
      inner join barline.dataset_events as events on events.id = claims.event_id
      inner join barline.runs as producers on producers.id = events.run_id
      where claims.run_id = runs.id and (
        (producers.partition <= ${to}::text and coalesce(producers.partition_to, producers.partition) >= ${from}::text)
        or (producers.partition is null and exists (
          select
          from barline.event_claims as earlier
          inner join barline.dataset_events as first_events on first_events.id = earlier.event_id
          inner join barline.runs as origins on origins.id = first_events.run_id
          where earlier.run_id = producers.id
            and origins.partition <= ${to}::text
            and coalesce(origins.partition_to, origins.partition) >= ${from}::text
        ))
      )
    ))
  )`;
}
