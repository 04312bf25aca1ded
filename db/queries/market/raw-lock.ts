import type { TransactionSql } from "../../client.ts";
import { lockKeys } from "../../locks.ts";

/**
 * Makes writers of the raw tables go one after the other, to the end of the transaction, and answers the instant that
 * marks this one's rows. Taken under the lock, so that the order of `inserted_at` is the order of commits: a reader who
 * has seen one mark has seen all earlier ones, and may ask for later ones only.
 */
export async function lockRawTables(transaction: TransactionSql): Promise<Date> {
  await transaction`select pg_advisory_xact_lock(${lockKeys.rawTables}::bigint)`;
  const [row] = await transaction<{ at: Date }[]>`select date_trunc('milliseconds', clock_timestamp()) as at`;
  if (!row) throw new Error("The server told no time.");
  return row.at;
}

/** A mark behind `earlier` for more rows of the same transaction, which holds the lock; it has come to pass when this returns. */
export async function nextMark(transaction: TransactionSql, earlier: Date): Promise<Date> {
  const [row] = await transaction<{ at: Date }[]>`
    with waited as materialized (
      select pg_sleep(greatest(0, extract(epoch from ${earlier}::timestamptz + interval '1 ms' - clock_timestamp())))
    )
    select date_trunc('milliseconds', clock_timestamp()) as at from waited`;
  if (!row || row.at <= earlier) throw new Error("The server's clock stands still.");
  return row.at;
}
