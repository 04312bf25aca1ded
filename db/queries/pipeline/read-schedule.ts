import type { Sql } from "../../client.ts";

/** How a job's schedule stands: the last partition that it passed over, and how many due ones have no run. */
export type ScheduleStanding = {
  paused: boolean;
  /** Partitions up to this one are left out by catchup; null where none is. */
  after: string | null;
  /** Of `due`, those without a run that the schedule still wants, and those that it passed over. */
  missing: number;
  passedOver: number;
};

/** Counts what of `due` has no run. `passes`: whether the schedule leaves out what lies up to its mark. */
export async function selectScheduleStanding(
  sql: Sql,
  jobId: string,
  due: string[],
  passes: boolean,
): Promise<ScheduleStanding> {
  const rows = await sql<ScheduleStanding[]>`
    with job as (
      select paused, case when ${passes}::boolean then schedule_after end as after
      from barline.jobs where id = ${jobId}::text
    ), bare as (
      select partition from unnest(${due}::text[]) as due (partition)
      where not exists (
        select from barline.run_partitions as held where held.job_id = ${jobId}::text and held.partition = due.partition)
    )
    select
      coalesce((select paused from job), false) as paused,
      (select after from job) as after,
      count(*) filter (where partition > coalesce((select after from job), ''))::int as missing,
      count(*) filter (where partition <= (select after from job))::int as "passedOver"
    from bare`;
  return rows[0] ?? { paused: false, after: null, missing: 0, passedOver: 0 };
}

/** The process that looks at the schedules. */
export type ScheduleLeader = { owner: string; host: string; pid: number; startedAt: Date; heartbeatAt: Date };

/** Who leads; undefined where nobody has said so within `silentMs`: one that was killed cannot take it back. */
export async function selectLeader(sql: Sql, silentMs: number): Promise<ScheduleLeader | undefined> {
  const rows = await sql<ScheduleLeader[]>`
    select owner, host, pid, started_at as "startedAt", heartbeat_at as "heartbeatAt"
    from barline.processes
    where leader and stopped_at is null
      and heartbeat_at > now() - ${silentMs}::float8 * interval '1 millisecond'
    order by heartbeat_at desc
    limit 1`;
  return rows[0];
}
