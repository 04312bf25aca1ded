import { seeAllServers } from "../all-servers.ts";
import type { Sql, TransactionSql } from "../client.ts";
import { areBarsDistributed } from "../distribution/cluster.ts";
import { lockKeys } from "../locks.ts";
import {
  prepareBackupSession,
  selectBackupTables,
  selectBackupViews,
  selectMigrations,
  selectSequences,
  selectUnknownTables,
} from "./catalog.ts";
import type { BackupWriter } from "./frames.ts";
import type { BackupHeader, BackupTable } from "./header.ts";

/** What a backup is told, and tells. */
export type BackupTask = {
  /** Begins the file, once it is known what comes. */
  begin(header: Omit<BackupHeader, "format" | "version" | "writtenAt" | "lake">): Promise<BackupWriter>;
  /** Told of each table that is written, with the bytes of its rows before they were packed. */
  onTable(table: BackupTable, size: number, place: { index: number; of: number }): void;
  /** Told of tables that another database could not hold. */
  onLeftOut(names: string[]): void;
};

/**
 * Writes every table as it was at one moment; who works on the database is not held up, but for a build of the models, which would
 * exchange tables meanwhile, and waits. `sql` holds one connection.
 */
export async function writeTables(sql: Sql, task: BackupTask): Promise<BackupWriter> {
  // Before the snapshot is taken: one that was older than the build that is waited for would see tables that are gone.
  await sql`select pg_advisory_lock(${lockKeys.build}::bigint)`;
  let writer: BackupWriter | undefined;
  try {
    const isDistributed = await areBarsDistributed(sql);
    if (isDistributed) await sql`select pg_advisory_lock(${lockKeys.rawTables}::bigint)`;
    return await sql.begin("isolation level repeatable read read only", async (transaction) => {
      await prepareBackupSession(transaction);
      if (isDistributed) {
        await seeAllServers(transaction);
        // Loads, which waited, go on.
        await transaction`select pg_advisory_unlock(${lockKeys.rawTables}::bigint)`;
      }
      const tables = await selectBackupTables(transaction);
      const unknown = await selectUnknownTables(transaction);
      if (unknown.length > 0) task.onLeftOut(unknown);
      const file = await task.begin({
        migrations: await selectMigrations(transaction),
        tables,
        views: await selectBackupViews(transaction),
        sequences: await selectSequences(transaction),
      });
      writer = file;
      for (const [index, table] of tables.entries()) {
        const { schema, name } = table;
        const size = await file.part({ kind: "table", schema, name }, copyOut(transaction, table));
        task.onTable(table, size, { index, of: tables.length });
      }
      return file;
    });
  } catch (error) {
    writer?.abandon();
    throw error;
  } finally {
    await sql`select pg_advisory_unlock(${lockKeys.rawTables}::bigint)`.catch(() => {});
    await sql`select pg_advisory_unlock(${lockKeys.build}::bigint)`.catch(() => {});
  }
}

async function* copyOut(
  transaction: TransactionSql,
  { schema, name, columns }: BackupTable,
): AsyncGenerator<Uint8Array> {
  const stream = await transaction`
    copy ${transaction(schema)}.${transaction(name)} (${transaction.unsafe(columns)}) to stdout`.readable();
  yield* stream;
  // The driver halts its socket while the stream is full and lets it go on where the stream asks for more, which one at its end
  // never does: the next statement would wait for ever.
  stream._read(0);
}
