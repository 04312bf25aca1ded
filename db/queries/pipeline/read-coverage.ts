import type { Sql } from "../../client.ts";

/** How far one partition has come; `loaded` and `published` say what became of the events of its run. */
export type PartitionCoverage = {
  partition: string;
  runId: number;
  state: string;
  backfillId: number | null;
  loaded: boolean;
  published: boolean;
};

/** The jobs in the order in which data passes through them. */
export type Line = { ingest: string; load: string; transform: string };

/**
 * Every partition of the first job from `from` to `to` that has a run, ascending. It counts as loaded when a successful
 * load claimed its event, and as published when a successful transform claimed the load's; a load that changed nothing
 * records no event and leaves nothing to publish.
 */
export function selectCoverage(sql: Sql, line: Line, from: string, to: string): Promise<PartitionCoverage[]> {
  return sql<PartitionCoverage[]>`
    select
      held.partition,
      runs.id as "runId",
      runs.state,
      runs.backfill_id as "backfillId",
      coalesce(downstream.loaded, false) as loaded,
      coalesce(downstream.published, false) as published
    from barline.run_partitions as held
    inner join barline.runs on runs.id = held.run_id
    -- Look-ups by key for each row: joins of sets turn quadratic while the tables are young and without statistics.
    left join lateral (
      select
        bool_or(true) as loaded,
        bool_or(
          not exists (select from barline.dataset_events where run_id = loads.id)
          or exists (
            select
            from barline.dataset_events as made
            inner join barline.event_claims as taken
              on taken.job_id = ${line.transform}::text and taken.event_id = made.id
            inner join barline.runs as transforms on transforms.id = taken.run_id and transforms.state = 'success'
            where made.run_id = loads.id
          )
        ) as published
      from barline.dataset_events as events
      inner join barline.event_claims as claims on claims.job_id = ${line.load}::text and claims.event_id = events.id
      inner join barline.runs as loads on loads.id = claims.run_id and loads.state = 'success'
      where events.run_id = runs.id
    ) as downstream on runs.state = 'success'
    where held.job_id = ${line.ingest}::text and held.partition between ${from}::text and ${to}::text
    order by held.partition`;
}

/** First and last partition of a job that have a run at all; null where there is none. */
export async function selectPartitionRange(sql: Sql, jobId: string): Promise<{ first: string; last: string } | null> {
  const rows = await sql<{ first: string | null; last: string | null }[]>`
    select min(partition) as first, max(partition) as last
    from barline.run_partitions
    where job_id = ${jobId}::text`;
  const range = rows[0];
  return range?.first && range.last ? { first: range.first, last: range.last } : null;
}

/** First and last partition that readers can see (see selectCoverage); null before the first publication. */
export async function selectPublishedRange(sql: Sql, line: Line): Promise<{ first: string; last: string } | null> {
  const rows = await sql<{ first: string | null; last: string | null }[]>`
    with loads as (
      select runs.id
      from barline.runs
      left join barline.dataset_events as events on events.run_id = runs.id
      left join barline.event_claims as claims
        on claims.job_id = ${line.transform}::text and claims.event_id = events.id
      left join barline.runs as transforms on transforms.id = claims.run_id
      where runs.job_id = ${line.load}::text and runs.state = 'success'
      group by runs.id
      having count(events.id) = 0 or bool_or(transforms.state = 'success')
    )
    select min(ingests.partition) as first, max(ingests.partition_to) as last
    from loads
    inner join barline.event_claims as claims on claims.job_id = ${line.load}::text and claims.run_id = loads.id
    inner join barline.dataset_events as events on events.id = claims.event_id
    inner join barline.runs as ingests on ingests.id = events.run_id and ingests.job_id = ${line.ingest}::text`;
  const range = rows[0];
  return range?.first && range.last ? { first: range.first, last: range.last } : null;
}
