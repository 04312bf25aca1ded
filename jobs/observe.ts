import type { JsonValue } from "../db/client.ts";
import type { ApiCall } from "./market/http.ts";
import type { Limiter } from "./market/rate.ts";
import { type Observer, silentObserver } from "./orchestrator/observer.ts";

/** Is told what the pipeline does in this process, its workers included. It must not throw. */
export type PipelineObserver = Omit<Observer, "reported"> & {
  apiCalled(call: ApiCall): void;
  /** A call to the market API waited so long for its turn. */
  waited(seconds: number): void;
};

export const silentPipelineObserver: PipelineObserver = { ...silentObserver, apiCalled() {}, waited() {} };

/** The orchestrator's observer: what workers report are their calls. */
export const toOrchestratorObserver = (observer: PipelineObserver): Observer => ({
  ...observer,
  reported: (report) => observer.apiCalled(report as ApiCall),
});

/** A call as it crosses from a worker. */
export const toReport = ({ endpoint, outcome, seconds }: ApiCall): JsonValue => ({ endpoint, outcome, seconds });

/** Tells how long each wait for leave took. One that was given up is none. */
export function observeLimiter(limiter: Limiter, observer: PipelineObserver): Limiter {
  return {
    async acquire(signal) {
      const started = performance.now();
      await limiter.acquire(signal);
      observer.waited((performance.now() - started) / 1000);
    },
  };
}
