import type { Sql } from "../../client.ts";

/** One figure of how things stand: `name` is the job, or for alerts their kind. */
export type StandingRow = {
  what: "runs" | "tasks" | "events" | "alerts" | "processes";
  name: string;
  state: string;
  count: number;
};

/**
 * How everything stands, for all processes: one statement, of which all but the runs are read from small indexes.
 * A process counts as alive that was heard of within `silentMs`.
 */
export async function selectStanding(sql: Sql, silentMs: number): Promise<StandingRow[]> {
  return await sql<StandingRow[]>`
    select 'runs' as what, job_id as name, state, count(*)::int as count from barline.runs group by job_id, state
    union all
    select 'tasks', job_id, 'queued', count(*)::int from barline.tasks where state = 'queued' group by job_id
    union all
    select 'tasks', job_id, 'running', count(*)::int from barline.tasks where state = 'running' group by job_id
    union all
    select 'events', job_id, 'waiting', count(*)::int from barline.pending_events group by job_id
    union all
    select 'alerts', kind, 'open', count(*)::int from barline.alerts where resolved_at is null group by kind
    union all
    select 'processes', '', 'alive', count(*)::int from barline.processes
    where stopped_at is null and heartbeat_at > now() - ${silentMs}::float8 * interval '1 millisecond'`;
}
