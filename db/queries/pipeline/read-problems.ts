import type { Sql } from "../../client.ts";
import { stillFailed } from "./read-failures.ts";

/** An error as the orchestrator keeps it. */
export type KeptError = { name: string; message: string; advice?: string; code?: string };

/** A run that failed, for lists of what needs somebody. */
export type Problem = {
  id: number;
  jobId: string;
  partition: string | null;
  partitionTo: string | null;
  error: KeptError | null;
  finishedAt: Date | null;
};

/** A problem, and how many other runs of the job failed in the same words. */
export type SharedProblem = Problem & { alike: number };

/** The last runs that failed and still answer for what they failed at: of those with one error, the latest. */
export function selectProblems(sql: Sql, limit: number): Promise<SharedProblem[]> {
  return sql<SharedProblem[]>`
    select id, "jobId", partition, "partitionTo", error, "finishedAt", alike
    from (
      select
        id,
        job_id as "jobId",
        partition,
        partition_to as "partitionTo",
        error,
        finished_at as "finishedAt",
        (count(*) over same - 1)::int as alike,
        row_number() over (same order by finished_at desc nulls last, id desc) as position
      from barline.runs
      where ${stillFailed(sql)}
      window same as (partition by job_id, error ->> 'message')
    ) as ranked
    where position = 1
    order by "finishedAt" desc nulls last, id desc
    limit ${limit}::int`;
}

/** The latest failure of a job whose error has this code, and that no later success has answered; null where there is none. */
export async function selectProblemWith(sql: Sql, jobId: string, code: string): Promise<Problem | null> {
  const rows = await sql<Problem[]>`
    select
      id,
      job_id as "jobId",
      partition,
      partition_to as "partitionTo",
      error,
      finished_at as "finishedAt"
    from barline.runs as ended
    where
      state = 'failed'
      and job_id = ${jobId}::text
      and error ->> 'code' = ${code}::text
      and not exists (
        select
        from barline.runs as later
        where later.job_id = ended.job_id and later.state = 'success' and later.finished_at > ended.finished_at
      )
    order by finished_at desc
    limit 1`;
  return rows[0] ?? null;
}
