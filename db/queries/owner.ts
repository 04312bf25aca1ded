import type { Sql } from "../client.ts";

const embeddedOwnerLock = 4_207_004;

/**
 * Takes, on the one connection of `sql`, the lock of the process that started the embedded server and will stop it.
 * False where another process holds it.
 */
export async function lockEmbeddedServer(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ locked: boolean }[]>`select pg_try_advisory_lock(${embeddedOwnerLock}::bigint) as locked`;
  return row?.locked ?? false;
}
