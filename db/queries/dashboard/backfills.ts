import type { JsonValue, Sql } from "../../client.ts";

export type BackfillRow = {
  id: number;
  jobId: string;
  state: string;
  from: string;
  to: string;
  reprocess: string;
  plan: JsonValue;
  createdAt: Date;
  finishedAt: Date | null;
  runs: number;
  queued: number;
  running: number;
  success: number;
  failed: number;
  cancelled: number;
};

/** Backfills, newest first, with their runs counted by state: of one job, or the one of an id. */
export function selectBackfills(
  sql: Sql,
  filter: { jobId: string | null; id: number | null },
  limit: number,
): Promise<BackfillRow[]> {
  return sql<BackfillRow[]>`
    select
      backfills.id,
      backfills.job_id as "jobId",
      backfills.state,
      backfills.from_partition as from,
      backfills.to_partition as to,
      backfills.reprocess,
      backfills.plan,
      backfills.created_at as "createdAt",
      backfills.finished_at as "finishedAt",
      counts.*
    from (
      select *
      from barline.backfills
      where
        (${filter.jobId}::text is null or job_id = ${filter.jobId}::text)
        and (${filter.id}::bigint is null or id = ${filter.id}::bigint)
      order by id desc
      limit ${limit}::int
    ) as backfills
    cross join lateral (
      select
        count(*)::int as runs,
        count(*) filter (where state = 'queued')::int as queued,
        count(*) filter (where state = 'running')::int as running,
        count(*) filter (where state = 'success')::int as success,
        count(*) filter (where state = 'failed')::int as failed,
        count(*) filter (where state = 'cancelled')::int as cancelled
      from barline.runs
      where runs.backfill_id = backfills.id
    ) as counts
    order by backfills.id desc`;
}
