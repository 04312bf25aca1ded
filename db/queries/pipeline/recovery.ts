import type { Sql } from "../../client.ts";

/** Failed runs of a job whose error has this code, and that still answer for a partition; oldest first. */
export async function selectRunsFailedWith(sql: Sql, jobId: string, code: string): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    select id from barline.runs
    where state = 'failed' and job_id = ${jobId}::text and error ->> 'code' = ${code}::text
      and exists (select 1 from barline.run_partitions where run_id = runs.id)
    order by id`;
  return rows.map((row) => row.id);
}
