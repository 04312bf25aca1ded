import type { Logger } from "pino";
import { isDistributed, type JsonValue, type Sql, type TransactionSql } from "../../db/client.ts";
import { insertAction } from "../../db/queries/operations/actions.ts";
import { notifyWake } from "../../db/queries/pipeline/wake.ts";
import {
  finishDriftCheck,
  insertDriftCheck,
  lockBuilds,
  prepareDriftSession,
  selectLastDriftCheck,
} from "../../db/queries/quality/drift.ts";
import { createDailyService } from "../daily.ts";
import { newYorkDate } from "../market/calendar.ts";
import type { Actor } from "../orchestrator/types.ts";
import type { LoadedProject } from "../transform/project/assemble.ts";
import { loadProject } from "../transform/project/load.ts";
import { variablesOf } from "../transform/transform.ts";
import { checkDrift } from "./check.ts";
import type { Drift, DriftRequest, DriftResult } from "./types.ts";

export type DriftOptions = {
  /** A pool of its own with three connections: one holds the lock of the check, one that of the builds, one compares. */
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

type Asked = { request: DriftRequest; by: Actor };

/** Makes the drift check; it does nothing by itself until started. */
export function createDrift(options: DriftOptions): Drift {
  const { sql, log, now } = options;
  const service = createDailyService<Asked>({
    ...{ sql, log, now },
    lock: "drift",
    hour: checkHour,
    restMs: { start: dueAfterMs, hour: dueAfterMs },
    // A new installation has nothing to look at yet.
    isFirstDueAtStart: false,
    selectLast: () => selectLastDriftCheck(sql),
    open: (asked) => openRecord(sql, asked),
    work: (id, asked) => checkAndKeep(options, id, asked?.request ?? {}),
    title: "the drift check",
    refusal: "A drift check is under way already; wait until it has ended.",
  });
  return {
    start: service.start,
    stop: service.stop,
    runIfDue: () => service.runIfDue("hour"),
    begin: (request, by) => service.begin({ request, by }),
  };
}

/** The record of a check, with a line that says who asked for it. */
async function openRecord(sql: Sql, asked: Asked | null): Promise<number> {
  const id = await insertDriftCheck(sql, asked ? "manual" : "schedule");
  if (asked) {
    const { tickers } = asked.request;
    const details = { driftCheck: id, ...(tickers && { tickers }) };
    await insertAction(sql, { actor: asked.by.name, via: asked.by.via, kind: "drift.check", details });
  }
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
  const loaded: LoadedProject = loadProject({ projectDir, variables: variablesOf(isDistributed(sql)), environment });
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
