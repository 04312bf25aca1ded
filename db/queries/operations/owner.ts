import type { Sql } from "../../client.ts";
import { lockKeys } from "../../locks.ts";

/**
 * Takes, on the one connection of `sql`, the lock of the process that started the embedded server and will stop it.
 * False where another process holds it.
 */
export async function lockEmbeddedServer(sql: Sql): Promise<boolean> {
  const [row] = await sql<
    { locked: boolean }[]
  >`select pg_try_advisory_lock(${lockKeys.embeddedOwner}::bigint) as locked`;
  return row?.locked ?? false;
}
