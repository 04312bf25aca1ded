import type { Sql } from "../../client.ts";

/** Failed runs of a job whose error begins with `words`, and that still answer for a partition; oldest first. */
export async function selectRunsFailedWith(sql: Sql, jobId: string, words: string): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    select id from barline.runs
    where state = 'failed' and job_id = ${jobId}::text and starts_with(error ->> 'message', ${words}::text)
      and exists (select 1 from barline.run_partitions where run_id = runs.id)
    order by id`;
  return rows.map((row) => row.id);
}
