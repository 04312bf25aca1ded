import type { Sql, TransactionSql } from "../../db/client.ts";
import { selectHeldQuarantines } from "../../db/queries/market/read-quarantines.ts";
import { selectListedSplits } from "../../db/queries/market/splits.ts";
import { selectFailedJobs, selectStanding, selectTestOutcomes } from "../../db/queries/operations/alert-conditions.ts";
import { insertDeliveries, withdrawHeld } from "../../db/queries/operations/alert-deliveries.ts";
import {
  insertAlert,
  lockEvaluation,
  type OpenAlert,
  resolveAlert,
  selectOpenAlerts,
  selectPast,
  updateAlert,
} from "../../db/queries/operations/alerts.ts";
import { selectPublishedRange } from "../../db/queries/pipeline/publication.ts";
import { selectDriftChecks } from "../../db/queries/quality/drift.ts";
import { selectWorkspaceGroups } from "../../db/queries/quality/workspace.ts";
import { newYorkDate } from "../market/calendar.ts";
import { jobIds } from "../pipeline.ts";
import {
  driftFound,
  type Freshness,
  failedRuns,
  failedTests,
  heldTickers,
  overdueSession,
  splitsSetAside,
  staleData,
  type Verdict,
  workspaceFailed,
} from "./conditions.ts";
import { flapQuietMs, flapWindowMs, planAlerts, tellAt } from "./plan.ts";
import type { ChannelName, Problem } from "./types.ts";

export type EvaluateOptions = {
  sql: Sql;
  /** Names of the jobs for people, by id. */
  titles: ReadonlyMap<string, string>;
  channels: ChannelName[];
  staleAfterHours: number;
  startDate: string;
  catchup: "all" | "latest" | "none";
  now(): Date;
};

/** What changed; `busy` where another process is looking right now, and whatever it misses has to be looked for again. */
export type Evaluation = { busy: boolean; opened: Problem[]; recovered: OpenAlert[] };

/** Splits that are looked at: those that nobody has decided on come first. */
const splitsTold = 500;
/** How far before the overdue session the newest published one is looked for, to be named. */
const lookBackMs = 30 * 86_400_000;
/** Alerts that were over before then do not bear on whether a problem flaps, or was told within the quiet time. */
const pastMs = flapWindowMs + flapQuietMs;

/**
 * Looks for problems, and opens and ends alerts by them, each with its messages in the same transaction. One process at a
 * time: what it reads is newer than all that the one before it wrote, so that an old look never ends a new alert.
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  return await options.sql.begin(async (transaction) => {
    const result: Evaluation = { busy: false, opened: [], recovered: [] };
    if (!(await lockEvaluation(transaction))) return { ...result, busy: true };
    const now = options.now();
    const verdict = await findProblems(transaction, options, now);
    const plan = planAlerts(await selectOpenAlerts(transaction), verdict);
    for (const problem of plan.open) {
      if (await openAlert(transaction, problem, options.channels, now)) result.opened.push(problem);
    }
    for (const { id, problem } of plan.update) await updateAlert(transaction, id, problem);
    for (const alert of plan.resolve) {
      if (await endAlert(transaction, alert, options.channels, now)) result.recovered.push(alert);
    }
    return result;
  });
}

async function findProblems(transaction: TransactionSql, options: EvaluateOptions, now: Date): Promise<Verdict> {
  // The workspace's own job keeps no data from being published.
  const market = [jobIds.ingest, jobIds.load, jobIds.transform];
  const standing = await selectStanding(transaction, market);
  const verdicts = [
    failedRuns(await selectFailedJobs(transaction), options.titles),
    failedTests(await selectTestOutcomes(transaction, jobIds.transform)),
    heldTickers(await selectHeldQuarantines(transaction)),
    await findStaleness(transaction, { ...options, now, standing }),
    driftFound((await selectDriftChecks(transaction, 1))[0]),
    workspaceFailed(await selectWorkspaceGroups(transaction)),
    splitsSetAside(await selectListedSplits(transaction, { ticker: null, doubted: true, setAside: true }, splitsTold)),
  ];
  return {
    problems: verdicts.flatMap(({ problems }) => problems),
    undecided: verdicts.flatMap(({ undecided }) => undecided),
  };
}

async function findStaleness(transaction: TransactionSql, freshness: Freshness): Promise<Verdict> {
  const overdue = overdueSession(freshness);
  if (overdue === undefined) return staleData(freshness, null);
  const from = newYorkDate(Date.parse(overdue) - lookBackMs);
  const range = await selectPublishedRange(transaction as unknown as Sql, jobIds, from);
  return staleData(freshness, range?.last ?? null);
}

async function openAlert(
  transaction: TransactionSql,
  problem: Problem,
  channels: ChannelName[],
  now: Date,
): Promise<boolean> {
  const past = await selectPast(transaction, problem.key, new Date(now.getTime() - pastMs));
  const alertId = await insertAlert(transaction, problem, now);
  if (alertId === undefined) return false;
  if (channels.length > 0) {
    await insertDeliveries(transaction, { alertId, event: "opened", channels, at: tellAt(past, now), now });
  }
  return true;
}

/** Ends an alert, and tells those who were told that it had begun. */
async function endAlert(
  transaction: TransactionSql,
  alert: OpenAlert,
  channels: ChannelName[],
  now: Date,
): Promise<boolean> {
  if (!(await resolveAlert(transaction, alert.id, now))) return false;
  const told = await withdrawHeld(transaction, alert.id, now);
  const toTell = channels.filter((channel) => told.includes(channel));
  if (toTell.length > 0) {
    await insertDeliveries(transaction, { alertId: alert.id, event: "recovered", channels: toTell, at: now, now });
  }
  return true;
}
