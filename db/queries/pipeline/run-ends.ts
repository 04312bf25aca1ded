import type { Sql } from "../../client.ts";

export type RunEndRow = { state: "success" | "failed" | "cancelled"; seconds: number };

/**
 * How the run ended that a task ended with, and how many seconds it took; undefined where it went on after the task.
 * Both are ended in one transaction, and so at one instant.
 */
export async function selectRunEndedWith(sql: Sql, taskId: number): Promise<RunEndRow | undefined> {
  const [row] = await sql<RunEndRow[]>`
    select runs.state, coalesce(extract(epoch from runs.finished_at - runs.started_at), 0)::float8 as seconds
    from barline.tasks join barline.runs on runs.id = tasks.run_id
    where tasks.id = ${taskId}::bigint and runs.finished_at = tasks.finished_at
      and runs.state in ('success', 'failed', 'cancelled')`;
  return row;
}
