import type { Sql } from "../../client.ts";

/** A run, for the time that it was under way. */
export type TimedRun = {
  id: number;
  jobId: string;
  state: string;
  partition: string | null;
  partitionTo: string | null;
  startedAt: Date;
  finishedAt: Date | null;
};

/** The newest `limit` of the runs that were under way between two instants, the oldest first. */
export async function selectRunsBetween(sql: Sql, from: Date, to: Date, limit: number): Promise<TimedRun[]> {
  const rows = await sql<TimedRun[]>`
    select
      id,
      job_id as "jobId",
      state,
      partition,
      partition_to as "partitionTo",
      started_at as "startedAt",
      finished_at as "finishedAt"
    from barline.runs
    where started_at < ${to}::timestamptz and coalesce(finished_at, 'infinity') >= ${from}::timestamptz
    order by started_at desc, id desc
    limit ${limit}::int`;
  return rows.reverse();
}

/** When the last run that has begun did so; null before there is one. */
export async function selectLastStart(sql: Sql): Promise<Date | null> {
  const [row] = await sql<[{ at: Date | null }]>`select max(started_at) as at from barline.runs`;
  return row.at;
}

/** One try of a task or batch, for the time that it was under way. */
export type TimedTry = {
  taskId: number;
  name: string;
  step: number;
  mapIndex: number;
  number: number;
  state: string;
  startedAt: Date;
  finishedAt: Date | null;
};

/** The first `limit` tries of a run's tasks, the oldest first. */
export function selectTimedTries(sql: Sql, runId: number, limit: number): Promise<TimedTry[]> {
  return sql<TimedTry[]>`
    select
      tasks.id as "taskId",
      tasks.name,
      tasks.step,
      tasks.map_index as "mapIndex",
      tries.number,
      tries.state,
      tries.started_at as "startedAt",
      tries.finished_at as "finishedAt"
    from barline.tasks
    inner join barline.tries on tries.task_id = tasks.id
    where tasks.run_id = ${runId}::bigint
    order by tries.started_at, tasks.id, tries.number
    limit ${limit}::int`;
}
