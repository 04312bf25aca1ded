import type { Context } from "hono";
import type { Logger } from "pino";
import { writeCsv } from "./csv.ts";
import { mediaTypes, type TableFormat } from "./formats.ts";
import { writeJsonLines } from "./json-lines.ts";
import { writeParquetTable } from "./parquet.ts";
import type { Table } from "./table.ts";
import { refuseLongSheet, writeXlsx } from "./xlsx.ts";

const writers: Record<TableFormat, (table: Table) => AsyncIterable<Uint8Array>> = {
  csv: writeCsv,
  ndjson: writeJsonLines,
  xlsx: writeXlsx,
  parquet: writeParquetTable,
};

const typeOf = (format: TableFormat) =>
  format === "csv" ? "text/csv; charset=utf-8; header=present" : mediaTypes[format].type;

type Begun<Batch> = AsyncIterableIterator<Batch> & { return(): Promise<IteratorResult<Batch>> };

/** With the first batch read already, so that what stands in the way of it is an answer of its own. */
async function begun<Batch>(batches: AsyncIterable<Batch>): Promise<Begun<Batch>> {
  const iterator = batches[Symbol.asyncIterator]();
  const read: IteratorResult<Batch>[] = [await iterator.next()];
  const begunBatches: Begun<Batch> = {
    [Symbol.asyncIterator]: () => begunBatches,
    next: async () => read.shift() ?? (await iterator.next()),
    async return() {
      await iterator.return?.();
      return { done: true, value: undefined };
    },
  };
  return begunBatches;
}

/** The same address with another cursor. */
function nextLink(c: Context, cursor: string): string {
  const { pathname, searchParams } = new URL(c.req.url);
  searchParams.set("cursor", cursor);
  return `<${pathname}?${searchParams}>; rel="next"`;
}

/**
 * Answers a table as a file to be saved, written while it is read: whoever reads slowly makes the rows wait, and whoever goes ends their
 * reading. What fails later than the first rows breaks the connection off, so that nobody takes a part for the whole.
 */
export async function answerTable(c: Context, table: Table, format: TableFormat): Promise<Response> {
  if (format === "xlsx") await refuseLongSheet(table);
  const batches = await begun(table.batches);
  c.header("Cache-Control", "no-store");
  c.header("Content-Type", typeOf(format));
  c.header("Content-Disposition", `attachment; filename="${table.name}.${format}"`);
  if (table.next) c.header("Link", nextLink(c, table.next));
  if (c.req.raw.method === "HEAD") {
    await batches.return();
    return c.body(null);
  }
  const bytes = writers[format]({ ...table, batches })[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await bytes.next();
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          const log: Logger = c.get("log");
          log.warn({ requestId: c.get("requestId"), path: c.req.path, error }, "a table broke off");
          controller.error(error);
        }
      },
      async cancel() {
        await bytes.return?.();
        // A writer that nobody has read of yet has not begun, and ends nothing.
        await batches.return();
      },
    },
    { highWaterMark: 0 },
  );
  return c.body(body);
}
