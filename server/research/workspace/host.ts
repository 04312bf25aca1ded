import type { Later } from "../../../jobs/workspace/watch.ts";
import { type ReadMemory, residentMemory, watchMemory } from "./memory.ts";
import type { Failing, FromStrategyWorker, Question, Questions, ToStrategyWorker } from "./messages.ts";
import { secondsOf } from "./words.ts";

/** A file of the workspace as it was when it was found: another text is another version. */
type StrategyFile = { path: string; version: string };

/** Why a file did not answer: what it threw, or that it was ended, for it took too long or too much. */
export class StrategyFailure extends Error {
  override readonly name = "StrategyFailure";
  readonly file: string | null;
  readonly line: number | null;
  constructor({ message, file, line }: Failing) {
    super(message);
    this.file = file;
    this.line = line;
  }
}

/** Runs files of the workspace, each in a worker of its own, which can be ended whatever it is at. */
export type StrategyHost = {
  /** Asks a file; rejects with a StrategyFailure. Questions to one file wait for each other. */
  ask<Name extends Question>(
    file: StrategyFile,
    question: Name,
    asked: Questions[Name]["asked"],
  ): Promise<Questions[Name]["answer"]>;
  /** Workers alive now. */
  size(): number;
  close(): void;
};

export type StrategyLimits = {
  /** The longest that one answer may take. */
  answerMs: number;
  /** The most bytes that the process may grow by during one. */
  memory: number;
};

const strategyLimits: StrategyLimits = { answerMs: 10_000, memory: 512 * 1024 * 1024 };

/** Workers that wait for the next question; who asked last is kept. Each holds some ten megabytes. */
const mostIdle = 3;
/** Who runs a strategy usually runs it again; after that its memory is given back. */
const idleMs = 60_000;

type Hired = { worker: Worker; version: string; stopIdling(): void };

type Options = { limits?: StrategyLimits; later: Later; readMemory?: ReadMemory };

export function createStrategyHost({
  limits = strategyLimits,
  later,
  readMemory = residentMemory,
}: Options): StrategyHost {
  const hired = new Map<string, Hired>();
  const last = new Map<string, Promise<unknown>>();

  const dismiss = (path: string) => {
    const found = hired.get(path);
    hired.delete(path);
    found?.stopIdling();
    found?.worker.terminate();
  };
  const hire = ({ path, version }: StrategyFile): Worker => {
    if (hired.get(path)?.version !== version) dismiss(path);
    const known = hired.get(path);
    known?.stopIdling();
    // No variable of ours: passwords and keys are among them.
    const worker = known?.worker ?? new Worker(new URL("./worker.ts", import.meta.url).href, { env: {} });
    hired.delete(path);
    hired.set(path, { worker, version, stopIdling: () => {} });
    return worker;
  };
  const rest = (path: string) => {
    const found = hired.get(path);
    if (found === undefined) return;
    found.stopIdling = later(() => dismiss(path), idleMs);
    const idle = [...hired.keys()].filter((other) => !last.has(other) || other === path);
    for (const oldest of idle.slice(0, -mostIdle)) dismiss(oldest);
  };

  const askNow = async (file: StrategyFile, message: ToStrategyWorker): Promise<unknown> => {
    try {
      const told = await waitFor(hire(file), message, { limits, later, readMemory });
      if (told.type === "failed") throw new StrategyFailure(told);
      return told.answer;
    } catch (error) {
      if (error instanceof Ended) dismiss(file.path);
      throw error instanceof Ended ? new StrategyFailure({ message: error.message, file: null, line: null }) : error;
    }
  };

  return {
    size: () => hired.size,
    close: () => {
      for (const path of [...hired.keys()]) dismiss(path);
    },
    ask: async <Name extends Question>(file: StrategyFile, question: Name, asked: Questions[Name]["asked"]) => {
      const { path } = file;
      const message = { question, path, ...asked } as unknown as ToStrategyWorker;
      const before = last.get(path) ?? Promise.resolve();
      const answer = before.then(() => askNow(file, message));
      const settled = answer.then(
        () => {},
        () => {},
      );
      last.set(path, settled);
      try {
        return (await answer) as Questions[Name]["answer"];
      } finally {
        if (last.get(path) === settled) {
          last.delete(path);
          rest(path);
        }
      }
    },
  };
}

/** The end of a worker that did not answer. */
class Ended extends Error {}

/** One answer of a worker, within the limits. */
async function waitFor(
  worker: Worker,
  message: ToStrategyWorker,
  { limits, later, readMemory }: Required<Options>,
): Promise<FromStrategyWorker> {
  const { promise, resolve, reject } = Promise.withResolvers<FromStrategyWorker>();
  const end = (why: string) => reject(new Ended(why));
  const onClose = () => end("It ended its worker before it had answered.");
  worker.onmessage = ({ data }: MessageEvent<FromStrategyWorker>) => resolve(data);
  worker.onerror = (event) => end(`Its worker failed: ${event.message}`);
  worker.addEventListener("close", onClose);
  const stopWaiting = later(
    () => end(`It did not answer within ${secondsOf(limits.answerMs)}, and was ended: does it loop?`),
    limits.answerMs,
  );
  const stopWeighing = watchMemory({ read: readMemory, later, most: limits.memory }, () =>
    end(`It took more than ${Math.round(limits.memory / 2 ** 20)} MB of memory, and was ended.`),
  );
  try {
    worker.postMessage(message);
    return await promise;
  } finally {
    stopWaiting();
    stopWeighing();
    worker.removeEventListener("close", onClose);
  }
}
