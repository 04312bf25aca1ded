import type { ParquetColumn } from "../../../jobs/parquet/columns.ts";
import { longestDecimalDigits, shortDecimalDigits } from "../../../jobs/parquet/columns.ts";
import { addRow, clearBatch, createBatch, type RowBatch } from "../../../jobs/parquet/row-batch.ts";
import { batchRows, usualRowGroupRows, writeParquet } from "../../../jobs/parquet/write.ts";
import { createRowBytes } from "./row-bytes.ts";
import type { DecimalSize, Table, TableColumn } from "./table.ts";

/** A decimal of as many digits as its largest has; as text where that is more than the format knows, and a double where nothing is known of it. */
function typeOf({ kind }: TableColumn, size: DecimalSize | null): ParquetColumn["type"] {
  if (kind === "integer") return { kind: "bigint" };
  if (kind === "number" || (kind === "decimal" && size === null)) return { kind: "double" };
  if (kind === "instant") return { kind: "timestamp" };
  if (kind !== "decimal" || size === null) return { kind: kind as "text" | "date" | "boolean" };
  const precision = size.digits + size.scale;
  if (precision > longestDecimalDigits) return { kind: "text" };
  return { ...size, kind, precision: precision <= shortDecimalDigits ? shortDecimalDigits : longestDecimalDigits };
}

/** Rows in the layout of the writer, so many at a time; at least one batch, though it be empty. */
async function* toBatches(batches: Table["batches"], columns: readonly ParquetColumn[]): AsyncGenerator<RowBatch> {
  const batch = createBatch(columns, batchRows);
  const toBytes = createRowBytes(columns.map(({ type }) => type.kind));
  let isFirst = true;
  for await (const rows of batches) {
    for (const row of rows) {
      addRow(batch, toBytes(row));
      if (batch.rows < batchRows) continue;
      yield batch;
      isFirst = false;
      clearBatch(batch);
    }
  }
  if (batch.rows > 0 || isFirst) yield batch;
}

/** A table as Parquet, a row group at a time, by the writer of the export. */
export async function* writeParquetTable({ name, columns, batches, decimals }: Table): AsyncGenerator<Uint8Array> {
  const sizes = (columns.some(({ kind }) => kind === "decimal") && (await decimals?.())) || [];
  const typed = columns.map((column, index) => ({
    ...{ name: column.name, description: column.description ?? "" },
    type: typeOf(column, sizes[index] ?? null),
  }));
  yield* writeParquet(toBatches(batches, typed), { columns: typed, rowGroupRows: usualRowGroupRows, table: name });
}
