import type { Table } from "parquet-wasm";
import type { ParquetColumn } from "./columns.ts";
import type { RowBatch } from "./row-batch.ts";

export type ParquetOptions = {
  columns: readonly ParquetColumn[];
  /** Rows of a row group, by whose statistics readers leave out what they do not need; a multiple of a batch's capacity. */
  rowGroupRows: number;
  /** Said in the file's metadata, under `barline`, beside what its columns are. */
  table: string;
};

/** Rows of a batch on their way: a few megabytes of the widest table. */
export const batchRows = 8192;
/** Some ten megabytes of the widest table. */
export const usualRowGroupRows = 8 * batchRows;

/**
 * Writes a Parquet file of these rows, in their order, and yields its bytes as they come, a row group at a time: zstd, with statistics. The
 * same rows give the same bytes. Throws what `batches` throws. The writer, five megabytes of WebAssembly, is loaded when first needed.
 */
export async function* writeParquet(
  batches: AsyncIterable<RowBatch>,
  options: ParquetOptions,
): AsyncGenerator<Uint8Array> {
  const [parquet, { arrowSchema, createIpcWriter }] = await Promise.all([
    import("parquet-wasm"),
    import("./arrow-stream.ts"),
  ]);
  const toIpc = createIpcWriter(arrowSchema(options.columns));
  const { table } = options;
  const columns = Object.fromEntries(options.columns.map(({ name, description }) => [name, description]));
  // One entry: the writer keeps several in an order of chance.
  const metadata = new Map([["barline", JSON.stringify({ table, columns })]]);
  const base = new parquet.WriterPropertiesBuilder()
    .setCompression(parquet.Compression.ZSTD)
    .setMaxRowGroupSize(options.rowGroupRows)
    .setStatisticsEnabled(parquet.EnabledStatistics.Chunk)
    // Of numbers few are said twice within a row group; to look for those costs as much as to compress them all.
    .setDictionaryEnabled(false)
    .setCreatedBy("Barline")
    .setKeyValueMetadata(metadata);
  const texts = options.columns.filter(({ type }) => type.kind === "text");
  const properties = texts.reduce((all, { name }) => all.setColumnDictionaryEnabled(name, true), base).build();
  const iterator = batches[Symbol.asyncIterator]();
  const toTable = (batch: RowBatch) => parquet.Table.fromIPCStream(toIpc(batch));
  try {
    const first = await iterator.next();
    if (first.done) throw new RangeError("A Parquet file is written of one batch at the least.");
    if (first.value.rows === 0) return yield parquet.writeParquet(toTable(first.value), properties);
    const source = createSource(toTable, first.value, iterator);
    for await (const bytes of await parquet.transformParquetStream(source.stream, properties)) {
      source.check();
      yield bytes;
    }
    source.check();
  } finally {
    await iterator.return?.();
  }
}

/** The writer knows no errors of its source: it is told of an end, and `check` throws what there was, so that nobody uses what it wrote. */
function createSource(toTable: (batch: RowBatch) => Table, first: RowBatch, rest: AsyncIterator<RowBatch>) {
  const failures: unknown[] = [];
  let next: RowBatch | undefined = first;
  const stream = new ReadableStream({
    async pull(controller) {
      try {
        next ??= (await rest.next()).value;
        if (next === undefined) return controller.close();
        const table = toTable(next);
        next = undefined;
        for (const batch of table.recordBatches()) controller.enqueue(batch);
        table.free();
      } catch (error) {
        failures.push(error);
        controller.close();
      }
    },
  });
  return {
    stream,
    check() {
      if (failures.length > 0) throw failures[0];
    },
  };
}
