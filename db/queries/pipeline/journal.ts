import type { JsonValue, Sql, TransactionSql } from "../../client.ts";
import { lockKeys } from "../../locks.ts";

export type Progress = { taskId: number; done: number; total: number; unit: string };

export async function updateProgress(sql: Sql, owner: string, progress: Progress[]): Promise<void> {
  await sql`
    update barline.tasks set progress_done = (item ->> 'done')::float8, progress_total = (item ->> 'total')::float8,
      progress_unit = item ->> 'unit'
    from jsonb_array_elements(${sql.json(progress)}::jsonb) as item
    where id = (item ->> 'taskId')::bigint and state = 'running' and lease_owner = ${owner}::text`;
}

export type LogLine = {
  taskId: number;
  try: number;
  at: string;
  level: string;
  message: string;
  fields: Record<string, JsonValue> | null;
};

/** The channel on which processes tell of new log lines: ids of their runs, or `*` for many. */
export const logsChannel = "barline_logs";

/**
 * Writes lines, and tells of them. Their ids are given out under a lock that lasts until the commit, so that ids are seen
 * in their order: who has read up to one will never find a smaller one later. In one statement, as a lost connection
 * between two would leave the lock behind until the server notices.
 */
export async function insertLogs(sql: Sql | TransactionSql, lines: LogLine[]): Promise<void> {
  await sql`
    with ordered as materialized (
      select pg_advisory_xact_lock(${lockKeys.logOrder}::bigint) is not null as held
    ), written as (
      insert into barline.task_logs (task_id, try, at, level, message, fields)
      select (line ->> 'taskId')::bigint, (line ->> 'try')::int, (line ->> 'at')::timestamptz, line ->> 'level',
        line ->> 'message', nullif(line -> 'fields', 'null'::jsonb)
      -- The list comes out of the lock, so that no line is read before it is held.
      from ordered, lateral jsonb_array_elements(case when held then ${sql.json(lines)}::jsonb end) as line
      returning task_id
    ), told as (
      select distinct run_id from barline.tasks where id in (select task_id from written)
    )
    select pg_notify(${logsChannel}::text, case when count(*) > 100 then '*' else string_agg(run_id::text, ',') end)
    from told`;
}
