import type { JsonValue, Sql } from "../client.ts";

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

export async function insertLogs(sql: Sql, lines: LogLine[]): Promise<void> {
  await sql`
    insert into barline.task_logs (task_id, try, at, level, message, fields)
    select (line ->> 'taskId')::bigint, (line ->> 'try')::int, (line ->> 'at')::timestamptz, line ->> 'level',
      line ->> 'message', nullif(line -> 'fields', 'null'::jsonb)
    from jsonb_array_elements(${sql.json(lines)}::jsonb) as line`;
}
