import type { Sql } from "../../db/client.ts";
import { selectLinesBefore } from "../../db/queries/pipeline/logs.ts";
import {
  selectTask,
  selectTriesOfTask,
  selectTryNumbers,
  type TaskDetail,
} from "../../db/queries/pipeline/read-tasks.ts";
import { findJob } from "../../jobs/orchestrator/declared.ts";
import { isActive, RequestError } from "../../jobs/orchestrator/types.ts";
import type { LogView } from "../../views/pipeline/log.tsx";
import type { TaskView } from "../../views/pipeline/task.tsx";
import type { TryView } from "../../views/pipeline/task-tries.tsx";
import type { AppContext } from "../context.ts";
import { type LogSubject, readLog, readLogQuery } from "./log-page.ts";

/** Tries that stand side by side, and the lines of each that can be compared at a glance. */
const triesShown = 6;
const linesOfTry = 12;
/** Milliseconds after a run's end that its pages still refresh themselves. */
const lingerMs = 60_000;

/** One task of a run. Throws where the run has none of that id. */
export async function findTask(context: AppContext, runId: number, taskId: number): Promise<TaskDetail> {
  const task = await selectTask(context.read, runId, taskId);
  if (!task) throw new RequestError("not_found", `Run ${runId} has no task ${taskId}.`);
  return task;
}

async function readTries(read: Sql, task: TaskDetail, before: number | null): Promise<TryView[]> {
  const tries = await selectTriesOfTask(read, task.id, before, triesShown);
  return await Promise.all(
    tries.map(async ({ lines: lineCount, ...attempt }) => {
      const filter = { runId: task.runId, taskId: task.id, try: attempt.number, level: null, text: null };
      const lines = lineCount === 0 ? [] : await selectLinesBefore(read, filter, null, linesOfTry);
      // The card says which try of which batch it is.
      return { ...attempt, lineCount, lines: lines.map((line) => ({ ...line, batch: null, try: 1 })) };
    }),
  );
}

/** Everything that a task's page shows but its log. `problem` is why the last request about it could not be done. */
export async function readTaskPage(
  context: AppContext,
  task: TaskDetail,
  before: number | null,
  problem: string | null,
): Promise<TaskView> {
  const job = findJob(context.pipeline.orchestrator.jobs, task.jobId);
  const tries = await readTries(context.read, task, before);
  const now = context.now();
  const path = `/runs/${task.runId}/tasks/${task.id}`;
  const oldest = tries.at(-1)?.number ?? 1;
  const isRunActive = isActive(task.runState);
  const endedMs = task.finishedAt === null ? Number.POSITIVE_INFINITY : now.getTime() - task.finishedAt.getTime();
  const { tries: tryCount, availableAt, ...rest } = task;
  return {
    ...rest,
    now,
    jobTitle: job?.title ?? task.jobId,
    description: job?.tasks.find((declared) => declared.name === task.name)?.description ?? "",
    tryCount,
    waitsUntil: task.state === "queued" && availableAt > now ? availableAt : null,
    isRunActive,
    isLive: isRunActive || endedMs < lingerMs,
    canRetry: task.state === "failed" || task.state === "cancelled",
    canClear: !isRunActive && task.state !== "cleared",
    canMark: task.state !== "cleared",
    problem,
    tries,
    olderTries: tries.length === triesShown && oldest > 1 ? `${path}?tries=${oldest}#tries` : null,
    url: before === null ? path : `${path}?tries=${before}`,
  };
}

/** The end of a task's log, live. */
export async function readTaskLog(context: AppContext, task: TaskDetail): Promise<LogView> {
  const job = findJob(context.pipeline.orchestrator.jobs, task.jobId);
  const subject: LogSubject = {
    title: `Log of ${task.name}`,
    path: `/runs/${task.runId}/tasks/${task.id}/log`,
    runId: task.runId,
    taskId: task.id,
    tries: await selectTryNumbers(context.read, task.id),
  };
  return await readLog(
    context.read,
    subject,
    job,
    readLogQuery(subject, () => undefined),
  );
}
