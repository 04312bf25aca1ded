import { Cron } from "croner";
import type { Logger } from "pino";
import type { Sql } from "../db/client.ts";
import { lockService, type ServiceLock, unlockService } from "../db/queries/operations/services.ts";
import { RequestError } from "./orchestrator/types.ts";

/** What the process starts when it takes work, and stops before the connections that it works on are closed. */
export type Service = {
  start(): void | Promise<void>;
  /** Answers when no work is under way any more. */
  stop(): Promise<void>;
};

/** A time of day, as a cron expression in the time of a place. */
export type Hour = { cron: string; timeZone: string };

/** What makes a daily service look whether it is due. */
type Occasion = "start" | "hour";

export type DailyOptions<Asked> = {
  /** Besides the connections that the work needs, one holds the lock. */
  sql: Sql;
  lock: ServiceLock;
  hour: Hour;
  /** How long ago the last time must have begun for it to be due, by what makes it look. */
  restMs: Record<Occasion, number>;
  /** Whether a start finds it due that was never done before. The hour always does. */
  isFirstDueAtStart: boolean;
  /** When the last time began that went well; undefined before the first. */
  selectLast(): Promise<Date | undefined>;
  /** Opens a record and answers its id. `asked` is null where nobody asked for it. */
  open(asked: Asked | null): Promise<number>;
  /** Does the work, and keeps in the record how it went. What it throws is logged. */
  work(id: number, asked: Asked | null, signal: AbortSignal): Promise<void>;
  /** What is done, as the subject of log lines. */
  title: string;
  /** Told to whoever asks for it while it is under way. */
  refusal: string;
  log: Logger;
  now(): Date;
  /** Calls `tick` at each hour until the function that it answers is called; croner does where it is left out. */
  clock?(hour: Hour, tick: () => void): () => void;
};

/**
 * Work that is done once a day by one of the processes that share a database, and whenever somebody asks for it. Once started it
 * looks at each hour, and at once: for whoever slept through the hour. A stop aborts the signal of what is under way.
 */
export type DailyService<Asked> = Service & {
  /** Does the work unless somebody is at it, or was lately. Answers when it is done. */
  runIfDue(occasion: Occasion): Promise<void>;
  /** Begins the work and answers its record's id. Throws a RequestError while it is under way, here or elsewhere. */
  begin(asked: Asked): Promise<number>;
};

/** Makes a daily service; it does nothing by itself until started. An error does not end it: the next look tries again. */
export function createDailyService<Asked>(options: DailyOptions<Asked>): DailyService<Asked> {
  const { log, title, clock = wakeDaily } = options;
  const stopping = new AbortController();
  const underWay = new Set<Promise<unknown>>();
  let stopClock = () => {};

  const track = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  };
  /** What fails because the process stops is no news. */
  const report = (error: unknown, message: string) => {
    if (!stopping.signal.aborted) log.error({ error }, message);
  };

  const runIfDue = async (occasion: Occasion) => {
    await alone(options, async () => {
      // Looked at under the lock: of several processes that the same hour woke, the first has done it.
      const isDue = isDueAfter(await options.selectLast(), occasion, options);
      if (stopping.signal.aborted || !isDue) return;
      await options.work(await options.open(null), null, stopping.signal);
    });
  };
  const look = (occasion: Occasion) =>
    void track(runIfDue(occasion)).catch((error) => report(error, `${title} could not begin`));

  return {
    start() {
      stopClock = clock(options.hour, () => look("hour"));
      look("start");
    },
    async stop() {
      stopClock();
      stopping.abort();
      await Promise.allSettled([...underWay]);
    },
    runIfDue: (occasion) => track(runIfDue(occasion)),
    begin(asked) {
      const { promise: begun, resolve, reject } = Promise.withResolvers<number>();
      const work = alone(options, async () => {
        const id = await options.open(asked);
        resolve(id);
        await options.work(id, asked, stopping.signal).catch((error) => {
          report(error, `${title} could not end in good order`);
        });
      });
      track(work).then((isMine) => isMine || reject(new RequestError("conflict", options.refusal)), reject);
      return begun;
    },
  };
}

/** Does `work` while no other process, and nobody in this one, is at it; false where somebody is. */
async function alone(
  { sql, lock }: Pick<DailyOptions<never>, "sql" | "lock">,
  work: () => Promise<void>,
): Promise<boolean> {
  // A session's lock, as a transaction of that length would stand idle. The server frees the lock of a process that dies.
  const connection = await sql.reserve();
  try {
    if (!(await lockService(connection, lock))) return false;
    try {
      await work();
    } finally {
      // A connection that is lost has lost the lock with it.
      await unlockService(connection, lock).catch(() => {});
    }
    return true;
  } finally {
    connection.release();
  }
}

function isDueAfter(
  last: Date | undefined,
  occasion: Occasion,
  { restMs, isFirstDueAtStart, now }: Pick<DailyOptions<never>, "restMs" | "isFirstDueAtStart" | "now">,
): boolean {
  if (!last) return occasion === "hour" || isFirstDueAtStart;
  return now().getTime() - last.getTime() >= restMs[occasion];
}

/** Only wakes: an hour that is slept through is found at the next start. */
function wakeDaily({ cron, timeZone }: Hour, tick: () => void): () => void {
  const clock = new Cron(cron, { timezone: timeZone, unref: true }, tick);
  return () => clock.stop();
}
