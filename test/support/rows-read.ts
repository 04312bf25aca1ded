import type { Sql } from "../../db/client.ts";

/**
 * How many rows of tables the server read for `work`, which has to ask through what it is given. It says of a plan what a
 * stopwatch would, and says the same on a busy machine.
 */
export async function countRowsRead(sql: Sql, work: (read: Sql) => Promise<unknown>): Promise<number> {
  const read = await sql.reserve();
  try {
    await read`begin`;
    // What a parallel worker reads is counted with that worker, and not with this transaction.
    await read`set local max_parallel_workers_per_gather = 0`;
    // Its counters begin with what the connection has not reported yet of transactions before.
    const before = await rowsSoFar(read);
    await work(read);
    return (await rowsSoFar(read)) - before;
  } finally {
    await read`rollback`;
    read.release();
  }
}

async function rowsSoFar(sql: Sql): Promise<number> {
  const [counted] = await sql<{ rows: number }[]>`
    select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int as rows from pg_stat_xact_user_tables`;
  return counted?.rows ?? 0;
}
