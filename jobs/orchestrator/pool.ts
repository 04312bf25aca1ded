import type { JsonValue } from "../../db/client.ts";
import { CancelledError, RetryableError } from "./errors.ts";
import { type BatchCall, type FromWorker, type LogLevel, type ToWorker, unpackError } from "./messages.ts";
import type { TaskResult } from "./types.ts";

/** What a batch says while it runs. */
export type BatchListener = {
  log(level: LogLevel, message: string, fields: Record<string, JsonValue> | null): void;
  progress(done: number, total: number, unit: string): void;
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

export type WorkerPoolOptions = {
  entry: URL;
  size: number;
  /** Batches at a time in one worker: they wait for network and database more than they compute. */
  slotsPerWorker: number;
  settings: JsonValue;
  /** Grants a limited resource; called for all workers, so that one count holds. */
  permit(resource: string): Promise<void>;
  idleMs: number;
  /** A cancelled batch that has not stopped by then is stopped with its worker. */
  cancelGraceMs: number;
};

type Call = {
  listener: BatchListener;
  resolve(result: TaskResult): void;
  reject(error: Error): void;
};

type Member = { worker: Worker; calls: Map<number, Call>; idleTimer: Timer | undefined };

/** Makes a pool; it starts no worker before the first batch. */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const members = new Set<Member>();
  let serial = 0;

  const send = (member: Member, message: ToWorker) => member.worker.postMessage(message);

  const remove = (member: Member, reason: Error) => {
    members.delete(member);
    clearTimeout(member.idleTimer);
    member.worker.terminate();
    for (const call of member.calls.values()) call.reject(reason);
    member.calls.clear();
  };

  const settle = (member: Member, id: number, act: (call: Call) => void) => {
    const call = member.calls.get(id);
    if (!call) return;
    member.calls.delete(id);
    act(call);
    if (member.calls.size > 0 || !members.has(member)) return;
    member.idleTimer = setTimeout(() => remove(member, new CancelledError("The worker was idle.")), options.idleMs);
    // An idle worker keeps no process from ending.
    member.idleTimer.unref();
  };

  const receive = (member: Member, message: FromWorker) => {
    switch (message.type) {
      case "ready":
        return;
      case "log":
        return member.calls.get(message.call)?.listener.log(message.level, message.message, message.fields);
      case "progress":
        return member.calls.get(message.call)?.listener.progress(message.done, message.total, message.unit);
      case "done":
        return settle(member, message.call, (call) => call.resolve(message.result));
      case "failed":
        return settle(member, message.call, (call) => call.reject(unpackError(message.error)));
      case "permit":
        options.permit(message.resource).then(
          () => members.has(member) && send(member, { type: "permitted", permit: message.permit }),
          (error) =>
            remove(member, new RetryableError(`No leave to use ${message.resource}.`, { cause: error, outage: true })),
        );
        return;
      default:
        message satisfies never;
    }
  };

  const hire = (): Member => {
    const worker = new Worker(options.entry.href, { smol: true });
    const member: Member = { worker, calls: new Map(), idleTimer: undefined };
    const died = (what: string) => {
      if (members.has(member)) remove(member, new RetryableError(`The worker that ran this batch ${what}.`));
    };
    worker.onmessage = (event: MessageEvent<FromWorker>) => receive(member, event.data);
    worker.onerror = (event) => died(`failed: ${event.message}`);
    worker.addEventListener("close", () => died("ended unexpectedly"));
    members.add(member);
    send(member, { type: "setup", settings: options.settings });
    return member;
  };

  const pick = (): Member => {
    const least = [...members].sort((a, b) => a.calls.size - b.calls.size)[0];
    if (least && (least.calls.size === 0 || members.size >= options.size)) return least;
    return hire();
  };

  return {
    capacity: options.size * options.slotsPerWorker,
    size: () => members.size,
    run(batch, listener, signal) {
      const member = pick();
      clearTimeout(member.idleTimer);
      const id = ++serial;
      let grace: Timer | undefined;
      const cancel = () => {
        send(member, { type: "cancel", call: id });
        grace = setTimeout(() => {
          const call = member.calls.get(id);
          if (!call) return;
          member.calls.delete(id);
          call.reject(new CancelledError("Stopped with its worker."));
          remove(member, new RetryableError("Its worker was stopped because of another batch.", { outage: true }));
        }, options.cancelGraceMs);
      };
      return new Promise<TaskResult>((resolve, reject) => {
        member.calls.set(id, { listener, resolve, reject });
        send(member, { type: "run", call: id, batch });
        if (signal.aborted) cancel();
        else signal.addEventListener("abort", cancel, { once: true });
      }).finally(() => {
        clearTimeout(grace);
        signal.removeEventListener("abort", cancel);
      });
    },
    close() {
      for (const member of [...members]) remove(member, new CancelledError("The process is stopping."));
    },
  };
}
