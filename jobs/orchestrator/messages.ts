import type { JsonValue } from "../../db/client.ts";
import { CancelledError, PermanentError, RetryableError } from "./errors.ts";
import type { RunReference, TaskResult } from "./types.ts";

/** The messages between the process and its Bun workers. Both sides import them from here. */

export type BatchCall = {
  run: RunReference;
  task: { id: number; name: string; mapIndex: number; try: number };
  handler: string;
  input: JsonValue;
};

export type ToWorker =
  /** First message: what the handlers need to know. */
  | { type: "setup"; settings: JsonValue }
  | { type: "run"; call: number; batch: BatchCall }
  | { type: "cancel"; call: number }
  /** Both answer `permit`. */
  | { type: "permitted"; permit: number }
  | { type: "refused"; permit: number; error: CrossedError };

export type FromWorker =
  | { type: "ready" }
  | { type: "log"; call: number; level: LogLevel; message: string; fields: Record<string, JsonValue> | null }
  | { type: "progress"; call: number; done: number; total: number; unit: string }
  | { type: "done"; call: number; result: TaskResult }
  | { type: "failed"; call: number; error: CrossedError }
  /** Something that happened, for whoever observes the process. */
  | { type: "report"; report: JsonValue }
  /** Asks for leave to use a limited resource; the process counts for all workers. */
  | { type: "permit"; permit: number; resource: string };

export type LogLevel = "debug" | "info" | "warn" | "error";

/** An error as it crosses: classes do not survive a thread boundary, so the name and what matters of it travel. */
export type CrossedError = {
  name: string;
  message: string;
  stack: string | undefined;
  code: string | undefined;
  advice: string | undefined;
  retryAfterMs: number | undefined;
  outage: boolean;
};

export function packError(error: unknown): CrossedError {
  const known = error instanceof RetryableError || error instanceof PermanentError ? error : undefined;
  const plain = error instanceof Error ? error : new Error(String(error));
  return {
    name: plain.name,
    message: plain.message,
    stack: plain.stack,
    code: "code" in plain && typeof plain.code === "string" ? plain.code : undefined,
    advice: known?.advice,
    retryAfterMs: known instanceof RetryableError ? known.retryAfterMs : undefined,
    outage: known instanceof RetryableError && known.outage,
  };
}

/** The same error on the other side, of the same class, so that it is judged the same. */
export function unpackError(crossed: CrossedError): Error {
  const error = revive(crossed);
  if (crossed.stack) error.stack = crossed.stack;
  if (crossed.code) Object.assign(error, { code: crossed.code });
  return error;
}

function revive({ name, message, advice, retryAfterMs, outage }: CrossedError): Error {
  if (name === "RetryableError") {
    return new RetryableError(message, { outage, ...(advice && { advice }), ...(retryAfterMs && { retryAfterMs }) });
  }
  if (name === "PermanentError") return new PermanentError(message, advice ? { advice } : {});
  if (name === "CancelledError") return new CancelledError(message);
  const error = new Error(message);
  error.name = name;
  return error;
}
