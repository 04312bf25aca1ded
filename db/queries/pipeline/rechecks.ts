import type { Sql, TransactionSql } from "../../client.ts";

/** The last round of a series of rechecks that was queued; undefined before the first. */
export async function selectRecheckRound(
  sql: Sql | TransactionSql,
  jobId: string,
  series: string,
): Promise<string | undefined> {
  const [row] = await sql<{ round: string }[]>`
    select round from barline.recheck_rounds where job_id = ${jobId}::text and series = ${series}::text`;
  return row?.round;
}

/** Says that a round has been queued. The caller holds the job's lock. */
export async function setRecheckRound(
  transaction: TransactionSql,
  jobId: string,
  series: string,
  round: string,
): Promise<void> {
  await transaction`
    insert into barline.recheck_rounds (job_id, series, round)
    values (${jobId}::text, ${series}::text, ${round}::text)
    on conflict (job_id, series) do update set round = excluded.round, queued_at = excluded.queued_at`;
}
