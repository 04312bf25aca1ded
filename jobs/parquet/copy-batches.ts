import type { Readable } from "node:stream";
import type { ParquetColumn } from "./columns.ts";
import { addRow, clearBatch, createBatch, type RowBatch } from "./row-batch.ts";

/** COPY's binary format begins with a signature, flags and the length of an extension, which is none. */
const headerBytes = 19;
/** Where a row's count of fields would stand, the end has -1. */
const endMark = 0xff;

export type CopiedRows = {
  /** What `copy … to stdout (format binary)` gives. */
  stream: Readable;
  columns: readonly ParquetColumn[];
  /** Rows of a batch. */
  capacity: number;
  /** Ends the statement on the server, where its rows are no longer wanted. */
  cancel(): Promise<void>;
};

/**
 * The rows of a COPY, some thousand at a time, at least one batch though it be empty. A batch is good until the next is asked for. Whoever
 * leaves before the end has the statement cancelled, and can go on with the connection as after a failed one.
 */
export async function* readCopyBatches({ stream, columns, capacity, cancel }: CopiedRows): AsyncGenerator<RowBatch> {
  const batch = createBatch(columns, capacity);
  let ready = newTurn();
  let isHeader = true;
  let hasEnded = false;
  // A row at a time goes through no promise: that would cost more than to read it.
  const take = (chunk: Uint8Array) => {
    try {
      const row = isHeader ? chunk.subarray(headerBytes) : chunk;
      isHeader = false;
      if (row.length === 0 || row[0] === endMark) return;
      addRow(batch, row);
      if (batch.rows < capacity) return;
      stream.pause();
      ready.resolve();
    } catch (error) {
      stream.off("data", take);
      ready.reject(error);
    }
  };
  const end = (error?: unknown) => {
    hasEnded = true;
    // The driver halts its socket while the stream is full, and lets it go on where the stream asks for more: at its end it never does.
    stream._read(0);
    if (error === undefined) ready.resolve();
    else ready.reject(error);
  };
  stream.on("data", take);
  stream.once("end", () => end());
  stream.once("error", end);
  try {
    for (let isFirst = true; ; isFirst = false) {
      await ready.promise;
      const isLast = hasEnded;
      if (batch.rows > 0 || isFirst) yield batch;
      if (isLast) return;
      clearBatch(batch);
      if (hasEnded) return;
      ready = newTurn();
      stream.resume();
    }
  } finally {
    stream.off("data", take);
    if (!hasEnded) await drain(stream, cancel);
  }
}

function newTurn(): PromiseWithResolvers<void> {
  const turn = Promise.withResolvers<void>();
  // Who waits for it hears of an error; who has gone does not.
  turn.promise.catch(() => {});
  return turn;
}

/** Lets go by what is still on its way: until then the connection takes no other statement. */
async function drain(stream: Readable, cancel: () => Promise<void>): Promise<void> {
  const gone = Promise.withResolvers<void>();
  stream.once("close", () => gone.resolve());
  stream.once("end", () => gone.resolve());
  stream.on("error", () => gone.resolve());
  stream.resume();
  await cancel();
  await gone.promise;
}
