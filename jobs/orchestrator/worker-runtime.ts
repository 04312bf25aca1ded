import type { JsonValue } from "../../db/client.ts";
import { CancelledError } from "./errors.ts";
import { type FromWorker, type LogLevel, packError, type ToWorker } from "./messages.ts";
import type { BatchHandler, TaskLog } from "./types.ts";

/** What handlers are made from, in a worker. */
export type WorkerSetup = {
  settings: JsonValue;
  /** Waits for leave to use a limited resource that all workers share. */
  permit(resource: string, signal?: AbortSignal): Promise<void>;
};

/** The worker's side of the pool: answers messages by running handlers. Made by the worker's entry file, or by a test. */
export function createWorkerRuntime(
  makeHandlers: (setup: WorkerSetup) => Record<string, BatchHandler>,
  send: (message: FromWorker) => void,
): (message: ToWorker) => void {
  const running = new Map<number, AbortController>();
  const permits = new Map<number, () => void>();
  let handlers: Record<string, BatchHandler> = {};
  let serial = 0;

  const permit: WorkerSetup["permit"] = (resource, signal) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const id = ++serial;
    permits.set(id, resolve);
    signal?.addEventListener("abort", () => reject(new CancelledError("Cancelled while waiting its turn.")), {
      once: true,
    });
    send({ type: "permit", permit: id, resource });
    return promise;
  };

  const run = async ({ call, batch }: Extract<ToWorker, { type: "run" }>) => {
    const controller = new AbortController();
    running.set(call, controller);
    try {
      const handler = handlers[batch.handler];
      if (!handler) throw new Error(`The worker knows no handler "${batch.handler}".`);
      const { run, task, input } = batch;
      const progress = throttle((done: number, total: number, unit: string) =>
        send({ type: "progress", call, done, total, unit }),
      );
      const result = await handler({
        run,
        task,
        input,
        signal: controller.signal,
        log: forwardLog(call, send),
        progress,
      });
      send({ type: "done", call, result });
    } catch (error) {
      send({
        type: "failed",
        call,
        error: packError(controller.signal.aborted ? new CancelledError("Cancelled.") : error),
      });
    } finally {
      running.delete(call);
    }
  };

  return (message) => {
    switch (message.type) {
      case "setup":
        handlers = makeHandlers({ settings: message.settings, permit });
        return send({ type: "ready" });
      case "run":
        void run(message);
        return;
      case "cancel":
        return running.get(message.call)?.abort();
      case "permitted":
        permits.get(message.permit)?.();
        permits.delete(message.permit);
        return;
      default:
        message satisfies never;
    }
  };
}

const progressIntervalMs = 500;

/** Progress is for eyes: a message more than twice a second would only cost. */
function throttle(report: (done: number, total: number, unit: string) => void): typeof report {
  let last = Number.NEGATIVE_INFINITY;
  return (done, total, unit) => {
    const now = performance.now();
    if (now - last < progressIntervalMs) return;
    last = now;
    report(done, total, unit);
  };
}

function forwardLog(call: number, send: (message: FromWorker) => void): TaskLog {
  const at = (level: LogLevel) => (message: string, fields?: Record<string, JsonValue>) =>
    send({ type: "log", call, level, message, fields: fields ?? null });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
