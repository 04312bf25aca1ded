import type { JsonValue, Sql } from "../../client.ts";

/** One thing that somebody did, with what is needed to tell it and to lead to it. */
export type ActionRow = {
  id: number;
  at: Date;
  actor: string;
  via: string;
  kind: string;
  jobId: string | null;
  runId: number | null;
  /** The session of its run, or the first one of a range. */
  partition: string | null;
  partitionTo: string | null;
  taskId: number | null;
  taskName: string | null;
  /** The batch's number in a mapped task; null in a plain one. */
  batch: number | null;
  backfillId: number | null;
  reason: string | null;
  details: JsonValue | null;
};

/** Which actions a list shows; `before` is the id that the last page ended at. */
export type ActionFilter = {
  /** A whole kind such as `run.retry`, or the thing before its dot, such as `run`. */
  kind: string | null;
  actor: string | null;
  jobId: string | null;
  runId: number | null;
  backfillId: number | null;
  before: number | null;
};

/** What somebody did, the newest first. */
export function selectActions(sql: Sql, filter: ActionFilter, limit: number): Promise<ActionRow[]> {
  return sql<ActionRow[]>`
    select
      action.id,
      action.at,
      action.actor,
      action.via,
      action.kind,
      coalesce(action.job_id, run.job_id, backfill.job_id) as "jobId",
      action.run_id as "runId",
      run.partition,
      run.partition_to as "partitionTo",
      action.task_id as "taskId",
      task.name as "taskName",
      case when task.map_index > 0 or exists (
        select from barline.tasks other
        where other.run_id = task.run_id and other.step = task.step and other.map_index > 0
      ) then task.map_index end as batch,
      action.backfill_id as "backfillId",
      action.reason,
      action.details
    from barline.actions action
    left join barline.runs run on run.id = action.run_id
    left join barline.tasks task on task.id = action.task_id
    left join barline.backfills backfill on backfill.id = action.backfill_id
    where
      (${filter.kind}::text is null or ${filter.kind}::text in (action.kind, split_part(action.kind, '.', 1)))
      and (${filter.actor}::text is null or action.actor = ${filter.actor}::text)
      and (
        ${filter.jobId}::text is null
        or ${filter.jobId}::text = coalesce(action.job_id, run.job_id, backfill.job_id)
      )
      and (${filter.runId}::bigint is null or action.run_id = ${filter.runId}::bigint)
      and (${filter.backfillId}::bigint is null or action.backfill_id = ${filter.backfillId}::bigint)
      and (${filter.before}::bigint is null or action.id < ${filter.before}::bigint)
    order by action.id desc
    limit ${limit}::int`;
}

const everything: ActionFilter = { kind: null, actor: null, jobId: null, runId: null, backfillId: null, before: null };

/** More than anybody does to one run or backfill: the lists beside them have no second page. */
const shownBeside = 100;

/** What people did to one run and its tasks, the newest first. */
export const selectActionsOfRun = (sql: Sql, runId: number): Promise<ActionRow[]> =>
  selectActions(sql, { ...everything, runId }, shownBeside);

/** What people did to one backfill, the newest first. */
export const selectActionsOfBackfill = (sql: Sql, backfillId: number): Promise<ActionRow[]> =>
  selectActions(sql, { ...everything, backfillId }, shownBeside);

/** Everybody who ever did something, the latest first. */
export async function selectActors(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ actor: string }[]>`
    select actor from barline.actions group by actor order by max(id) desc limit ${limit}::int`;
  return rows.map(({ actor }) => actor);
}

/** The things that actions were about: the first halves of their kinds, in alphabetical order. */
export async function selectActionThings(sql: Sql): Promise<string[]> {
  const rows = await sql<{ thing: string }[]>`
    select distinct split_part(kind, '.', 1) as thing from barline.actions order by thing`;
  return rows.map(({ thing }) => thing);
}
