import { type Collector, createCollector } from "../backtest/sweep/collect.ts";
import type { HeatMaps } from "../backtest/sweep/heat-map.ts";
import type { SweepResult } from "../backtest/sweep/result.ts";
import { countPoints } from "../backtest/sweep/space.ts";
import type { SweepPlan } from "../backtest/sweep/types.ts";
import type { Bars } from "../backtest/types.ts";
import type { FromSweepWorker, ToSweepWorker } from "./messages.ts";

/** Bun workers that share the points of one sweep at a time. They end when there has been no sweep for a while. */
export type SweepPool = {
  /** Runs a sweep; rejects as it failed, or with the signal's reason: the workers are ended then, whatever they are at. */
  run(bars: Bars, plan: SweepPlan, options: SweepOptions): Promise<SweepResult & { maps: HeatMaps }>;
  /** Workers alive now. */
  size(): number;
  close(): void;
};

export type SweepOptions = { signal: AbortSignal /** Points that have been run. */; progress(done: number): void };

/** What a chunk should take: short enough for a progress that moves, long enough that messages cost nothing. */
const chunkMs = 40;
const firstChunkPoints = 20;
const mostChunkPoints = 2000;
/** Chunks that a worker has at a time: the next one waits for it while the last one travels. */
const chunksAhead = 2;

export function createSweepPool(options: { size: number; idleMs: number; entry?: URL }): SweepPool {
  const { entry = new URL("./worker.ts", import.meta.url) } = options;
  const workers = new Set<Worker>();
  let idleTimer: Timer | undefined;
  const close = () => {
    clearTimeout(idleTimer);
    for (const worker of workers) worker.terminate();
    workers.clear();
  };
  const hire = (): Worker[] => {
    clearTimeout(idleTimer);
    while (workers.size < options.size) workers.add(new Worker(entry.href));
    return [...workers];
  };
  return {
    size: () => workers.size,
    close,
    run: async (bars, plan, { signal, progress }) => {
      signal.throwIfAborted();
      const collector = createCollector(plan);
      try {
        const team = hire();
        await withTeam(team, signal, (handlers) => runPoints({ team, bars, plan, collector, progress }, handlers));
        const { maps, ...ranking } = collector.finish();
        const result = await withTeam(team, signal, ({ resolve, handle }) => {
          handle((message) => message.type === "finished" && resolve(message.result));
          post(team[0], { type: "finish", ranking });
        });
        // Idle workers keep no process from ending.
        idleTimer = setTimeout(close, options.idleMs).unref();
        return { ...(result as SweepResult), maps };
      } catch (error) {
        close();
        throw error;
      }
    },
  };
}

const post = (worker: Worker | undefined, message: ToSweepWorker): void => worker?.postMessage(message);

type Handlers = {
  resolve(value?: unknown): void;
  /** Sets what is done about the workers' messages; failures are seen to already. */
  handle(receive: (message: FromSweepWorker, worker: Worker) => void): void;
};

/** Waits for what `start` asks of the workers; rejects where one of them fails or dies, or the signal says so. */
async function withTeam(team: Worker[], signal: AbortSignal, start: (handlers: Handlers) => void): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const onAbort = () => reject(signal.reason);
  const onClose = () => reject(new Error("A worker of the sweep ended unexpectedly."));
  signal.addEventListener("abort", onAbort, { once: true });
  for (const worker of team) worker.addEventListener("close", onClose);
  const handle: Handlers["handle"] = (receive) => {
    for (const worker of team) {
      worker.onmessage = ({ data }: MessageEvent<FromSweepWorker>) => {
        if (data.type === "failed") reject(new Error(data.message));
        else receive(data, worker);
      };
      worker.onerror = (event) => reject(new Error(`A worker of the sweep failed: ${event.message}`));
    }
  };
  try {
    start({ resolve, handle });
    return await promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
    for (const worker of team) worker.removeEventListener("close", onClose);
  }
}

type Running = {
  team: Worker[];
  bars: Bars;
  plan: SweepPlan;
  collector: Collector;
  progress(done: number): void;
};

/** Hands out the points until all have come back. Each worker's chunks grow to what takes it the time that they should. */
function runPoints({ team, bars, plan, collector, progress }: Running, { resolve, handle }: Handlers): void {
  const points = countPoints(plan.axes, plan.search);
  const sizes = new Map<Worker, number>();
  let next = 0;
  const give = (worker: Worker) => {
    const count = Math.min(sizes.get(worker) ?? firstChunkPoints, points - next);
    if (count === 0) return;
    post(worker, { type: "run", first: next, count });
    next += count;
  };
  handle((message, worker) => {
    if (message.type !== "chunk") return;
    collector.add(message.chunk);
    const fitting = Math.round((message.chunk.count * chunkMs) / Math.max(message.durationMs, 0.1));
    sizes.set(worker, Math.min(Math.max(fitting, 1), mostChunkPoints));
    progress(collector.done());
    if (collector.done() === points) resolve();
    else give(worker);
  });
  for (const worker of team) post(worker, { type: "begin", bars, plan });
  for (let ahead = 0; ahead < chunksAhead; ahead++) for (const worker of team) give(worker);
}
