import { Cron } from "croner";
import type { Logger } from "pino";
import type { JsonValue, Sql, TransactionSql } from "../../db/client.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { notifyWake } from "../../db/queries/pipeline/wake.ts";
import {
  finishDriftCheck,
  insertDriftCheck,
  lockBuilds,
  prepareDriftSession,
  selectLastDriftCheck,
  tryLockDrift,
} from "../../db/queries/quality/drift.ts";
import { newYorkDate } from "../market/calendar.ts";
import { type Actor, RequestError } from "../orchestrator/types.ts";
import { type LoadedProject, loadProject } from "../transform/project/load.ts";
import { checkDrift } from "./check.ts";
import type { Drift, DriftRequest, DriftResult } from "./types.ts";

export type DriftOptions = {
  /** A pool of its own with three connections: one holds the locks, one compares, one keeps the record. */
  sql: Sql;
  /** The folder of dbt_project.yml. */
  projectDir: string;
  /** What `env_var` may read, as in a build; nothing where left out. */
  environment?: Record<string, string>;
  log: Logger;
  now(): Date;
};

/** New York's early morning: the session of the day before was published at night, and housekeeping is over. */
const checkHour = { cron: "30 5 * * *", timeZone: "America/New_York" };
/** A little less than a day, so that a clock that runs early does not skip one. */
const dueAfterMs = 23 * 3_600_000;
const usualSample = 20;

/** Makes the drift check; it does nothing by itself until started. */
export function createDrift(options: DriftOptions): Drift {
  const { sql, log, now } = options;
  const underWay = new Set<Promise<unknown>>();
  let clock: Cron | undefined;
  let stopped = false;

  const track = <T>(work: Promise<T>): Promise<T> => {
    underWay.add(work);
    return work.finally(() => underWay.delete(work));
  };

  /** Runs `work` while no other process checks; false where one does. */
  const alone = async (work: () => Promise<void>): Promise<boolean> =>
    (await sql.begin(async (holder) => {
      if (!(await tryLockDrift(holder))) return false;
      await work();
      return true;
    })) as boolean;

  const runIfDue = async (isFirstDue = true) => {
    await alone(async () => {
      // Looked at under the lock: of several processes that the same hour woke, the first has done it.
      const last = await selectLastDriftCheck(sql);
      const isDue = last ? now().getTime() - last.getTime() >= dueAfterMs : isFirstDue;
      if (stopped || !isDue) return;
      await checkAndKeep(options, await insertDriftCheck(sql, "schedule"), {});
    });
  };

  const look = (isFirstDue: boolean) =>
    void track(runIfDue(isFirstDue)).catch((error) => {
      if (!stopped) log.error({ error }, "the drift check could not begin");
    });

  return {
    start() {
      clock = new Cron(checkHour.cron, { timezone: checkHour.timeZone, unref: true }, () => look(true));
      // For whoever slept through the hour; a new installation has nothing to look at yet.
      look(false);
    },
    async stop() {
      stopped = true;
      clock?.stop();
      await Promise.allSettled([...underWay]);
    },
    runIfDue: () => runIfDue(),
    begin: (request, by) => {
      const { promise: begun, resolve, reject } = Promise.withResolvers<number>();
      const work = alone(async () => {
        const id = await openRecord(sql, request, by);
        resolve(id);
        await checkAndKeep(options, id, request);
      });
      const refusal = new RequestError("conflict", "A drift check is under way already; wait until it has ended.");
      track(work).then(
        (mine) => mine || reject(refusal),
        (error) => {
          reject(error);
          if (!stopped) log.error({ error }, "the drift check could not end in good order");
        },
      );
      return begun;
    },
  };
}

/** The record of a check that somebody asked for, with a line that says who. */
async function openRecord(sql: Sql, request: DriftRequest, by: Actor): Promise<number> {
  const id = await insertDriftCheck(sql, "manual");
  const details = { driftCheck: id, ...(request.tickers && { tickers: request.tickers }) };
  await insertAction(sql, { actor: by.name, via: by.via, kind: "drift.check", details });
  return id;
}

/** Checks, and keeps what was found, or why nothing could be. What differs is told: alerts look at the record. */
async function checkAndKeep(options: DriftOptions, id: number, request: DriftRequest): Promise<void> {
  const { sql, log } = options;
  const started = performance.now();
  const fields = () => ({ driftCheck: id, durationMs: Math.round(performance.now() - started) });
  try {
    const found = await checkNow(options, request);
    const { tickers, rows, differences, models, example } = found;
    await finishDriftCheck(sql, id, {
      ...{ tickers, rows, differences, error: null },
      models: models as unknown as JsonValue,
      example: example as JsonValue,
    });
    const about = { ...fields(), tickers: tickers.length, rows, differences };
    if (differences === 0) log.info(about, "published rows equal recomputed ones");
    else log.error({ ...about, example }, "published rows differ from recomputed ones");
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    log.error({ ...fields(), error }, "the drift check failed");
    const nothing = { tickers: [], rows: 0, differences: 0, models: [], example: null };
    await finishDriftCheck(sql, id, { ...nothing, error: message });
  }
  await notifyWake(sql);
}

async function checkNow(options: DriftOptions, request: DriftRequest): Promise<DriftResult> {
  const { sql, projectDir, environment = {}, now } = options;
  const loaded: LoadedProject = loadProject({ projectDir, variables: {}, environment });
  const day = newYorkDate(now());
  const sample = {
    tickers: request.tickers ?? null,
    size: request.tickers?.length ?? request.sample ?? usualSample,
    seed: day,
    today: day,
  };
  let found: DriftResult | undefined;
  const done = new Error("Nothing of a check is to stay.");
  const check = async (transaction: TransactionSql): Promise<void> => {
    await prepareDriftSession(transaction);
    found = await checkDrift(transaction, loaded, sample);
    throw done;
  };
  // The lock is another connection's: taken inside, it would be waited for with a snapshot already old.
  await sql
    .begin(async (holder) => {
      await lockBuilds(holder);
      await sql.begin("isolation level repeatable read", check);
    })
    .catch((error) => {
      if (error !== done) throw error;
    });
  if (!found) throw new Error("The check ended without an answer.");
  return found;
}
