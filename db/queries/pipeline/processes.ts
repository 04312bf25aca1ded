import type { Sql } from "../../client.ts";

export type ProcessIdentity = {
  host: string;
  pid: number;
  version: string;
  workers: number;
  /** Which of web, schedule, work and sweep it does. */
  roles: readonly string[];
};

/** Shows a process that begins, and forgets those that ended more than a week ago. */
export async function registerProcess(sql: Sql, owner: string, identity: ProcessIdentity): Promise<void> {
  const { host, pid, version, workers, roles } = identity;
  await sql`
    with old as (
      delete from barline.processes where heartbeat_at < now() - interval '7 days'
    )
    insert into barline.processes (owner, host, pid, version, workers, roles)
    values (${owner}::text, ${host}::text, ${pid}::int, ${version}::text, ${workers}::int, ${roles}::text[])
    on conflict (owner) do nothing`;
}

/** Shows that a process lives, and whether it leads the schedule: then no other does, whatever one that died had said. */
export async function renewProcess(sql: Sql, owner: string, leader: boolean): Promise<void> {
  await sql`
    with deposed as (
      update barline.processes set leader = false
      where ${leader}::boolean and leader and owner <> ${owner}::text
    )
    update barline.processes set heartbeat_at = now(), leader = ${leader}::boolean where owner = ${owner}::text`;
}

/** Shows that a process stopped in good order. */
export async function endProcess(sql: Sql, owner: string): Promise<void> {
  await sql`
    update barline.processes set leader = false, heartbeat_at = now(), stopped_at = now() where owner = ${owner}::text`;
}

/** The roles that processes have which were heard of within `silentMs` and have not stopped. */
export async function selectLivingRoles(sql: Sql, silentMs: number): Promise<string[]> {
  const rows = await sql<{ role: string }[]>`
    select distinct unnest(roles) as role from barline.processes
    where stopped_at is null and heartbeat_at > now() - ${silentMs}::float8 * interval '1 millisecond'`;
  return rows.map(({ role }) => role);
}
