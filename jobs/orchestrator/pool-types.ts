import type { JsonValue } from "../../db/client.ts";
import type { BatchCall, LogLevel } from "./messages.ts";
import type { Observer } from "./observer.ts";
import type { TaskResult } from "./types.ts";

/** What a batch says while it runs. */
export type BatchListener = {
  log(level: LogLevel, message: string, fields: Record<string, JsonValue> | null): void;
  progress(done: number, total: number, unit: string): void;
};

export type WorkerPoolOptions = {
  entry: URL;
  size: number;
  /** Batches at a time in one worker: they wait for network and database more than they compute. */
  slotsPerWorker: number;
  settings: JsonValue;
  /** Grants a limited resource; called for all workers, so that one count holds. */
  permit(resource: string): Promise<void>;
  idleMs: number;
  /** Is called when the last worker has gone. */
  rested?(): void;
  /** Is told of what runs, and of what handlers report. */
  observer?: Observer;
  /** A cancelled batch that has not stopped by then is stopped with its worker. */
  cancelGraceMs: number;
};

/** Bun workers that run batches. They are started when there is work, and ended when there has been none for a while. */
export type WorkerPool = {
  /** How many batches may run at once. */
  readonly capacity: number;
  /** Runs one batch; rejects as it did, with a RetryableError where its worker died, a CancelledError after `signal`. */
  run(batch: BatchCall, listener: BatchListener, signal: AbortSignal): Promise<TaskResult>;
  /** Workers alive now. */
  size(): number;
  /** Ends every worker; what still runs rejects. */
  close(): void;
};
