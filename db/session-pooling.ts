import postgres from "postgres";
import { connectionOptions } from "./client.ts";
import { StartError } from "./errors.ts";

/** As many as show what a pooler does. One that hands out fewer is of no use anyway. */
const probes = 3;
const patienceMs = 10_000;

/**
 * Sees to it that a connection keeps its session: locks, settings and prepared statements live there. A pooler in transaction mode
 * lends the server's session to whoever comes next. Throws {@link StartError} where one is in between.
 */
export async function requireSessionPooling(url: string): Promise<void> {
  const open = () =>
    // Without prepared statements, as those fail first there, with a message that tells nobody why.
    postgres({
      ...connectionOptions(url, "barline probe"),
      max: 1,
      prepare: false,
      fetch_types: false,
      idle_timeout: 60,
    });
  const [first, ...others] = Array.from({ length: probes }, open) as [postgres.Sql, ...postgres.Sql[]];
  try {
    const shared = await Promise.race([
      sharesSessions(first, others),
      Bun.sleep(patienceMs).then(() => "late" as const),
    ]);
    if (shared === "late") {
      throw new StartError(
        `DATABASE_URL leads to a pooler that does not give ${probes} connections within ${patienceMs / 1000} s. Barline needs some ` +
          "twenty for itself and two for each of WORKERS: raise the pool's size, or name the server itself.",
      );
    }
    if (shared) {
      throw new StartError(
        "DATABASE_URL leads to a pooler in transaction mode (PgBouncer's pool_mode=transaction, or the like), where locks and settings of a " +
          "session do not survive. Barline needs them: use session mode, often another port, or the address of the server itself.",
      );
    }
  } finally {
    await Promise.all([first, ...others].map((sql) => sql.end({ timeout: 0 })));
  }
}

/** Whether connections that are open at the same time come to the same session, or one of them to several. */
async function sharesSessions(first: postgres.Sql, others: postgres.Sql[]): Promise<boolean> {
  const own = await sessionOf(first);
  for (const other of others) {
    if ((await sessionOf(other)) === own) return true;
    // While the other one keeps a session busy, a pooler would give the first one whichever is free.
    const meanwhile = await other.begin(async (transaction) => {
      await sessionOf(transaction);
      return await sessionOf(first);
    });
    if (meanwhile !== own) return true;
  }
  return false;
}

async function sessionOf(sql: postgres.Sql | postgres.TransactionSql): Promise<number> {
  const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  return row?.pid ?? 0;
}
