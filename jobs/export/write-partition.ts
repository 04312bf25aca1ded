import type { TransactionSql } from "../../db/client.ts";
import { copyRows, type RowsOrdered, selectStarts } from "../../db/queries/market/read-export.ts";
import { sha256Hex } from "../lake/store.ts";
import { readCopyBatches } from "../parquet/copy-batches.ts";
import { batchRows, usualRowGroupRows, writeParquet } from "../parquet/write.ts";
import { type ExportFile, type ExportPartition, MARTS, type TableManifest } from "./manifest.ts";
import type { ExportColumn, ExportTable } from "./tables.ts";
import type { ExportWork, PartitionPlan, Readers } from "./types.ts";

/** Some tens of megabytes of the widest table. */
const usualFileRows = 2 * usualRowGroupRows;
/** How many rows of a file are read from one collection of garbage to the next. */
const collectRows = usualRowGroupRows / 2;

export type PartitionWork = ExportWork & {
  readers: Readers;
  table: ExportTable;
  columns: readonly ExportColumn[];
  before: TableManifest | undefined;
  /** In the names of new files. */
  stamp: string;
};

/** Writes a partition to new files, unless it is known for the one that was written before; a file with the same bytes is that one. */
export async function writePartition(work: PartitionWork, plan: PartitionPlan): Promise<ExportPartition> {
  const known = work.before?.partitions.find(({ year }) => year === plan.year);
  if (known && known.version !== null && known.version === plan.version) return known;
  const { log, table } = work;
  const files = await writeFiles(work, plan, known?.files ?? []);
  const sum = (field: "rows" | "bytes") => files.reduce((total, file) => total + file[field], 0);
  if (plan.rows !== null && sum("rows") !== plan.rows)
    throw new Error(`${table.name} has ${plan.rows} rows of ${plan.year}, of which ${sum("rows")} were read.`);
  const written = files.filter(({ key }) => !known?.files.some((file) => file.key === key)).length;
  log.info("wrote a partition", {
    table: table.name,
    year: plan.year,
    rows: sum("rows"),
    bytes: sum("bytes"),
    written,
  });
  return { year: plan.year, rows: sum("rows"), bytes: sum("bytes"), files, version: plan.version };
}

/** Each reader takes the next file that none has taken. Answers when all have ended, though one has failed. */
async function writeFiles(work: PartitionWork, plan: PartitionPlan, known: ExportFile[]): Promise<ExportFile[]> {
  const { readers } = work;
  const starts = await findStarts(work, plan);
  const files: ExportFile[] = [];
  let next = 0;
  let hasFailed = false;
  const writeSome = async (reader: TransactionSql) => {
    try {
      for (let index = next++; index <= starts.length && !hasFailed; index = next++)
        files[index] = await reader.savepoint((savepoint) =>
          writeFile(work, savepoint, { plan, index, starts, known }),
        );
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  };
  for (const ended of await Promise.allSettled(readers.map(writeSome)))
    if (ended.status === "rejected") throw ended.reason;
  return files;
}

/** Where the files of a year begin but the first. A table that is not in years is one file. */
async function findStarts(work: PartitionWork, { year, rows }: PartitionPlan): Promise<string[]> {
  const { readers, table, fileRows = usualFileRows } = work;
  if (rows === null || rows <= fileRows) return [];
  return await readers[0].savepoint((savepoint) => selectStarts(savepoint, ordered(table, year), fileRows));
}

const ordered = ({ name, order, yearOf }: ExportTable, year: number | null): RowsOrdered => ({
  relation: name,
  order,
  year: yearOf === null || year === null ? null : { date: yearOf, year },
});

type FileWork = { plan: PartitionPlan; index: number; starts: string[]; known: ExportFile[] };

async function writeFile(
  work: PartitionWork,
  reader: TransactionSql,
  { plan: { year }, index, starts, known }: FileWork,
): Promise<ExportFile> {
  const { table, columns, sql, lake, signal } = work;
  const range = { from: starts[index - 1], before: starts[index] };
  const copied = await copyRows(sql, reader, { ...ordered(table, year), columns, ...range });
  let rows = 0;
  const batches = async function* () {
    for await (const batch of readCopyBatches({ ...copied, columns, capacity: batchRows })) {
      rows += batch.rows;
      yield batch;
      // What the driver read is garbage that the collector would let grow to hundreds of megabytes.
      if (rows % collectRows === 0) Bun.gc(true);
    }
  };
  const options = { columns, rowGroupRows: usualRowGroupRows, table: table.name };
  const bytes = await collect(writeParquet(batches(), options));
  work.progress(rows);
  const sha256 = sha256Hex(bytes);
  const same = known.find((file) => file.sha256 === sha256 && file.rows === rows);
  if (same) return same;
  const folder = year === null ? table.name : `${table.name}/year=${year}`;
  const key = `${MARTS}/${folder}/part-${work.stamp}-${String(index).padStart(4, "0")}.parquet`;
  await lake.put(key, bytes, { contentType: "application/vnd.apache.parquet", signal });
  return { key, rows, bytes: bytes.byteLength, sha256 };
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const list: Uint8Array[] = [];
  for await (const chunk of chunks) list.push(chunk);
  return Buffer.concat(list);
}
