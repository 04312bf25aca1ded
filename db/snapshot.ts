import type { TransactionSql } from "./client.ts";

/** The name by which other transactions can see what this one sees, for as long as it lasts. */
export async function exportSnapshot(transaction: TransactionSql): Promise<string> {
  const [row] = await transaction<[{ name: string }]>`select pg_export_snapshot() as name`;
  return row.name;
}

/** Sees from now on what the transaction sees that exported it; before any query of its own. The statement takes no parameter; the name is the server's own. */
export async function adoptSnapshot(transaction: TransactionSql, snapshot: string): Promise<void> {
  await transaction.unsafe(`set transaction snapshot '${snapshot}'`);
}
