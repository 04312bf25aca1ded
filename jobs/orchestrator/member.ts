import type { JsonValue } from "../../db/client.ts";
import { CancelledError, RetryableError } from "./errors.ts";
import { type BatchCall, type FromWorker, packError, type ToWorker, unpackError } from "./messages.ts";
import type { BatchListener, WorkerPoolOptions } from "./pool-types.ts";
import type { TaskResult } from "./types.ts";

/** One Bun worker and the batches that it runs. */
export type Member = {
  /** Batches under way. */
  load(): number;
  run(batch: BatchCall, listener: BatchListener, signal: AbortSignal): Promise<TaskResult>;
  /** Stops the worker; its batches reject with `reason`. */
  end(reason: Error): void;
};

type Call = { listener: BatchListener; resolve(result: TaskResult): void; reject(error: Error): void };

/** The batches of a worker by their number; each leaves once, whoever settles it. */
type Calls = Map<number, Call>;

/** Starts a worker. `gone` is called once, when it has ended or died. */
export function startMember(options: WorkerPoolOptions, gone: () => void): Member {
  const worker = new Worker(options.entry.href, { smol: true });
  const calls: Calls = new Map();
  let alive = true;
  let idleTimer: Timer | undefined;
  let serial = 0;

  const send = (message: ToWorker) => {
    if (alive) worker.postMessage(message);
  };
  const end = (reason: Error) => {
    if (!alive) return;
    alive = false;
    clearTimeout(idleTimer);
    worker.terminate();
    gone();
    for (const call of calls.values()) call.reject(reason);
    calls.clear();
  };
  const settled = () => {
    if (calls.size > 0 || !alive) return;
    // An idle worker keeps no process from ending.
    idleTimer = setTimeout(() => end(new CancelledError("The worker was idle.")), options.idleMs).unref();
  };
  const died = (what: string) => end(new RetryableError(`The worker that ran this batch ${what}.`));

  const receive = createReceiver({
    ...{ calls, send, settled },
    permit: options.permit,
    report: (report) => options.observer?.reported(report),
  });
  worker.onmessage = (event: MessageEvent<FromWorker>) => receive(event.data);
  worker.onerror = (event) => died(`failed: ${event.message}`);
  worker.addEventListener("close", () => died("ended unexpectedly"));
  send({ type: "setup", settings: options.settings });

  /** Asks a batch to stop, and after the grace stops it with its worker. Answers with how to forget about it. */
  const cancel = (id: number): (() => void) => {
    send({ type: "cancel", call: id });
    const grace = setTimeout(() => {
      take(calls, id)?.reject(new CancelledError("Stopped with its worker."));
      end(new RetryableError("Its worker was stopped because of another batch.", { outage: true }));
    }, options.cancelGraceMs);
    return () => clearTimeout(grace);
  };

  return {
    load: () => calls.size,
    end,
    async run(batch, listener, signal) {
      clearTimeout(idleTimer);
      const id = ++serial;
      const { promise, resolve, reject } = Promise.withResolvers<TaskResult>();
      calls.set(id, { listener, resolve, reject });
      send({ type: "run", call: id, batch });
      return await cancellable(promise, signal, () => cancel(id));
    },
  };
}

/** Waits for `work`; calls `cancel` when the signal aborts meanwhile, and what that answered once the work is over. */
async function cancellable<T>(work: Promise<T>, signal: AbortSignal, cancel: () => () => void): Promise<T> {
  let forget = () => {};
  const onAbort = () => {
    forget = cancel();
  };
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await work;
  } finally {
    forget();
    signal.removeEventListener("abort", onAbort);
  }
}

function take(calls: Calls, id: number): Call | undefined {
  const call = calls.get(id);
  calls.delete(id);
  return call;
}

type Receiving = {
  calls: Calls;
  send(message: ToWorker): void;
  settled(): void;
  permit(resource: string): Promise<void>;
  report(report: JsonValue): void;
};

/** What is done about each message of the worker. */
function createReceiver({ calls, send, settled, permit, report }: Receiving): (message: FromWorker) => void {
  return (message) => {
    switch (message.type) {
      case "ready":
        return;
      case "log":
        return calls.get(message.call)?.listener.log(message.level, message.message, message.fields);
      case "progress":
        return calls.get(message.call)?.listener.progress(message.done, message.total, message.unit);
      case "done":
        take(calls, message.call)?.resolve(message.result);
        return settled();
      case "failed":
        take(calls, message.call)?.reject(unpackError(message.error));
        return settled();
      case "report":
        return report(message.report);
      case "permit":
        permit(message.resource).then(
          () => send({ type: "permitted", permit: message.permit }),
          (error) => send({ type: "refused", permit: message.permit, error: packError(error) }),
        );
        return;
      default:
        message satisfies never;
    }
  };
}
