import type { Sql } from "../../client.ts";

/** The jobs in the order in which data passes through them. */
export type Line = { ingest: string; load: string; transform: string };

/**
 * Joins to `landed`, events of the first job, what became of each: `loads`, the run that claimed it; `changed`, the newest event
 * of that; `transforms`, the run that claimed this one. Look-ups by key, one row at a time: joins of sets turn quadratic while
 * the tables are young and without statistics.
 */
export const followLanding = (sql: Sql, line: Line) => sql`
  left join lateral (
    select run_id from barline.event_claims where job_id = ${line.load}::text and event_id = landed.id limit 1
  ) as loading on true
  left join lateral (select id, state from barline.runs where id = loading.run_id limit 1) as loads on true
  left join lateral (
    select id from barline.dataset_events where run_id = loads.id order by id + 0 desc limit 1
  ) as changed on true
  left join lateral (
    select run_id from barline.event_claims where job_id = ${line.transform}::text and event_id = changed.id limit 1
  ) as publishing on true
  left join lateral (select id, state from barline.runs where id = publishing.run_id limit 1) as transforms on true`;

/** Whether a landing that was followed is in the raw tables. */
export const isLoaded = (sql: Sql) => sql`coalesce(loads.state = 'success', false)`;

/** Whether readers see a landing that was followed. A load that changed nothing leaves nothing to publish. */
export const isPublished = (sql: Sql) =>
  sql`coalesce(loads.state = 'success' and (changed.id is null or transforms.state = 'success'), false)`;

/**
 * First and last partition, from `from` on where it is given, that readers can see; null before the first publication. What was
 * published once is seen until what is fetched again has come through, so that any landing counts.
 */
export async function selectPublishedRange(
  sql: Sql,
  line: Line,
  from: string | null,
): Promise<{ first: string; last: string } | null> {
  const rows = await sql<{ first: string | null; last: string | null }[]>`
    select min(ingests.partition) as first, max(ingests.partition_to) as last
    from barline.runs as ingests
    inner join barline.dataset_events as landed on landed.run_id = ingests.id
    ${followLanding(sql, line)}
    where
      ingests.job_id = ${line.ingest}::text
      and (${from}::text is null or ingests.partition_to >= ${from}::text)
      and ${isPublished(sql)}`;
  const range = rows[0];
  return range?.first && range.last ? { first: range.first, last: range.last } : null;
}
