import type { JsonValue, Sql } from "../../client.ts";

/** A line of a task's log, and the task that it is of. */
export type LogLine = {
  id: number;
  taskId: number;
  task: string;
  step: number;
  /** The batch's number in a mapped task; 0 in a plain one. */
  batch: number;
  try: number;
  at: Date;
  level: string;
  message: string;
  fields: JsonValue | null;
};

export const logLevels = ["debug", "info", "warn", "error"] as const;
type Level = (typeof logLevels)[number];

/** Which lines of a run's log; null means all. */
export type LogFilter = {
  runId: number;
  taskId: number | null;
  try: number | null;
  /** The lowest level wanted. */
  level: Level | null;
  /** What the message or the fields have to contain, in either case. */
  text: string | null;
};

/** Columns and conditions of a line. Task by task, as one index then finds a run's lines among everybody's. */
const wanted = (sql: Sql, filter: LogFilter) => sql`
  logs.task_id = tasks.id
  and (${filter.try}::int is null or logs.try = ${filter.try}::int)
  and (${filter.level}::text is null
    or array_position(${logLevels}::text[], logs.level) >= array_position(${logLevels}::text[], ${filter.level}::text))
  and (${filter.text}::text is null
    or position(lower(${filter.text}::text) in lower(logs.message || ' ' || coalesce(logs.fields::text, ''))) > 0)`;

const columns = (sql: Sql) => sql`
  line.id, tasks.id as "taskId", tasks.name as task, tasks.step, tasks.map_index as batch, line.try, line.at,
  line.level, line.message, line.fields`;

const tasksOf = (sql: Sql, { runId, taskId }: LogFilter) => sql`
  tasks.run_id = ${runId}::bigint and (${taskId}::bigint is null or tasks.id = ${taskId}::bigint)`;

/** The first `limit` lines after the one with the id `after`, oldest first. */
export async function selectLinesAfter(sql: Sql, filter: LogFilter, after: number, limit: number): Promise<LogLine[]> {
  return await sql<LogLine[]>`
    select ${columns(sql)}
    from barline.tasks
    cross join lateral (
      select * from barline.task_logs as logs
      where ${wanted(sql, filter)} and logs.id > ${after}::bigint
      order by logs.id limit ${limit}::int
    ) as line
    where ${tasksOf(sql, filter)}
    order by line.id limit ${limit}::int`;
}

/** The last `limit` lines before the one with the id `before`, or of all where that is null; oldest first. */
export async function selectLinesBefore(
  sql: Sql,
  filter: LogFilter,
  before: number | null,
  limit: number,
): Promise<LogLine[]> {
  const rows = await sql<LogLine[]>`
    select ${columns(sql)}
    from barline.tasks
    cross join lateral (
      select * from barline.task_logs as logs
      where ${wanted(sql, filter)} and (${before}::bigint is null or logs.id < ${before}::bigint)
      order by logs.id desc limit ${limit}::int
    ) as line
    where ${tasksOf(sql, filter)}
    order by line.id desc limit ${limit}::int`;
  return [...rows].reverse();
}

/**
 * Whether a run is over for so many seconds that no line of it is on its way: what was cancelled may still say something
 * while it is being stopped.
 */
export async function isLogComplete(sql: Sql, runId: number, quietSeconds: number): Promise<boolean> {
  const [row] = await sql<{ over: boolean }[]>`
    select state not in ('queued', 'running')
      and finished_at < now() - ${quietSeconds}::float8 * interval '1 second' as over
    from barline.runs where id = ${runId}::bigint`;
  return row?.over ?? true;
}
