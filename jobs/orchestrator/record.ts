import type { Sql } from "../../db/client.ts";
import { insertEvents } from "../../db/queries/pipeline/events.ts";
import { lockRun, lockRuns, setRunSummaries } from "../../db/queries/pipeline/runs.ts";
import {
  type ClaimedTask,
  endTry,
  failTask,
  type HeldTry,
  requeueTask,
  selectFailures,
  succeedTasks,
} from "../../db/queries/pipeline/tasks.ts";
import { type Moved, moveOn } from "./advance.ts";
import type { RunEnd } from "./observer.ts";
import { backoffMs, type Verdict } from "./retry.ts";
import type { JobDefinition, TaskResult } from "./types.ts";

/** How a try ended for the orchestrator; `lost` where it was cancelled or taken over before it could be recorded. */
type Advance = "success" | "retry" | "failed" | "lost";

/** What became of a try, and of its run where that ended with it. */
export type Recorded = { advance: Advance; runEnd?: Omit<RunEnd, "jobId"> };

/** A try that succeeded, on its way into the database. */
export type Success = { job: JobDefinition; task: ClaimedTask; result: TaskResult };

/**
 * Records tasks that succeeded, with everything that follows from it, in one transaction: their outputs, their events, the
 * next tasks or batches, the ends of runs. Kill the process before the commit and nothing of it has happened. Answers
 * one by one.
 */
export async function recordSuccesses(sql: Sql, owner: string, successes: Success[]): Promise<Recorded[]> {
  return await sql.begin(async (transaction) => {
    const locked = await lockRuns(transaction, [...new Set(successes.map(({ task }) => task.runId))]);
    const runs = new Map(locked.map((run) => [run.id, run]));
    const given = successes.map(({ task, result }) => ({
      ...{ taskId: task.id, number: task.tries, output: result.output ?? null },
    }));
    const held = new Set(await succeedTasks(transaction, owner, given));
    const recorded = successes.flatMap(({ job, task, result }) => {
      const run = runs.get(task.runId);
      return run && held.has(task.id) ? [{ job, run, step: task.step, task, result, batches: result.batches }] : [];
    });
    if (recorded.length === 0) return successes.map(() => ({ advance: "lost" }));
    const events = recorded.flatMap(({ run, task, result }) =>
      (result.events ?? []).map((event) => ({ runId: run.id, taskId: task.id, ...event })),
    );
    if (events.length > 0) await insertEvents(transaction, events);
    const summaries = recorded.flatMap(({ run, result: { summary } }) =>
      summary === undefined ? [] : [{ runId: run.id, summary }],
    );
    if (summaries.length > 0) await setRunSummaries(transaction, summaries);
    const moved = await moveOn(transaction, recorded);
    const last = new Map(recorded.map(({ run, task }) => [run.id, task.id]));
    return successes.map(({ task }): Recorded => {
      if (!held.has(task.id)) return { advance: "lost" };
      return { advance: "success", ...(last.get(task.runId) === task.id && runEndOf(moved.get(task.runId))) };
    });
  });
}

function runEndOf(moved: Moved | undefined): Pick<Recorded, "runEnd"> {
  return moved?.kind === "ended" ? { runEnd: { state: moved.state, seconds: moved.seconds } } : {};
}

/** Records that a try failed: the task waits for its next one, or fails, and its run with it once no batch is under way. */
export async function recordFailure(
  sql: Sql,
  job: JobDefinition,
  task: ClaimedTask,
  owner: string,
  verdict: Exclude<Verdict, { kind: "cancelled" }>,
  random: () => number,
): Promise<Recorded & { delayMs: number }> {
  const held: HeldTry = { taskId: task.id, number: task.tries, owner };
  return await sql.begin(async (transaction) => {
    const run = await lockRun(transaction, task.runId);
    if (!run) return { advance: "lost" as const, delayMs: 0 };
    const failures = (await selectFailures(transaction, task.id)) + 1;
    if (verdict.kind === "retry" && (!verdict.counts || failures < job.maxTries)) {
      const delayMs = Math.max(verdict.atLeastMs, backoffMs(verdict.counts ? failures : task.tries, random));
      const again = { delayMs, counts: verdict.counts, error: verdict.error };
      if (!(await requeueTask(transaction, held, again))) return { advance: "lost" as const, delayMs: 0 };
      await endTry(transaction, held, "retry", verdict.error);
      return { advance: "retry" as const, delayMs };
    }
    if (!(await failTask(transaction, held, verdict.error))) return { advance: "lost" as const, delayMs: 0 };
    await endTry(transaction, held, "failed", verdict.error);
    const moved = await moveOn(transaction, [{ job, run, step: task.step }]);
    return { advance: "failed" as const, delayMs: 0, ...runEndOf(moved.get(run.id)) };
  });
}
