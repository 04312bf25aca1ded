import { byTimer, type Later } from "../../../jobs/workspace/watch.ts";
import { createCollector } from "../../backtest/sweep/collect.ts";
import type { HeatMaps } from "../../backtest/sweep/heat-map.ts";
import type { SweepInput } from "../../backtest/sweep/input.ts";
import type { SweepResult } from "../../backtest/sweep/result.ts";
import { countPoints } from "../../backtest/sweep/space.ts";
import type { Chunk, SweepPlan } from "../../backtest/sweep/types.ts";
import type { Chosen, SweptMarket } from "../../backtest/sweep/universe.ts";
import type { Bars } from "../../backtest/types.ts";
import type { HeldBars } from "../../backtest/universe/types.ts";
import type { OwnFile } from "../workspace/catalogue.ts";
import { guardOwn, ownLimits } from "./guard.ts";
import { createSpans, type Span, type Spans } from "./spans.ts";
import { type Dealt, deal, post, withTeam } from "./team.ts";

/** Bun workers that share the points of one sweep at a time. They end when there has been no sweep for a while. */
export type SweepPool = {
  /** Runs a sweep; rejects as it failed, or with the signal's reason: the workers are ended then, whatever they are at. */
  run(source: SweepSource, plan: SweepPlan, options: SweepOptions): Promise<SweepResult & { maps: HeatMaps }>;
  /** Runs points of a sweep that another process has as a whole: span after span, until there is no other. Rejects as `run`. */
  runSpans(source: SweepSource, plan: SweepPlan, work: SpanWork): Promise<void>;
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

/** Points of a sweep that other processes run: what is left to be run here, and what is told of theirs. */
export type Elsewhere = {
  spans: Spans;
  /** Is told how to hand over points that were run elsewhere, and what to call where some are to be run here again. */
  begin(found: { add(chunk: Chunk): void; again(): void }): void;
};

type SweepOptions = {
  signal: AbortSignal;
  /** Points that have been run. */
  progress(done: number): void;
  /** All points are run here where it is left out. */
  elsewhere?: Elsewhere;
};

type SpanWork = {
  signal: AbortSignal;
  /** Keeps what a span gave. Answers the next; null where there is none. */
  next(found: readonly Chunk[]): Promise<Span | null>;
  first: Span;
};

/** Of the universe one point may take as long as a chunk should. */
const firstChunkPoints = { ticker: 20, universe: 1 };

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
  /** Does some work with workers that know what the points of a sweep are run on. */
  const withInput = async <Result>(
    source: SweepSource,
    plan: SweepPlan,
    asked: AbortSignal,
    work: (team: Team) => Promise<Result>,
  ): Promise<Result> => {
    asked.throwIfAborted();
    const path = source.file?.path ?? null;
    // What a file has done to its worker is met by no other sweep, and what it was before by none of its own.
    if (path !== null) close();
    const guard = path === null ? null : guardOwn(asked, { limits, later });
    const signal = guard?.signal ?? asked;
    try {
      const workers = hire();
      guard?.listen(workers);
      const atFirst = firstChunkPoints[source.scope];
      const input =
        source.scope === "ticker" ? source : await readInput(source, plan, { team: workers, atFirst }, signal);
      for (const worker of workers) post(worker, { type: "begin", input, plan, path });
      const result = await work({ workers, atFirst, signal });
      for (const worker of workers) post(worker, { type: "end" });
      // Idle workers keep no process from ending.
      if (path !== null) close();
      else idleTimer = setTimeout(close, options.idleMs).unref();
      return result;
    } catch (error) {
      close();
      throw error;
    } finally {
      guard?.stop();
    }
  };
  return {
    size: () => workers.size,
    close,
    run: (source, plan, asked) => withInput(source, plan, asked.signal, (team) => runAll(team, plan, asked)),
    runSpans: (source, plan, work) => withInput(source, plan, work.signal, (team) => runEach(team, work)),
  };
}

type Team = { workers: readonly Worker[]; atFirst: number; signal: AbortSignal };

/** Runs all points, here and elsewhere, and tells what was found. */
async function runAll(
  { workers: team, atFirst, signal }: Team,
  plan: SweepPlan,
  { progress, elsewhere }: SweepOptions,
): Promise<SweepResult & { maps: HeatMaps }> {
  const points = countPoints(plan.axes, plan.search);
  const collector = createCollector(plan);
  const add = (chunk: Chunk) => {
    collector.add(chunk);
    progress(collector.done());
  };
  const spans = elsewhere?.spans ?? createSpans(points);
  await withTeam(team, signal, (handlers) => {
    const again = deal({ team, spans, atFirst }, handlers, {
      ask: (span) => ({ type: "run", ...span }),
      take: (message) => {
        if (message.type !== "chunk") return null;
        add(message.chunk);
        return message.chunk.count;
      },
      isDone: () => collector.done() === points,
    });
    elsewhere?.begin({ add, again });
  });
  const { maps, ...ranking } = collector.finish();
  const result = await withTeam(team, signal, ({ resolve, handle }) => {
    handle((message) => message.type === "finished" && resolve(message.result));
    post(team[0], { type: "finish", ranking });
  });
  return { ...(result as SweepResult), maps };
}

/** Runs one span after another, for a process that has the sweep as a whole. */
async function runEach({ workers: team, atFirst, signal }: Team, { first, next }: SpanWork): Promise<void> {
  for (let span: Span | null = first; span !== null; ) {
    const found: Chunk[] = [];
    const { count } = span;
    const spans = createSpans(span.first + count, [{ first: 0, count: span.first }]);
    await withTeam(team, signal, (handlers) => {
      deal({ team, spans, atFirst }, handlers, {
        ask: (part) => ({ type: "run", ...part }),
        take: (message) => {
          if (message.type !== "chunk") return null;
          found.push(message.chunk);
          return message.chunk.count;
        },
        isDone: () => found.reduce((done, chunk) => done + chunk.count, 0) === count,
      });
    });
    span = await next(found);
  }
}

/** Reads the market, asks the workers whom the points choose from it, and reads the bars of those alone. */
async function readInput(
  source: SweepSource & { scope: "universe" },
  plan: SweepPlan,
  { team, atFirst }: Omit<Dealt, "spans">,
  signal: AbortSignal,
): Promise<SweepInput> {
  const { market, readBars } = await unlessAborted(source.read(signal), signal);
  const points = countPoints(plan.axes, plan.search);
  let surveyed = 0;
  const chosen = new Uint8Array(new SharedArrayBuffer(market.sections.length * market.listings.length));
  await withTeam(team, signal, (handlers) => {
    for (const worker of team) post(worker, { type: "survey", market, plan, chosen, path: source.file?.path ?? null });
    deal({ team, spans: createSpans(points), atFirst }, handlers, {
      ask: (span) => ({ type: "choose", ...span }),
      take: (message) => {
        if (message.type !== "chosen") return null;
        surveyed += message.count;
        return message.count;
      },
      isDone: () => surveyed === points,
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
