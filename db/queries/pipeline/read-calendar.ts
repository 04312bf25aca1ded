import type { Sql } from "../../client.ts";
import { followLanding, isLoaded, isPublished, type Line } from "./publication.ts";

/** What became of one partition in each job: the run that answers for it, and those that its events woke. */
export type PartitionPath = {
  partition: string;
  ingestId: number;
  ingestState: string;
  /** Whether the run that answers for it has recorded an event. */
  hasLanded: boolean;
  loadId: number | null;
  loadState: string | null;
  /** Whether the load has recorded one; a load that changed nothing has not. */
  hasChanged: boolean;
  transformId: number | null;
  transformState: string | null;
  /** Whether that landing is in the raw tables, and whether readers see it. */
  isLoaded: boolean;
  isPublished: boolean;
};

/**
 * Every partition of the first job from `from` to `to` that has a run, ascending, followed through the events to the
 * runs of the other two. Of several landings of a run the newest counts: until that one is through, work is left to do.
 */
export function selectPaths(sql: Sql, line: Line, from: string, to: string): Promise<PartitionPath[]> {
  return follow(sql, line, sql`held.partition between ${from}::text and ${to}::text`);
}

/** The same of some partitions only. */
export function selectPathsOf(sql: Sql, line: Line, partitions: string[]): Promise<PartitionPath[]> {
  return follow(sql, line, sql`held.partition = any(${partitions}::text[])`);
}

function follow(sql: Sql, line: Line, isWanted: ReturnType<Sql>): Promise<PartitionPath[]> {
  return sql<PartitionPath[]>`
    select
      held.partition,
      ingests.id as "ingestId",
      ingests.state as "ingestState",
      landed.id is not null as "hasLanded",
      loads.id as "loadId",
      loads.state as "loadState",
      changed.id is not null as "hasChanged",
      transforms.id as "transformId",
      transforms.state as "transformState",
      ${isLoaded(sql)} as "isLoaded",
      ${isPublished(sql)} as "isPublished"
    from barline.run_partitions as held
    inner join barline.runs as ingests on ingests.id = held.run_id
    left join lateral (
      -- By its bare id the server would walk back through everybody's events.
      select id from barline.dataset_events where run_id = held.run_id order by id + 0 desc limit 1
    ) as landed on true
    ${followLanding(sql, line)}
    where held.job_id = ${line.ingest}::text and ${isWanted}
    order by held.partition`;
}

/** The first four characters of each partition that has a run: the years with data, ascending. */
export async function selectYears(sql: Sql, jobId: string): Promise<number[]> {
  // One look into the index for each year, instead of one for each partition.
  const rows = await sql<{ year: number }[]>`
    with recursive years as (
      select left(min(partition), 4) as year from barline.run_partitions where job_id = ${jobId}::text
      union all
      select (
        select left(min(partition), 4) from barline.run_partitions
        where job_id = ${jobId}::text and partition >= (years.year::int + 1)::text
      )
      from years where years.year is not null
    )
    select year::int as year from years where year is not null order by year`;
  return rows.map(({ year }) => year);
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

/** The year of the partition that is at work, or else is to be next; null where none is. */
export async function selectYearAtWork(sql: Sql, jobId: string): Promise<number | null> {
  const rows = await sql<{ year: number }[]>`
    select left(partition, 4)::int as year
    from barline.runs
    where job_id = ${jobId}::text and state in ('queued', 'running') and partition is not null
    order by state = 'running' desc, started_at desc nulls last, priority desc, id
    limit 1`;
  return rows[0]?.year ?? null;
}
