import type { Sql } from "../../client.ts";
import { lockKeys } from "../../locks.ts";

/** Services that one process at a time does the work of; each has a key of its name. */
export type ServiceLock = "drift" | "housekeeping";

/** Takes the lock on the one connection of `sql`; false where somebody else holds it. */
export async function lockService(sql: Sql, service: ServiceLock): Promise<boolean> {
  const [row] = await sql<{ locked: boolean }[]>`
    select pg_try_advisory_lock(${lockKeys[service]}::bigint) as locked`;
  return row?.locked ?? false;
}

export async function unlockService(sql: Sql, service: ServiceLock): Promise<void> {
  await sql`select pg_advisory_unlock(${lockKeys[service]}::bigint)`;
}
