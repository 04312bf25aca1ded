import type { Sql } from "../../client.ts";
import type { Line } from "./read-coverage.ts";

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
      transforms.state as "transformState"
    from barline.run_partitions as held
    inner join barline.runs as ingests on ingests.id = held.run_id
    -- Look-ups by key, one row at a time: joins of sets turn quadratic while the tables are young and without
    -- statistics, and for the newest event by its bare id the server would walk back through everybody's events.
    left join lateral (
      select id from barline.dataset_events where run_id = held.run_id order by id + 0 desc limit 1
    ) as landed on true
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
    left join lateral (select id, state from barline.runs where id = publishing.run_id limit 1) as transforms on true
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
