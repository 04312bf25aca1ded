import type { Sql, TransactionSql } from "../../client.ts";

/**
 * Runs whose claimed events may all go: they ended well, long ago. All of a run's events or none, so that a run that
 * is cleared or retried finds either everything that it once read or is refused. An event stays
 * - while another job waits for it or has claimed it, or the run that recorded it is at work again;
 * - where its run answers for a partition: it tells how far that partition has come, and is its newest landing;
 * - while an earlier event of the same dates is there: should that one be loaded late, this one says that it is outdated.
 */
const settledClaimers = (sql: Sql | TransactionSql, before: Date) => sql`
  runs.state = 'success' and runs.finished_at < ${before}::timestamptz
  and exists (select from barline.event_claims where run_id = runs.id)
  and not exists (
    select from barline.event_claims mine
    join barline.dataset_events events on events.id = mine.event_id
    join barline.runs producers on producers.id = events.run_id
    where mine.run_id = runs.id and (
      producers.state in ('queued', 'running')
      or exists (select from barline.run_partitions held where held.run_id = events.run_id)
      or exists (
        select from barline.jobs join barline.pending_events waiting
          on waiting.job_id = jobs.id and waiting.event_id = events.id)
      or exists (
        select from barline.jobs join barline.event_claims others
          on others.job_id = jobs.id and others.event_id = events.id
        where others.run_id <> runs.id)
      or exists (
        select from barline.dataset_events earlier
        where earlier.dataset = events.dataset and earlier.id < events.id
          and earlier.payload ->> 'from' <= events.payload ->> 'to'
          and earlier.payload ->> 'to' >= events.payload ->> 'from'
          and not exists (
            select from barline.event_claims same where same.run_id = runs.id and same.event_id = earlier.id))))`;

/** Removes the events of up to `size` such runs, with their claims. Answers how many, and of how many runs. */
export async function removeEvents(sql: Sql, before: Date, size: number): Promise<{ runs: number; events: number }> {
  return (await sql.begin(async (transaction) => {
    // Locked, so that nobody retries or clears one of them in between: that too begins with the run's lock.
    const rows = await transaction<{ id: number }[]>`
      select id from barline.runs where ${settledClaimers(transaction, before)}
      order by id limit ${size}::int for update skip locked`;
    if (rows.length === 0) return { runs: 0, events: 0 };
    const claims = await transaction<{ eventId: number }[]>`
      delete from barline.event_claims where run_id = any (${rows.map((row) => row.id)}::bigint[])
      returning event_id as "eventId"`;
    await transaction`
      delete from barline.dataset_events where id = any (${claims.map((claim) => claim.eventId)}::bigint[])`;
    return { runs: rows.length, events: claims.length };
  })) as { runs: number; events: number };
}

/** How many events would go at first; removing them may set others free. */
export async function countOldEvents(sql: Sql, before: Date, most: number): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from (
      select from barline.event_claims
      where run_id in (select id from barline.runs where ${settledClaimers(sql, before)}) limit ${most}::int) as old`;
  return row?.count ?? 0;
}
