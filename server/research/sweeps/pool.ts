import { byTimer, type Later } from "../../../jobs/workspace/watch.ts";
import { createCollector } from "../../backtest/sweep/collect.ts";
import type { HeatMaps } from "../../backtest/sweep/heat-map.ts";
import type { SweepInput } from "../../backtest/sweep/input.ts";
import type { SweepResult } from "../../backtest/sweep/result.ts";
import { countPoints } from "../../backtest/sweep/space.ts";
import type { SweepPlan } from "../../backtest/sweep/types.ts";
import type { Chosen, SweptMarket } from "../../backtest/sweep/universe.ts";
import type { Bars } from "../../backtest/types.ts";
import type { HeldBars } from "../../backtest/universe/types.ts";
import type { OwnFile } from "../workspace/catalogue.ts";
import { residentMemory, watchMemory } from "../workspace/memory.ts";
import { secondsOf } from "../workspace/words.ts";
import type { FromSweepWorker, ToSweepWorker } from "./messages.ts";

/** Bun workers that share the points of one sweep at a time. They end when there has been no sweep for a while. */
export type SweepPool = {
  /** Runs a sweep; rejects as it failed, or with the signal's reason: the workers are ended then, whatever they are at. */
  run(source: SweepSource, plan: SweepPlan, options: SweepOptions): Promise<SweepResult & { maps: HeatMaps }>;
  /** Workers alive now. */
  size(): number;
  close(): void;
};

/**
 * Where a sweep's points get what they run on: bars that are there, or the universe, which is too large to wait in a queue and is
 * read when the sweep begins.
 */
export type SweepSource =
  /** `file` of both: what declares the strategy in the workspace; null of one that is shipped. */
  | { scope: "ticker"; file: OwnFile | null; bars: Bars }
  | { scope: "universe"; file: OwnFile | null; read(signal: AbortSignal): Promise<UniverseReading> };

/** A market that was read, and how the bars are read of every ticker while any point may hold it. */
type UniverseReading = {
  market: SweptMarket;
  readBars(chosen: Chosen): Promise<ReadonlyMap<number, HeldBars>>;
};

type SweepOptions = { signal: AbortSignal /** Points that have been run. */; progress(done: number): void };

/** What a chunk should take: short enough for a progress that moves, long enough that messages cost nothing. */
const chunkMs = 40;
/** Of the universe one point may take as long as a chunk should. */
const firstChunkPoints = { ticker: 20, universe: 1 };
const mostChunkPoints = 2000;
/** Chunks that a worker has at a time: the next one waits for it while the last one travels. */
const chunksAhead = 2;

/** How long workers may say nothing while they run a file of the workspace, and what the process may grow by meanwhile, in bytes. */
const ownLimits = { silentMs: 60_000, memory: 2 * 1024 * 1024 * 1024 };

type PoolOptions = { size: number; idleMs: number; entry?: URL; limits?: typeof ownLimits; later?: Later };

export function createSweepPool(options: PoolOptions): SweepPool {
  const { entry = new URL("./worker.ts", import.meta.url), limits = ownLimits, later = byTimer } = options;
  const workers = new Set<Worker>();
  let idleTimer: Timer | undefined;
  const close = () => {
    clearTimeout(idleTimer);
    for (const worker of workers) worker.terminate();
    workers.clear();
  };
  const hire = (): Worker[] => {
    clearTimeout(idleTimer);
    // No variable of ours: passwords and keys are among them, and a file of the workspace may run there.
    while (workers.size < options.size) workers.add(new Worker(entry.href, { env: {} }));
    return [...workers];
  };
  return {
    size: () => workers.size,
    close,
    run: async (source, plan, { signal: asked, progress }) => {
      asked.throwIfAborted();
      const collector = createCollector(plan);
      const path = source.file?.path ?? null;
      // What a file has done to its worker is met by no other sweep, and what it was before by none of its own.
      if (path !== null) close();
      const guard = path === null ? null : guardOwn(asked, { limits, later });
      const signal = guard?.signal ?? asked;
      try {
        const team = hire();
        guard?.listen(team);
        const dealt = { team, points: countPoints(plan.axes, plan.search), atFirst: firstChunkPoints[source.scope] };
        const input = source.scope === "ticker" ? source : await readInput(source, plan, dealt, signal);
        await withTeam(team, signal, (handlers) => {
          for (const worker of team) post(worker, { type: "begin", input, plan, path });
          deal(dealt, handlers, {
            ask: (first, count) => ({ type: "run", first, count }),
            take: (message) => {
              if (message.type !== "chunk") return null;
              collector.add(message.chunk);
              progress(collector.done());
              return message.chunk.count;
            },
          });
        });
        const { maps, ...ranking } = collector.finish();
        const result = await withTeam(team, signal, ({ resolve, handle }) => {
          handle((message) => message.type === "finished" && resolve(message.result));
          post(team[0], { type: "finish", ranking });
        });
        for (const worker of team) post(worker, { type: "end" });
        // Idle workers keep no process from ending.
        if (path !== null) close();
        else idleTimer = setTimeout(close, options.idleMs).unref();
        return { ...(result as SweepResult), maps };
      } catch (error) {
        close();
        throw error;
      } finally {
        guard?.stop();
      }
    },
  };
}

type Guard = { signal: AbortSignal; listen(team: readonly Worker[]): void; stop(): void };

/** Ends the sweep of a file that says nothing for too long, or takes too much memory: its signal aborts as the one that was asked with does. */
function guardOwn(asked: AbortSignal, { limits, later }: { limits: typeof ownLimits; later: Later }): Guard {
  const ended = new AbortController();
  let callOff = () => {};
  const wait = () => {
    callOff();
    callOff = later(() => {
      const message = `The strategy did not answer for ${secondsOf(limits.silentMs)}, and was ended: does it loop?`;
      ended.abort(new Error(message));
    }, limits.silentMs);
  };
  const stopWeighing = watchMemory({ read: residentMemory, later, most: limits.memory }, () =>
    ended.abort(new Error(`The sweep took more than ${limits.memory / 2 ** 20} MB of memory, and was ended.`)),
  );
  wait();
  return {
    signal: AbortSignal.any([asked, ended.signal]),
    listen: (team) => {
      for (const worker of team) worker.addEventListener("message", wait);
    },
    stop: () => {
      callOff();
      stopWeighing();
    },
  };
}

/** Reads the market, asks the workers whom the points choose from it, and reads the bars of those alone. */
async function readInput(
  source: SweepSource & { scope: "universe" },
  plan: SweepPlan,
  dealt: Dealt,
  signal: AbortSignal,
): Promise<SweepInput> {
  const { team } = dealt;
  const { market, readBars } = await unlessAborted(source.read(signal), signal);
  const chosen = new Uint8Array(new SharedArrayBuffer(market.sections.length * market.listings.length));
  await withTeam(team, signal, (handlers) => {
    for (const worker of team) post(worker, { type: "survey", market, plan, chosen, path: source.file?.path ?? null });
    deal(dealt, handlers, {
      ask: (first, count) => ({ type: "choose", first, count }),
      take: (message) => (message.type === "chosen" ? message.count : null),
    });
  });
  const bars = await unlessAborted(readBars(chosen), signal);
  return { scope: "universe", universe: { ...market, bars } };
}

/** What is waited for, or the signal's reason as soon as it says so. */
async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
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

/** Points to be handed out, and how many of them to each worker at first. */
type Dealt = { team: Worker[]; points: number; atFirst: number };

type Round = {
  ask(first: number, count: number): ToSweepWorker;
  /** How many points a message brings back; null where it brings none. */
  take(message: FromSweepWorker): number | null;
};

/** Hands out the points until all have come back. Each worker's chunks grow to what takes it the time that they should. */
function deal({ team, points, atFirst }: Dealt, { resolve, handle }: Handlers, { ask, take }: Round): void {
  const sizes = new Map<Worker, number>();
  let [next, done] = [0, 0];
  const give = (worker: Worker) => {
    const count = Math.min(sizes.get(worker) ?? atFirst, points - next);
    if (count === 0) return;
    post(worker, ask(next, count));
    next += count;
  };
  handle((message, worker) => {
    const count = take(message);
    if (count === null || !("durationMs" in message)) return;
    const fitting = Math.round((count * chunkMs) / Math.max(message.durationMs, 0.1));
    sizes.set(worker, Math.min(Math.max(fitting, 1), mostChunkPoints));
    done += count;
    if (done === points) resolve();
    else give(worker);
  });
  for (let ahead = 0; ahead < chunksAhead; ahead++) for (const worker of team) give(worker);
}
