import type { Sql } from "../../client.ts";
import type { Line } from "./coverage.ts";

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
};

/**
 * Every partition of the first job from `from` to `to` that has a run, ascending, followed through the events to the
 * runs of the other two. Of several events of a run the newest counts: it tells of what was landed last.
 */
export function selectPaths(sql: Sql, line: Line, from: string, to: string): Promise<PartitionPath[]> {
  return sql<PartitionPath[]>`
    select
      held.partition,
      ingests.id as "ingestId",
      ingests.state as "ingestState",
      landed.id is not null as "hasLanded",
      landed.run_id as "loadId",
      landed.state as "loadState",
      changed.id is not null as "hasChanged",
      changed.run_id as "transformId",
      changed.state as "transformState"
    from barline.run_partitions as held
    inner join barline.runs as ingests on ingests.id = held.run_id
    -- Look-ups by key for each row: joins of sets turn quadratic while the tables are young and without statistics.
    left join lateral (
      select events.id, claims.run_id, loads.state
      from barline.dataset_events as events
      left join barline.event_claims as claims on claims.job_id = ${line.load}::text and claims.event_id = events.id
      left join barline.runs as loads on loads.id = claims.run_id
      where events.run_id = held.run_id
      order by events.id desc
      limit 1
    ) as landed on true
    left join lateral (
      select events.id, claims.run_id, transforms.state
      from barline.dataset_events as events
      left join barline.event_claims as claims
        on claims.job_id = ${line.transform}::text and claims.event_id = events.id
      left join barline.runs as transforms on transforms.id = claims.run_id
      where events.run_id = landed.run_id
      order by events.id desc
      limit 1
    ) as changed on true
    where held.job_id = ${line.ingest}::text and held.partition between ${from}::text and ${to}::text
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
