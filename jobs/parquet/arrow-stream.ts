import {
  AsyncByteQueue,
  Bool,
  type Data,
  type DataType,
  DateDay,
  Decimal,
  Field,
  Float64,
  Int64,
  makeData,
  RecordBatch,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  TimestampMicrosecond,
  Utf8,
} from "apache-arrow";
import { longestDecimalDigits, type ParquetColumn } from "./columns.ts";
import { decimalWords } from "./decimal.ts";
import type { ColumnValues, RowBatch } from "./row-batch.ts";

const decimalBits = 128;

/** Arrow's schema of these columns, each with its description. */
export const arrowSchema = (columns: readonly ParquetColumn[]): Schema =>
  new Schema(
    columns.map(
      (column) => new Field(column.name, arrowType(column), true, new Map([["description", column.description]])),
    ),
  );

function arrowType({ type }: ParquetColumn): DataType {
  switch (type.kind) {
    case "text":
      return new Utf8();
    case "date":
      return new DateDay();
    case "timestamp":
      return new TimestampMicrosecond("UTC");
    case "bigint":
      return new Int64();
    case "double":
      return new Float64();
    case "boolean":
      return new Bool();
    case "decimal":
      return new Decimal(type.scale, Math.min(type.precision, longestDecimalDigits), decimalBits);
    default:
      return type satisfies never;
  }
}

/** Writes batches, each as a stream of Arrow's IPC format; the bytes are good until the next. */
export function createIpcWriter(schema: Schema): (batch: RowBatch) => Uint8Array {
  const bytes = new ReusedBytes();
  return ({ columns, rows }) => {
    const children = columns.map((values, index) => toData(values, rows, schema.fields[index]?.type));
    const data = makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children });
    const writer = new RecordBatchStreamWriter({ autoDestroy: false }).reset(bytes);
    writer.write(new RecordBatch(schema, data));
    writer.reset();
    return bytes.take();
  };
}

/** Keeps what is written in one place: to take another for each batch, some megabytes, would cost as much as to fill it, and be garbage. */
class ReusedBytes extends AsyncByteQueue {
  #bytes = new Uint8Array(0);
  #length = 0;

  override write(chunk: Uint8Array): void {
    const end = this.#length + chunk.length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length = end;
  }

  /** What was written since it was last asked. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }
}

function toData(values: ColumnValues, length: number, type: DataType | undefined): Data {
  const { column, words, nulls: nullCount } = values;
  const nullBitmap = nullCount === 0 ? null : values.valid.subarray(0, (length + 7) >> 3);
  const common = { length, nullCount, nullBitmap };
  switch (column.type.kind) {
    case "text": {
      const valueOffsets = values.ends.subarray(0, length + 1);
      const data = values.bytes.subarray(0, values.ends[length] ?? 0);
      return makeData({ type: type as Utf8, ...common, valueOffsets, data });
    }
    case "date":
      return makeData({ type: type as DateDay, ...common, data: words.subarray(0, length) });
    case "boolean":
      return makeData({ type: type as Bool, ...common, data: toBits(words, length) });
    case "double":
      return makeData({ type: type as Float64, ...common, data: new Float64Array(words.buffer, 0, length) });
    case "decimal":
      return makeData({
        type: type as Decimal,
        ...common,
        data: new Uint32Array(words.buffer, 0, length * decimalWords),
      });
    case "bigint":
      return makeData({ type: type as Int64, ...common, data: new BigInt64Array(words.buffer, 0, length) });
    case "timestamp":
      return makeData({
        type: type as TimestampMicrosecond,
        ...common,
        data: new BigInt64Array(words.buffer, 0, length),
      });
    default:
      return column.type satisfies never;
  }
}

function toBits(words: Int32Array, length: number): Uint8Array {
  const bits = new Uint8Array((length + 7) >> 3);
  for (let row = 0; row < length; row += 1) {
    if (words[row]) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  }
  return bits;
}
