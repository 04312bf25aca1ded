import type { FromSweepWorker, ToSweepWorker } from "./messages.ts";
import type { Span, Spans } from "./spans.ts";

export const post = (worker: Worker | undefined, message: ToSweepWorker): void => worker?.postMessage(message);

export type Handlers = {
  resolve(value?: unknown): void;
  /** Sets what is done about the workers' messages; failures are seen to already. */
  handle(receive: (message: FromSweepWorker, worker: Worker) => void): void;
};

/** Waits for what `start` asks of the workers; rejects where one of them fails or dies, or the signal says so. */
export async function withTeam(
  team: readonly Worker[],
  signal: AbortSignal,
  start: (handlers: Handlers) => void,
): Promise<unknown> {
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
export type Dealt = { team: readonly Worker[]; spans: Pick<Spans, "take">; atFirst: number };

type Round = {
  ask(span: Span): ToSweepWorker;
  /** How many points a message brings back; null where it brings none. */
  take(message: FromSweepWorker): number | null;
  /** Whether all have come back. */
  isDone(): boolean;
};

/** What a chunk should take: short enough for a progress that moves, long enough that messages cost nothing. */
const chunkMs = 40;
const mostChunkPoints = 2000;
/** Chunks that a worker has at a time: the next one waits for it while the last one travels. */
const chunksAhead = 2;

/**
 * Hands out the points until all have come back. Each worker's chunks grow to what takes it the time that they should. Answers what to
 * call where there may be more points, or where some have come back by another way.
 */
export function deal({ team, spans, atFirst }: Dealt, { resolve, handle }: Handlers, round: Round): () => void {
  const sizes = new Map<Worker, number>();
  const ahead = new Map<Worker, number>();
  const give = (worker: Worker) => {
    const under = ahead.get(worker) ?? 0;
    if (under >= chunksAhead) return;
    const span = spans.take(sizes.get(worker) ?? atFirst);
    if (span === null) return;
    post(worker, round.ask(span));
    ahead.set(worker, under + 1);
  };
  handle((message, worker) => {
    const count = round.take(message);
    if (count === null || !("durationMs" in message)) return;
    const fitting = Math.round((count * chunkMs) / Math.max(message.durationMs, 0.1));
    sizes.set(worker, Math.min(Math.max(fitting, 1), mostChunkPoints));
    ahead.set(worker, (ahead.get(worker) ?? 1) - 1);
    if (round.isDone()) resolve();
    else give(worker);
  });
  const look = () => {
    for (let place = 0; place < chunksAhead; place++) for (const worker of team) give(worker);
    if (round.isDone()) resolve();
  };
  look();
  return look;
}
