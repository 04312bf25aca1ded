import type { JsonValue, TransactionSql } from "../../db/client.ts";
import { lockBackfills, settleBackfills } from "../../db/queries/backfills/backfills.ts";
import { type EndedRun, finishRuns, type RunRow } from "../../db/queries/pipeline/runs.ts";
import { insertTasks, type NewTask, type StepStates, selectStepStates } from "../../db/queries/pipeline/tasks.ts";
import { notifyWake } from "../../db/queries/pipeline/wake.ts";
import type { JobDefinition } from "./types.ts";

/** A step of a run of which a task has just ended; `batches` are what that task answered for the next step. */
export type EndedStep = { job: JobDefinition; run: RunRow; step: number; batches?: JsonValue[] | undefined };

/** Where a run stands after one of its tasks ended: others of the step go on, the next step is queued, or it is over. */
export type Moved = { kind: "waits" } | { kind: "queued" } | ({ kind: "ended"; seconds: number } & Outcome);
type Outcome = Pick<EndedRun, "state" | "error">;

/**
 * What follows once tasks have ended, by run. The caller holds the runs' locks, so the last batch of a step to end sees all
 * others. Batches of one run that end together move it on once.
 */
export async function moveOn(transaction: TransactionSql, ended: EndedStep[]): Promise<Map<number, Moved>> {
  const byRun = new Map(ended.map((one) => [one.run.id, one]));
  const steps = [...byRun.values()].map(({ run, step }) => ({ runId: run.id, step }));
  const states = new Map((await selectStepStates(transaction, steps)).map((state) => [state.runId, state]));
  const moved = new Map<number, Moved>();
  const queued: NewTask[] = [];
  const over: ({ run: RunRow } & Outcome)[] = [];
  for (const [runId, one] of byRun) {
    const state = states.get(runId);
    const outcome = outcomeOf(state);
    const tasks = outcome === undefined ? nextTasks(one) : [];
    if (state && state.active > 0) moved.set(runId, { kind: "waits" });
    else if (tasks.length > 0) moved.set(runId, { kind: "queued" });
    else over.push({ run: one.run, ...(outcome ?? { state: "success", error: null }) });
    if (moved.get(runId)?.kind === "queued") queued.push(...tasks);
  }
  if (queued.length > 0) await insertTasks(transaction, queued);
  for (const [runId, end] of await endRuns(transaction, over)) moved.set(runId, end);
  if (queued.length + over.length > 0) await notifyWake(transaction);
  return moved;
}

/** What a step that is over ends its run as; undefined where the run may go on. */
function outcomeOf(state: StepStates | undefined): Outcome | undefined {
  if (state && state.failed > 0) return { state: "failed", error: state.error };
  return state && state.cancelled > 0 ? { state: "cancelled", error: null } : undefined;
}

/** The tasks of the step after one; a mapped one without batches is passed over. None where the job has no further step. */
function nextTasks({ job, run, step, batches }: EndedStep): NewTask[] {
  const next = job.tasks[step + 1];
  if (!next) return [];
  const inputs = next.kind === "mapped" ? (batches ?? []) : [{}];
  if (inputs.length === 0) return nextTasks({ job, run, step: step + 1 });
  const { name } = next;
  return inputs.map((input, mapIndex) => ({
    ...{ runId: run.id, jobId: run.jobId, name, step: step + 1, mapIndex },
    ...{ priority: run.priority, input },
  }));
}

/** Ends runs, and their backfills with the last of their runs. */
export async function endRuns(
  transaction: TransactionSql,
  ended: ({ run: RunRow } & Outcome)[],
): Promise<Map<number, Extract<Moved, { kind: "ended" }>>> {
  if (ended.length === 0) return new Map();
  const rows = ended.map(({ run, state, error }) => ({ runId: run.id, state, error }));
  const seconds = new Map((await finishRuns(transaction, rows)).map((row) => [row.runId, row.seconds]));
  await settle(
    transaction,
    ended.map(({ run }) => run),
  );
  return new Map(
    rows.map(({ runId, state, error }) => [runId, { kind: "ended", seconds: seconds.get(runId) ?? 0, state, error }]),
  );
}

/** Brings the backfills that runs belong to in line with the runs' new states. */
export async function settle(transaction: TransactionSql, runs: RunRow[]): Promise<void> {
  const backfillIds = [...new Set(runs.flatMap(({ backfillId }) => backfillId ?? []))];
  if (backfillIds.length === 0) return;
  await lockBackfills(transaction, backfillIds);
  await settleBackfills(transaction, backfillIds);
}
