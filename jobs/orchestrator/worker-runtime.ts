import type { JsonValue } from "../../db/client.ts";
import { CancelledError } from "./errors.ts";
import { type BatchCall, type FromWorker, type LogLevel, packError, type ToWorker, unpackError } from "./messages.ts";
import type { BatchHandler, TaskContext, TaskLog } from "./types.ts";

/** What handlers are made from, in a worker. */
export type WorkerSetup = {
  settings: JsonValue;
  /** Waits for leave to use a limited resource that all workers share. */
  permit(resource: string, signal?: AbortSignal): Promise<void>;
  /** Tells whoever observes the process what happened. */
  report(report: JsonValue): void;
};

/** The worker's side of the pool: answers messages by running handlers. Made by the worker's entry file, or by a test. */
export function createWorkerRuntime(
  makeHandlers: (setup: WorkerSetup) => Record<string, BatchHandler>,
  send: (message: FromWorker) => void,
): (message: ToWorker) => void {
  const running = new Map<number, AbortController>();
  const permits = createPermits(send);
  let handlers: Record<string, BatchHandler> = {};

  const run = async ({ call, batch }: Extract<ToWorker, { type: "run" }>) => {
    const controller = new AbortController();
    running.set(call, controller);
    try {
      const handler = handlers[batch.handler];
      if (!handler) throw new Error(`The worker knows no handler "${batch.handler}".`);
      const result = await handler(makeContext(call, batch, controller.signal, send));
      send({ type: "done", call, result });
    } catch (error) {
      const reason = controller.signal.aborted ? new CancelledError("Cancelled.") : error;
      send({ type: "failed", call, error: packError(reason) });
    } finally {
      running.delete(call);
    }
  };

  return (message) => {
    switch (message.type) {
      case "setup":
        handlers = makeHandlers({
          settings: message.settings,
          permit: permits.ask,
          report: (report) => send({ type: "report", report }),
        });
        return send({ type: "ready" });
      case "run":
        void run(message);
        return;
      case "cancel":
        return running.get(message.call)?.abort();
      case "permitted":
        return permits.answer(message.permit, undefined);
      case "refused":
        return permits.answer(message.permit, unpackError(message.error));
      default:
        message satisfies never;
    }
  };
}

function makeContext(
  call: number,
  { run, task, input }: BatchCall,
  signal: AbortSignal,
  send: (message: FromWorker) => void,
): TaskContext {
  const progress = throttle((done: number, total: number, unit: string) =>
    send({ type: "progress", call, done, total, unit }),
  );
  return { run, task, input, signal, log: forwardLog(call, send), progress };
}

/** Leave asked of the process and not yet answered. */
type Permits = { ask: WorkerSetup["permit"]; answer(permit: number, refusal: Error | undefined): void };

function createPermits(send: (message: FromWorker) => void): Permits {
  const waiting = new Map<number, PromiseWithResolvers<void>>();
  let serial = 0;
  return {
    async ask(resource, signal) {
      const id = ++serial;
      const turn = Promise.withResolvers<void>();
      const giveUp = () => turn.reject(new CancelledError("Cancelled while waiting its turn."));
      if (signal?.aborted) giveUp();
      else send({ type: "permit", permit: id, resource });
      waiting.set(id, turn);
      signal?.addEventListener("abort", giveUp, { once: true });
      try {
        await turn.promise;
      } finally {
        waiting.delete(id);
        signal?.removeEventListener("abort", giveUp);
      }
    },
    answer(permit, refusal) {
      const turn = waiting.get(permit);
      if (refusal) turn?.reject(refusal);
      else turn?.resolve();
    },
  };
}

const progressIntervalMs = 500;

/** Progress is for eyes: a message more than twice a second would only cost. The end is always told. */
function throttle(report: (done: number, total: number, unit: string) => void): typeof report {
  let last = Number.NEGATIVE_INFINITY;
  return (done, total, unit) => {
    const now = performance.now();
    if (now - last < progressIntervalMs && done < total) return;
    last = now;
    report(done, total, unit);
  };
}

function forwardLog(call: number, send: (message: FromWorker) => void): TaskLog {
  const at = (level: LogLevel) => (message: string, fields?: Record<string, JsonValue>) =>
    send({ type: "log", call, level, message, fields: fields ?? null });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
