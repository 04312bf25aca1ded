import type { Sql, TransactionSql } from "../../client.ts";
import { adoptSnapshot } from "../../snapshot.ts";

/** The server's number for the connection of a transaction. */
async function selectBackend(transaction: TransactionSql): Promise<number> {
  const [row] = await transaction<{ pid: number }[]>`select pg_backend_pid() as pid`;
  return row?.pid ?? 0;
}

/** Ends the statement that a connection is at; nothing happens where it is at none. */
async function cancelBackend(sql: Sql, pid: number): Promise<void> {
  await sql`select pg_cancel_backend(${pid}::int)`;
}

const cancelAgainMs = 200;

/**
 * Runs a transaction that ends as soon as `signal` fires: the server cancels the statement under way, or the next one where
 * the signal comes between two, and nothing of it stays. `mode` is what BEGIN is told of it, and `snapshot` one that another transaction exported, which this one reads too.
 */
export async function beginCancellable<T>(
  sql: Sql,
  signal: AbortSignal,
  work: (transaction: TransactionSql) => Promise<T>,
  mode = "",
  snapshot?: string,
): Promise<T> {
  const answer = await sql.begin(mode, async (transaction) => {
    if (snapshot !== undefined) await adoptSnapshot(transaction, snapshot);
    const pid = await selectBackend(transaction);
    let cancelling = Promise.resolve();
    let timer: Timer | undefined;
    const cancel = () => {
      cancelling = cancelBackend(sql, pid).catch(() => {});
      timer = setTimeout(cancel, cancelAgainMs);
    };
    signal.addEventListener("abort", cancel, { once: true });
    try {
      signal.throwIfAborted();
      const made = await work(transaction);
      signal.throwIfAborted();
      return [made] as const;
    } finally {
      signal.removeEventListener("abort", cancel);
      clearTimeout(timer);
      // Before the connection serves somebody else, whom a late cancellation would meet.
      await cancelling;
    }
  });
  return (answer as unknown as readonly [T])[0];
}
