import type { JsonValue } from "../../db/client.ts";

/** How one try ended here; `lost` where it was this process's no longer. */
export type TryOutcome = "success" | "retry" | "failed" | "lost" | "cancelled";

export type TryEnd = { jobId: string; task: string; outcome: TryOutcome; seconds: number; output: JsonValue };

/** The end of a run with a task that ended here; `seconds` from its first task on. */
export type RunEnd = { jobId: string; state: "success" | "failed" | "cancelled"; seconds: number };

/** Is told what this process does, as it does it: for metrics. It must not throw, and nobody waits for it. */
export type Observer = {
  tryEnded(end: TryEnd): void;
  runEnded(end: RunEnd): void;
  /** Batches that run now, and how many could. */
  batches(running: number, capacity: number): void;
  /** What a handler in a worker reported. */
  reported(report: JsonValue): void;
};

/** Told, and keeps nothing. */
export const silentObserver: Observer = {
  tryEnded() {},
  runEnded() {},
  batches() {},
  reported() {},
};
