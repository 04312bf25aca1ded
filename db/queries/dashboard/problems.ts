import type { Sql } from "../../client.ts";

/** An error as the orchestrator keeps it. */
export type KeptError = { name: string; message: string; advice?: string };

/** A run that failed, for lists of what needs somebody. */
export type Problem = {
  id: number;
  jobId: string;
  partition: string | null;
  partitionTo: string | null;
  error: KeptError | null;
  finishedAt: Date | null;
};

/** The last runs that failed and still answer for what they failed at. */
export function selectProblems(sql: Sql, limit: number): Promise<Problem[]> {
  return sql<Problem[]>`
    select
      id,
      job_id as "jobId",
      partition,
      partition_to as "partitionTo",
      error,
      finished_at as "finishedAt"
    from barline.runs
    where
      state = 'failed'
      and (partition is null or exists (select from barline.run_partitions where run_id = runs.id))
    order by finished_at desc nulls last
    limit ${limit}::int`;
}

/** The latest refusal of the API key that no later success of the job has answered; null where there is none. */
export async function selectKeyRefusal(sql: Sql, jobId: string): Promise<Problem | null> {
  const rows = await sql<Problem[]>`
    select
      id,
      job_id as "jobId",
      partition,
      partition_to as "partitionTo",
      error,
      finished_at as "finishedAt"
    from barline.runs as refused
    where
      state = 'failed'
      and job_id = ${jobId}::text
      and error ->> 'name' = 'PermanentError'
      and starts_with(error ->> 'message', 'The market API refused the key')
      and not exists (
        select
        from barline.runs as later
        where later.job_id = refused.job_id and later.state = 'success' and later.finished_at > refused.finished_at
      )
    order by finished_at desc
    limit 1`;
  return rows[0] ?? null;
}
