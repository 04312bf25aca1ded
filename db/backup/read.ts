import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openPool, type TransactionSql } from "../client.ts";
import { findMigrationFault, migrateDatabase } from "../migrate.ts";
import { prepareBackupSession } from "./catalog.ts";
import { BackupError, type BackupReader, describePart } from "./frames.ts";
import type { BackupHeader, BackupTable, BackupView } from "./header.ts";
import { dropEverything, isEmptyDatabase } from "./target.ts";

/** What a restore is told, and tells. */
export type RestoreTask = {
  reader: BackupReader;
  /** Told of each table that has its rows again, with their bytes as text. */
  onTable(name: string, size: number, place: { index: number; of: number }): void;
  /** Told of views that the server refused; the next build makes those of the project again. */
  onViewsRefused(names: string[]): void;
  /** Takes an object of the lake. */
  onObject(key: string, bytes: Uint8Array): Promise<void>;
};

/** Refuses ({@link BackupError}) the backup of a newer version, whose tables are not known here. */
export function requireKnownVersion({ version, migrations }: BackupHeader): void {
  const misfit = findMigrationFault(migrations);
  if (misfit) throw new BackupError(`This backup was written by Barline ${version}: ${misfit}.`);
}

/**
 * Brings an empty database to where the backup was, then to this version's tables. Throws {@link BackupError} where the backup does
 * not fit; whatever goes wrong, the database is empty again.
 */
export async function restoreTables(url: string, task: RestoreTask): Promise<void> {
  const { header } = task.reader;
  const sql = openPool(url, "work", { max: 1, name: "barline restore" });
  try {
    if (!(await isEmptyDatabase(sql)))
      throw new BackupError("The database is not empty. Restore into an empty one, or into a DATA_DIR of its own.");
    try {
      await migrateDatabase(url, { count: header.migrations.count });
      await sql.begin((transaction) => fill(transaction, task));
      await migrateDatabase(url);
    } catch (error) {
      await dropEverything(sql);
      throw error;
    }
  } finally {
    await sql.end();
  }
}

async function fill(transaction: TransactionSql, task: RestoreTask): Promise<void> {
  const { header, parts } = task.reader;
  await prepareBackupSession(transaction);
  const migrated = new Set(await emptyTables(transaction));
  const tables = new Map(header.tables.map((table) => [`${table.schema}.${table.name}`, table]));
  let index = 0;
  for await (const { part, bytes } of parts) {
    if (part.kind === "object") {
      await task.onObject(part.key, Buffer.concat(await Array.fromAsync(bytes)));
      continue;
    }
    const name = describePart(part);
    const table = tables.get(name);
    if (!table) throw new BackupError(`The backup has rows of ${name}, and does not tell what table that is.`);
    const isNew = !migrated.has(name);
    if (isNew) await createTable(transaction, table);
    const size = await copyIn(transaction, table, bytes);
    if (isNew) await run(transaction, table.finish);
    task.onTable(name, size, { index: index++, of: tables.size });
  }
  await enableTriggers(transaction, [...migrated]);
  for (const { schema, name, value } of header.sequences) await setSequence(transaction, `${schema}.${name}`, value);
  const refused = await createViews(transaction, header.views);
  if (refused.length > 0) task.onViewsRefused(refused);
}

/** Takes out what migrations put in, and keeps triggers from answering to rows that they have answered before. Answers the tables. */
async function emptyTables(transaction: TransactionSql): Promise<string[]> {
  const tables = await transaction<{ name: string }[]>`
    select schemaname || '.' || tablename as name from pg_tables where schemaname in ('barline', 'public')`;
  const names = tables.map(({ name }) => name);
  for (const name of names) await transaction`alter table ${transaction(name)} disable trigger user`;
  await transaction`truncate ${transaction(names)}`;
  return names;
}

async function enableTriggers(transaction: TransactionSql, names: string[]): Promise<void> {
  for (const name of names) await transaction`alter table ${transaction(name)} enable trigger user`;
}

async function createTable(transaction: TransactionSql, table: BackupTable): Promise<void> {
  await transaction`create schema if not exists ${transaction(table.schema)}`;
  await run(transaction, [table.create]);
}

/** Statements that the server of the backup wrote, names quoted by it. */
async function run(transaction: TransactionSql, statements: string[]): Promise<void> {
  for (const statement of statements) await transaction`${transaction.unsafe(statement)}`;
}

async function copyIn(
  transaction: TransactionSql,
  { schema, name, columns }: BackupTable,
  bytes: AsyncIterable<Uint8Array>,
): Promise<number> {
  let size = 0;
  async function* counted() {
    for await (const chunk of bytes) {
      size += chunk.byteLength;
      yield chunk;
    }
  }
  const query = transaction`
    copy ${transaction(schema)}.${transaction(name)} (${transaction.unsafe(columns)}) from stdin`;
  const stream = await query.writable();
  // As in a load: a fault after the last byte is told only the query, and who waits for the stream would do so for ever.
  Object.assign(query, { reject: (error: Error) => stream.destroy(error) });
  await pipeline(Readable.from(counted(), { objectMode: false }), stream);
  return size;
}

async function setSequence(transaction: TransactionSql, name: string, value: string): Promise<void> {
  await transaction`select setval(to_regclass(${name}::text), ${value}::text::bigint) where to_regclass(${name}::text) is not null`;
}

/** Makes views until none that is left can be made; answers those. */
async function createViews(transaction: TransactionSql, views: BackupView[]): Promise<string[]> {
  let left = views;
  for (;;) {
    const refused: BackupView[] = [];
    for (const view of left) {
      // One that reads another waits for it.
      await transaction.savepoint((inner) => run(inner, view.statements)).catch(() => refused.push(view));
    }
    if (refused.length === left.length) return refused.map(({ name }) => name);
    left = refused;
  }
}
