import type { Sql } from "../../client.ts";

export type BackfillRow = {
  id: number;
  jobId: string;
  state: string;
  from: string;
  to: string;
  reprocess: string;
  plan: unknown;
  createdAt: Date;
  finishedAt: Date | null;
  queued: number;
  running: number;
  success: number;
  failed: number;
  cancelled: number;
};

/** One backfill with its runs counted by state, if there is one with this id. */
export async function findBackfill(sql: Sql, id: number): Promise<BackfillRow | undefined> {
  const [row] = await sql<BackfillRow[]>`
    select
      backfill.id,
      backfill.job_id as "jobId",
      backfill.state,
      backfill.from_partition as "from",
      backfill.to_partition as "to",
      backfill.reprocess,
      backfill.plan,
      backfill.created_at as "createdAt",
      backfill.finished_at as "finishedAt",
      count(*) filter (where run.state = 'queued') as "queued",
      count(*) filter (where run.state = 'running') as "running",
      count(*) filter (where run.state = 'success') as "success",
      count(*) filter (where run.state = 'failed') as "failed",
      count(*) filter (where run.state = 'cancelled') as "cancelled"
    from barline.backfills as backfill
    left join barline.runs as run on run.backfill_id = backfill.id
    where backfill.id = ${id}::bigint
    group by backfill.id`;
  return row;
}
