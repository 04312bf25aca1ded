import type { Sql, TransactionSql } from "../../client.ts";

/** What a run landed in the lake: its manifest, and the bytes and answers that the manifest lists. */
export type Landing = { runId: number; manifest: string; bytes: number; objects: number };

export type LandingFilter = {
  /** The job that lands, and the one that reads what landed. */
  jobId: string;
  readerId: string;
  /** Only of runs that ended before. */
  before: Date;
  /** Also where no later landing took their place: then nothing can be made again from raw. */
  withNewest: boolean;
};

/** A condition: everything that `run` recorded has been read by a run that ended well. Events that are gone were. */
const isRead = (sql: Sql | TransactionSql, run: string, readerId: string) => sql`
  not exists (
    select from barline.dataset_events events
    left join barline.event_claims claims on claims.job_id = ${readerId}::text and claims.event_id = events.id
    left join barline.runs readers on readers.id = claims.run_id
    where events.run_id = ${sql(run)}.id and readers.state is distinct from 'success')`;

/** A condition: `run` landed later than the run `landed`, and what it landed is there and has been read. */
const replaces = (sql: Sql | TransactionSql, run: string, readerId: string) => sql`(
  ${sql(run)}.id <> landed.id and ${sql(run)}.state = 'success' and ${sql(run)}.finished_at > landed.finished_at
  and ${sql(run)}.summary ? 'manifest' and not ${sql(run)}.summary ? 'rawRemoved' and ${isRead(sql, run, readerId)})`;

/**
 * A condition on `barline.runs as landed`. The newest landing of a session stays unless it is asked for: a later one
 * has to have been read as well, of its own run or of a recheck. One that named tickers is never replaced by another. A
 * landing also stays while a run of its dates is queued or running, or one that landed earlier could not be read yet.
 */
const isRemovable = (sql: Sql | TransactionSql, filter: LandingFilter) => sql`
  landed.job_id = ${filter.jobId}::text and landed.state = 'success' and landed.finished_at < ${filter.before}::timestamptz
  and landed.summary ? 'manifest' and not landed.summary ? 'rawRemoved' and ${isRead(sql, "landed", filter.readerId)}
  and not exists (
    select from barline.runs others
    where others.job_id = landed.job_id and others.id <> landed.id
      and others.partition <= coalesce(landed.partition_to, landed.partition)
      and coalesce(others.partition_to, others.partition) >= landed.partition
      and (others.state in ('queued', 'running') or not ${isRead(sql, "others", filter.readerId)}))
  and (${filter.withNewest}::boolean or not landed.parameters ? 'tickers' and (
    -- All of its sessions, of which there has to be one: without anybody who answers for it, it is the newest itself.
    select bool_and(${replaces(sql, "holders", filter.readerId)} or exists (
      select from barline.runs rechecks
      where rechecks.job_id = landed.job_id and rechecks.parameters ? 'recheck' and not rechecks.parameters ? 'tickers'
        and held.partition between rechecks.partition and coalesce(rechecks.partition_to, rechecks.partition)
        and ${replaces(sql, "rechecks", filter.readerId)}))
    from barline.run_partitions held join barline.runs holders on holders.id = held.run_id
    where held.job_id = landed.job_id
      and held.partition between landed.partition and coalesce(landed.partition_to, landed.partition)))`;

const landingColumns = (sql: Sql | TransactionSql) => sql`
  landed.id as "runId", landed.summary ->> 'manifest' as manifest,
  coalesce((landed.summary ->> 'bytes')::bigint, 0) as bytes, coalesce((landed.summary ->> 'calls')::int, 0) as objects`;

/** Landings that may go, after the run `after`, oldest first. */
export async function selectOldLandings(
  sql: Sql | TransactionSql,
  filter: LandingFilter,
  after: number,
  limit: number,
): Promise<Landing[]> {
  return await sql<Landing[]>`
    select ${landingColumns(sql)} from barline.runs landed
    where landed.id > ${after}::bigint and ${isRemovable(sql, filter)} order by landed.id limit ${limit}::int`;
}

/** Objects and bytes of the landings that may go. */
export async function countOldLandings(sql: Sql, filter: LandingFilter): Promise<{ objects: number; bytes: number }> {
  const [row] = await sql<{ objects: number; bytes: number }[]>`
    select coalesce(sum(objects), 0)::int as objects, coalesce(sum(bytes), 0)::bigint as bytes
    from (select ${landingColumns(sql)} from barline.runs landed where ${isRemovable(sql, filter)}) as old`;
  return row ?? { objects: 0, bytes: 0 };
}

/** Whether one landing may still go, under the lock of its job: until the transaction ends, no run of it begins. */
export async function isStillRemovable(
  transaction: TransactionSql,
  filter: LandingFilter,
  runId: number,
): Promise<boolean> {
  const rows = await transaction`
    select from barline.runs landed where landed.id = ${runId}::bigint and ${isRemovable(transaction, filter)}`;
  return rows.length === 1;
}

/** Manifests that may list the same objects as a run's own: equal answers for the same dates are one object. */
export async function selectManifestsBeside(sql: Sql | TransactionSql, runId: number): Promise<string[]> {
  const rows = await sql<{ manifest: string }[]>`
    select others.summary ->> 'manifest' as manifest
    from barline.runs landed join barline.runs others on others.job_id = landed.job_id and others.id <> landed.id
      and others.partition = landed.partition
      and others.partition_to is not distinct from landed.partition_to
    where landed.id = ${runId}::bigint and others.summary ? 'manifest' and not others.summary ? 'rawRemoved'`;
  return rows.map((row) => row.manifest);
}

/** Says in the run's summary that what it landed is gone, and when it went. */
export async function markRawRemoved(sql: Sql, runId: number, at: Date): Promise<void> {
  await sql`
    update barline.runs set summary = summary || jsonb_build_object('rawRemoved', ${at.toISOString()}::text)
    where id = ${runId}::bigint`;
}
