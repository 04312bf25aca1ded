import { z } from "zod";
import {
  type BackfillPace,
  type BackfillRow,
  type BackfillRunRow,
  selectBackfillPace,
  selectBackfillPlan,
  selectBackfills,
  selectRunsOfBackfill,
} from "../../db/queries/backfills/read-backfills.ts";
import { isSession } from "../../jobs/market/calendar.ts";
import { findJob } from "../../jobs/orchestrator/declared.ts";
import { RequestError, type RunState, runStates } from "../../jobs/orchestrator/types.ts";
import type { ShownReason } from "../../views/backfills/reasons.ts";
import type { AppContext } from "../context.ts";
import { isWeekend, keptReasons } from "./reasons.ts";

/** What pages and API know of one backfill alike. */

const strategy = z.enum(["grouped", "per_ticker"]);

/** A plan as it was kept, by this version or an earlier one; what it does not tell is left empty. */
const storedPlan = z.object({
  strategy: strategy.nullable().catch(null),
  calls: z.number().nullable().catch(null),
  minutes: z.number().catch(0),
  alternative: z.object({ strategy, calls: z.number() }).nullable().catch(null),
  dates: z.array(z.string()).catch([]),
  reasons: keptReasons.catch([]),
  skipped: keptReasons.catch([]),
});
export type StoredPlan = z.output<typeof storedPlan>;

/** `closed`: a holiday. Weekends are left out: nobody expects a session on them. */
type SessionState = RunState | "skipped" | "closed";

/** One date of a backfill: how its run stands, or why it has none. */
export type BackfillSession = { date: string; state: SessionState; runId: number | null; reason: ShownReason | null };

const isRunState = (state: string): state is RunState => (runStates as readonly string[]).includes(state);

/** One backfill of the list. Throws a RequestError where there is none. */
export async function findBackfill({ read }: Pick<AppContext, "read">, id: number): Promise<BackfillRow> {
  const [row] = await selectBackfills(read, { id }, 1);
  if (!row) throw new RequestError("not_found", `There is no backfill ${id}.`, "id");
  return row;
}

/** The plan of a backfill, and each date of it but weekends, ascending. */
export async function readSessions(
  { read }: Pick<AppContext, "read">,
  id: number,
): Promise<{ plan: StoredPlan; sessions: BackfillSession[] }> {
  const [kept, runs] = await Promise.all([selectBackfillPlan(read, id), selectRunsOfBackfill(read, id)]);
  const plan = storedPlan.parse(typeof kept === "object" && !Array.isArray(kept) ? (kept ?? {}) : {});
  return { plan, sessions: listSessions(plan, runs) };
}

/** The dates of a plan with the runs that were made for them; one run may answer for all. */
export function listSessions(plan: StoredPlan, runs: BackfillRunRow[]): BackfillSession[] {
  const byDate = new Map(runs.map((run) => [run.partition, run]));
  const range = runs.find((run) => run.partitionTo !== run.partition);
  const reasons = new Map(plan.reasons.map(({ date, reason }) => [date, reason]));
  const wanted = plan.dates.map((date): BackfillSession => {
    const run = range ?? byDate.get(date);
    const reason = reasons.get(date) ?? null;
    if (!run || !isRunState(run.state)) return { date, state: "skipped", runId: null, reason: { kind: "no_run" } };
    return { date, state: run.state, runId: run.id, reason };
  });
  const left = plan.skipped
    .filter(({ date, reason }) => !isWeekend(reason) || isSession(date))
    .map(({ date, reason }): BackfillSession => {
      const runId = "runId" in reason ? reason.runId : null;
      return { date, state: isSession(date) ? "skipped" : "closed", runId, reason };
    });
  return [...wanted, ...left].sort((a, b) => (a.date < b.date ? -1 : 1));
}

/** How a backfill gets on: what of it is done, how fast it went lately, and how long the rest takes at that rate. */
export type Progress = {
  /** In sessions, or in batches where one run covers all of them. */
  unit: "session" | "batch";
  done: number;
  total: number;
  /** A minute, over the last minutes; null while nothing has ended in them. */
  perMinute: number | null;
  callsPerMinute: number | null;
  /** Milliseconds; null where it is paused or has ended, or its rate is not known yet. */
  timeLeftMs: number | null;
};

/** Long enough to hold several calls at five a minute, short enough to follow a change of pace. */
const paceMs = 5 * 60_000;

/** Reads how a backfill gets on. */
export async function readProgress(context: AppContext, row: BackfillRow): Promise<Progress> {
  const job = findJob(context.pipeline.orchestrator.jobs, row.jobId);
  const task = job?.tasks.find(({ kind }) => kind === "mapped")?.name ?? "";
  const now = context.now();
  const from = new Date(now.getTime() - paceMs);
  const pace = await selectBackfillPace(context.read, { id: row.id, jobId: row.jobId, task, from });
  return progressOf(row, pace, now);
}

/** The figures of a backfill from its counts and its pace. */
function progressOf(row: BackfillRow, pace: BackfillPace, now: Date): Progress {
  const ended = row.success + row.failed + row.cancelled;
  const isOneRun = row.runs === 1 && (row.sessions ?? 0) > 1;
  const amounts = !isOneRun
    ? { unit: "session" as const, done: ended, total: row.runs, lately: pace.runs }
    : row.isActive
      ? { unit: "batch" as const, done: pace.batchesDone, total: pace.batchesPlanned, lately: pace.batches }
      : { unit: "session" as const, done: row.sessions ?? 0, total: row.sessions ?? 0, lately: 0 };
  const minutes = pace.since === null ? 0 : (now.getTime() - pace.since.getTime()) / 60_000;
  const isMoving = row.isActive && !row.paused && !row.jobPaused && minutes > 0;
  const rate = (count: number) => (isMoving && count > 0 ? count / minutes : null);
  const perMinute = rate(amounts.lately);
  const { unit, done, total } = amounts;
  return {
    unit,
    done,
    total,
    perMinute,
    callsPerMinute: rate(pace.calls),
    timeLeftMs: perMinute === null ? null : ((total - done) / perMinute) * 60_000,
  };
}
