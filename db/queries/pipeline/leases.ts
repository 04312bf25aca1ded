import type { Sql, TransactionSql } from "../../client.ts";
import { lockKeys } from "../../locks.ts";

/** A try of a task that is under way. */
export type RunningTry = { taskId: number; number: number };

/** Renews the leases of `held` that are still `owner`'s; the tries that are not among the answers are its own no longer. */
export async function renewLeases(sql: Sql, owner: string, held: RunningTry[], leaseMs: number): Promise<RunningTry[]> {
  // Locked in one order everywhere, so that a cancellation of the same tasks cannot deadlock with it.
  return await sql<RunningTry[]>`
    with mine as (
      select id from barline.tasks
      where state = 'running' and lease_owner = ${owner}::text and id = any (${held.map((one) => one.taskId)}::bigint[])
      order by id for update
    )
    update barline.tasks set lease_expires_at = now() + ${leaseMs}::float8 * interval '1 millisecond'
    from mine where tasks.id = mine.id
    returning tasks.id as "taskId", tries as number`;
}

/**
 * Takes this process's own lock on the connection that `sql` holds; the server frees it when the process dies.
 * It does not wait: where the server still believes in a lost connection of ours, that one shows that we live.
 */
export async function lockProcess(sql: Sql, key: number): Promise<void> {
  await sql`
    select pg_try_advisory_lock(${lockKeys.processClass}::int, ${key}::int)
    where not exists (
      select 1 from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()
        and classid = ${lockKeys.processClass}::int::oid and objid = ${key}::int::oid)`;
}

/** Whether the process of this connection leads: it does from when nobody else does, until it dies. */
export async function leadSchedule(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ leads: boolean }[]>`
    select case
      when exists (
        select from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()
          and classid = ${lockKeys.leaderClass}::int::oid and objid = 0::oid) then true
      else pg_try_advisory_lock(${lockKeys.leaderClass}::int, 0)
    end as leads`;
  return row?.leads ?? false;
}

/**
 * Whether a lease, in the columns of the row at hand, is nobody's any more: it ran out, or a process that is not `self` had it and is
 * gone with its lock. A server that starts again has forgotten all locks: they say nothing of a lease that was not renewed since.
 */
export const isStray = (sql: Sql | TransactionSql, self: string, leaseMs: number) => sql`(
  lease_expires_at < now() or lease_owner <> ${self}::text
  and lease_expires_at - ${leaseMs}::float8 * interval '1 millisecond' > pg_postmaster_start_time()
  and not exists (
    select 1 from pg_locks where locktype = 'advisory' and classid = ${lockKeys.processClass}::int::oid
      and objid = lease_owner::int::oid
      and database = (select oid from pg_database where datname = current_database())))`;

/**
 * Queues again what is held by a process that died (its lock is gone) or went silent (its lease ran out).
 * What `self` knows that it holds is left alone: a database that was away for a while made it late, not lost. What it
 * owns and does not know of, as the answer to its claim was lost on the way, is found by the lease that nobody renews.
 * A task that has been lost five times in a row waits ever longer: it may be what brings its processes down.
 */
export async function recoverTasks(sql: Sql, self: string, held: RunningTry[], leaseMs: number): Promise<number> {
  const rows = await sql`
    with stray as (
      select id from barline.tasks
      where state = 'running' and id <> all (${held.map((one) => one.taskId)}::bigint[])
        and ${isStray(sql, self, leaseMs)}
      for update skip locked
    ), lost as (
      update barline.tasks set state = 'queued', lease_owner = null, lease_expires_at = null, losses = losses + 1,
        available_at = now() + case when losses < 5 then 0 else least(60, 2 ^ (losses - 5)) end * interval '1 second'
      from stray where tasks.id = stray.id
      returning tasks.id, tries
    )
    update barline.tries set state = 'lost', finished_at = now()
    from lost where tries.task_id = lost.id and tries.number = lost.tries
    returning task_id`;
  return rows.length;
}

/** Gives back what `owner` holds when it stops in good order. */
export async function releaseTasks(sql: Sql, owner: string): Promise<void> {
  await sql`
    with released as (
      update barline.tasks set state = 'queued', lease_owner = null, lease_expires_at = null, available_at = now()
      where state = 'running' and lease_owner = ${owner}::text
      returning id, tries
    )
    update barline.tries set state = 'released', finished_at = now()
    from released where tries.task_id = released.id and tries.number = released.tries`;
}
