import { seeAllServers } from "../../db/all-servers.ts";
import { isDistributed, type TransactionSql } from "../../db/client.ts";
import {
  selectRelation,
  selectSnapshotTime,
  selectWrittenYears,
  selectYears,
} from "../../db/queries/market/read-export.ts";
import { beginCancellable } from "../../db/queries/pipeline/cancel.ts";
import { exportSnapshot } from "../../db/snapshot.ts";
import { type ColumnType, DecimalTooNarrowError, nameOfType, widen } from "../parquet/columns.ts";
import {
  type ExportManifest,
  type ExportPartition,
  type NewManifest,
  readCurrent,
  type TableManifest,
} from "./manifest.ts";
import { type ExportColumn, type ExportTable, exportColumns } from "./tables.ts";
import type { ExportWork, Readers } from "./types.ts";
import { writePartition } from "./write-partition.ts";

/**
 * Writes what differs from the build that readers see to new files, all tables from one snapshot of the database, and answers the list of the
 * new build; null where nothing differs, not even when the same rows were written. Nobody sees any of it before it is published.
 */
export async function writeExport(work: ExportWork): Promise<NewManifest | null> {
  const before = await readCurrent(work.lake);
  return await beginReaders(work, async (readers) => {
    const readAt = await selectSnapshotTime(readers[0]);
    // Every try has names of its own: what a killed one wrote is nobody's.
    const stamp = readAt.toISOString().replace(/[-:.]/g, "");
    const tables: Record<string, TableManifest> = {};
    for (const table of work.tables) {
      const written = await writeTable(work, readers, table, { before: before?.tables[table.name], stamp });
      if (written) tables[table.name] = written;
    }
    if (before && Bun.deepEquals(before.tables, tables)) return null;
    // Rows that were all written anew and are the same: it is still that build, whose years are known by other marks now.
    if (before && contentsOf(before.tables) === contentsOf(tables)) return { ...before, tables };
    const digest = new Bun.CryptoHasher("sha256").update(contentsOf(tables)).digest("hex").slice(0, 8);
    return {
      format: "barline export 1",
      build: `${stamp.slice(0, 15)}Z-${digest}`,
      readAt: readAt.toISOString(),
      tables,
    };
  });
}

const oneSnapshot = "isolation level repeatable read read only";

/**
 * Two connections that read the same snapshot: the server works out most columns as they are read, with one processor for each of them.
 * Of several servers there is no such snapshot, and their shards work beside each other.
 */
const beginReaders = <T>({ sql, signal }: ExportWork, write: (readers: Readers) => Promise<T>): Promise<T> =>
  beginCancellable(
    sql,
    signal,
    async (first) => {
      if (isDistributed(sql)) {
        await seeAllServers(first);
        return await write([first]);
      }
      const snapshot = await exportSnapshot(first);
      return await beginCancellable(sql, signal, (second) => write([first, second]), oneSnapshot, snapshot);
    },
    oneSnapshot,
  );

/** Text that is the same for the same rows, whenever and how often they were written. */
const contentsOf = (tables: ExportManifest["tables"]): string =>
  JSON.stringify(
    Object.values(tables)
      // The database, where a list waits to be published, keeps no order of keys.
      .sort((one, other) => (one.table < other.table ? -1 : 1))
      .map(({ table, schema, partitions }) => [
        table,
        schema,
        partitions.map(({ year, files }) => [year, files.map(({ sha256 }) => sha256)]),
      ]),
  );

type TableWork = { before: TableManifest | undefined; stamp: string };

async function writeTable(
  work: ExportWork,
  readers: Readers,
  table: ExportTable,
  { before, stamp }: TableWork,
): Promise<TableManifest | undefined> {
  const relation = await selectRelation(readers[0], table.name);
  if (!relation) return undefined;
  const types = new Map<string, ColumnType>((before?.schema ?? []).map(({ name, is }) => [name, is]));
  const years = await readYears(readers[0], table, relation.tables);
  for (;;) {
    const columns = exportColumns(relation.columns, types);
    const plans = years.map(({ written, ...plan }) => ({
      ...plan,
      version: versionOf(relation.identity, columns, written),
    }));
    try {
      const partitions: ExportPartition[] = [];
      for (const plan of plans)
        partitions.push(await writePartition({ ...work, readers, table, columns, before, stamp }, plan));
      return describeTable(table, relation.description, columns, partitions);
    } catch (error) {
      const wider = error instanceof DecimalTooNarrowError ? widerColumn(columns, error) : undefined;
      if (!wider) throw error;
      work.log.info("a column needs a wider decimal; its table is written anew", {
        table: table.name,
        column: wider.name,
        type: nameOfType(wider.type),
      });
      types.set(wider.name, wider.type);
    }
  }
}

function widerColumn(columns: readonly ExportColumn[], error: DecimalTooNarrowError) {
  const column = columns.find(({ name }) => name === error.column);
  const type = column && widen(column.type, error);
  return type && { name: column.name, type };
}

type Year = { year: number | null; rows: number | null; written: string | null };

/** The partitions, and by what they are known again: of a table that lies in several others, or is small, by nothing but its bytes. */
async function readYears(transaction: TransactionSql, table: ExportTable, sources: string[]): Promise<Year[]> {
  if (table.yearOf === null) return [{ year: null, rows: null, written: null }];
  const [source] = sources;
  if (source !== undefined && sources.length === 1) return await selectWrittenYears(transaction, source, table.yearOf);
  const years = await selectYears(transaction, table.name, table.yearOf);
  return years.map((year) => ({ ...year, written: null }));
}

function versionOf(identity: string, columns: readonly ExportColumn[], written: string | null): string | null {
  if (written === null) return null;
  const said = JSON.stringify([identity, columns, written]);
  return new Bun.CryptoHasher("sha256").update(said).digest("hex").slice(0, 32);
}

function describeTable(
  { name }: ExportTable,
  description: string,
  columns: readonly ExportColumn[],
  partitions: ExportPartition[],
): TableManifest {
  return {
    table: name,
    description,
    rows: partitions.reduce((sum, { rows }) => sum + rows, 0),
    bytes: partitions.reduce((sum, { bytes }) => sum + bytes, 0),
    schema: columns.map((column) => ({
      name: column.name,
      type: nameOfType(column.type),
      is: column.type,
      description: column.description,
    })),
    partitions,
  };
}
