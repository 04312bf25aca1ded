import type { TransactionSql } from "../../db/client.ts";
import { copyRows } from "../../db/queries/market/read-export.ts";
import { sha256Hex } from "../lake/store.ts";
import { readCopyBatches } from "../parquet/copy-batches.ts";
import type { RowBatch } from "../parquet/row-batch.ts";
import { batchRows, usualRowGroupRows, writeParquet } from "../parquet/write.ts";
import { type ExportFile, type ExportPartition, MARTS, type TableManifest } from "./manifest.ts";
import type { ExportColumn, ExportTable } from "./tables.ts";
import type { ExportWork, PartitionPlan } from "./types.ts";

/** Some tens of megabytes of the widest table. */
const usualFileRows = 4 * usualRowGroupRows;

export type PartitionWork = ExportWork & {
  transaction: TransactionSql;
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
  const files = await work.transaction.savepoint(async (savepoint) =>
    writeFiles({ ...work, transaction: savepoint }, plan.year, known?.files ?? []),
  );
  const sum = (field: "rows" | "bytes") => files.reduce((total, file) => total + file[field], 0);
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

async function writeFiles(work: PartitionWork, year: number | null, known: ExportFile[]): Promise<ExportFile[]> {
  const { table, columns, sql, transaction, fileRows = usualFileRows } = work;
  const copied = await copyRows(sql, transaction, {
    relation: table.name,
    columns,
    order: table.order,
    year: table.yearOf === null || year === null ? null : { date: table.yearOf, year },
  });
  const capacity = Math.min(batchRows, fileRows);
  const batches = readCopyBatches({ ...copied, columns, capacity });
  const files: ExportFile[] = [];
  try {
    let next = await batches.next();
    while (!next.done) {
      const part = takePart(batches, next.value, fileRows);
      const bytes = await collect(writeParquet(part.rows, parquetOptions(work)));
      files.push(await putFile(work, { year, index: files.length, rows: part.count(), bytes, known }));
      next = part.next();
    }
    return files;
  } finally {
    await batches.return(undefined);
  }
}

const parquetOptions = ({ table, columns }: PartitionWork) => ({
  columns,
  rowGroupRows: usualRowGroupRows,
  table: table.name,
});

/** Batches up to so many rows. Of the next only then is known whether there is one, as it takes the place of the last. */
function takePart(batches: AsyncGenerator<RowBatch>, first: RowBatch, mostRows: number) {
  let count = 0;
  let next: IteratorResult<RowBatch, unknown> = { done: false, value: first };
  return {
    rows: (async function* () {
      while (!next.done && count + next.value.rows <= mostRows) {
        count += next.value.rows;
        yield next.value;
        next = await batches.next();
      }
    })(),
    count: () => count,
    next: () => next,
  };
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const list: Uint8Array[] = [];
  for await (const chunk of chunks) list.push(chunk);
  return Buffer.concat(list);
}

type NewFile = { year: number | null; index: number; rows: number; bytes: Uint8Array; known: ExportFile[] };

async function putFile(work: PartitionWork, { year, index, rows, bytes, known }: NewFile): Promise<ExportFile> {
  const { table, stamp, lake, signal, progress } = work;
  progress(rows);
  const sha256 = sha256Hex(bytes);
  const same = known.find((file) => file.sha256 === sha256 && file.rows === rows);
  if (same) return same;
  const folder = year === null ? table.name : `${table.name}/year=${year}`;
  const key = `${MARTS}/${folder}/part-${stamp}-${String(index).padStart(4, "0")}.parquet`;
  await lake.put(key, bytes, { contentType: "application/vnd.apache.parquet", signal });
  return { key, rows, bytes: bytes.byteLength, sha256 };
}
