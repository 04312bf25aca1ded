import { PermanentError, RetryableError } from "../../jobs/orchestrator/errors.ts";
import type { FromWorker, ToWorker } from "../../jobs/orchestrator/messages.ts";
import type { BatchHandler } from "../../jobs/orchestrator/types.ts";
import { createWorkerRuntime, type WorkerSetup } from "../../jobs/orchestrator/worker-runtime.ts";

/** The entry of a Bun worker whose handlers do what the pool must be able to bear. */

declare const self: { postMessage(message: FromWorker): void; onmessage: (event: MessageEvent<ToWorker>) => void };

const forever = () => new Promise<never>(() => {});

function makeHandlers({ settings, permit }: WorkerSetup): Record<string, BatchHandler> {
  return {
    echo: async ({ input, run, task }) => ({ output: { input, settings, run: run.id, task: task.mapIndex } }),
    tell: async ({ log, progress }) => {
      log.info("hello from the worker", { n: 1 });
      progress(1, 4, "toys");
      progress(2, 4, "toys");
      progress(4, 4, "toys");
      return {};
    },
    retryable: async () => {
      throw new RetryableError("busy", { retryAfterMs: 1234, advice: "Wait.", outage: true });
    },
    permanent: async () => {
      throw new PermanentError("wrong", { advice: "Mend it." });
    },
    refused: async () => {
      throw Object.assign(new Error("no route"), { code: "ECONNREFUSED" });
    },
    unsendable: async () => ({ output: (() => {}) as never }),
    permits: async ({ input, signal }) => {
      for (let count = 0; count < Number(input); count++) await permit("toys", signal);
      return { output: "all" };
    },
    waits: ({ signal }) =>
      new Promise((_, reject) => {
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
    ignores: ({ log }) => {
      log.info("ignoring");
      return forever();
    },
    spins: async ({ log }) => {
      log.info("spinning");
      await Bun.sleep(20);
      for (;;);
    },
    exits: async () => process.exit(3),
    floats: async () => {
      queueMicrotask(() => {
        throw new Error("nobody catches this");
      });
      return await forever();
    },
  };
}

const receive = createWorkerRuntime(makeHandlers, (message) => self.postMessage(message));
self.onmessage = (event) => receive(event.data);
