import type { Logger } from "pino";
import type { JsonValue, Sql } from "../../db/client.ts";
import { isTransientDatabaseError } from "../../db/errors.ts";
import { selectClaimedEvents } from "../../db/queries/events.ts";
import { selectPartitionsOfRun } from "../../db/queries/runs.ts";
import { type ClaimedTask, selectOutputs } from "../../db/queries/tasks.ts";
import { recordFailure, recordSuccess } from "./advance.ts";
import { RetryableError } from "./errors.ts";
import type { Journal } from "./journal.ts";
import type { LogLevel } from "./messages.ts";
import type { WorkerPool } from "./pool.ts";
import { judge, type Verdict } from "./retry.ts";
import type { JobDefinition, PlainTaskContext, RunReference, RunTrigger, TaskLog, TaskResult } from "./types.ts";

/** Runs claimed tasks to their end and records it. */
export type Executor = {
  /** Resolves when the try is recorded, or given up because it is this process's no longer. */
  execute(job: JobDefinition, task: ClaimedTask, signal: AbortSignal): Promise<void>;
};

export type ExecutorOptions = {
  sql: Sql;
  owner: string;
  pool: WorkerPool;
  journal: Journal;
  log: Logger;
  random(): number;
};

/** How long to wait before asking an unreachable database again whether it takes a result. */
const recordAgainMs = 500;

export function createExecutor(options: ExecutorOptions): Executor {
  const { sql, owner, journal, log } = options;

  const perform = (job: JobDefinition, task: ClaimedTask, signal: AbortSignal): Promise<TaskResult> => {
    const definition = job.tasks[task.step];
    if (!definition) throw new Error(`${job.id} has no task at step ${task.step}.`);
    const context = makeContext(sql, journal, task, signal);
    if (definition.kind === "plain") return definition.run(context);
    const listener = {
      log: (level: LogLevel, message: string, fields: Record<string, JsonValue> | null) =>
        journal.log({ id: task.id, try: task.tries }, level, message, fields),
      progress: context.progress,
    };
    const batch = { run: context.run, task: context.task, handler: definition.handler, input: task.input };
    return options.pool.run(batch, listener, signal);
  };

  const conclude = async (
    job: JobDefinition,
    task: ClaimedTask,
    signal: AbortSignal,
    outcome: TaskResult | Verdict,
  ) => {
    const fields = {
      job: job.id,
      run: task.runId,
      task: task.id,
      name: task.name,
      batch: task.mapIndex,
      try: task.tries,
    };
    if (!("kind" in outcome)) {
      await patiently(signal, () => recordSuccess(sql, job, task, owner, outcome));
      log.debug(fields, "task succeeded");
      return;
    }
    if (outcome.kind === "cancelled") return;
    const { advance, delayMs } = await patiently(signal, () =>
      recordFailure(sql, job, task, owner, outcome, options.random),
    );
    const { message, advice } = outcome.error;
    if (advance === "failed") log.error({ ...fields, reason: message, advice }, "task failed");
    if (advance === "retry") log.warn({ ...fields, reason: message, delayMs }, "task will be tried again");
  };

  return {
    async execute(job, task, signal) {
      const tried = { id: task.id, try: task.tries };
      let outcome: TaskResult | Verdict;
      try {
        outcome = await perform(job, task, signal);
      } catch (error) {
        outcome = verdictOf(error, signal);
        if (outcome.kind !== "cancelled") {
          const { message, advice } = outcome.error;
          journal.log(tried, outcome.kind === "retry" ? "warn" : "error", message, advice ? { advice } : null);
        }
        if (outcome.kind === "fail") log.error({ err: error, task: task.id, run: task.runId }, "task raised an error");
      }
      journal.forget(task.id);
      // Before the end is recorded, so that whoever sees a failed task sees its log.
      await journal.flush();
      await conclude(job, task, signal, outcome);
    },
  };
}

/** A query that the server cancelled without our asking (a statement timeout, an administrator) is tried again. */
function verdictOf(error: unknown, signal: AbortSignal): Verdict {
  const verdict = judge(error);
  if (signal.aborted) return { kind: "cancelled" };
  if (verdict.kind !== "cancelled") return verdict;
  return judge(new RetryableError(`The work was cut off: ${error instanceof Error ? error.message : String(error)}`));
}

/** Repeats `record` until the database answers: the work is done, and only its lease's end may make it void. */
async function patiently<T>(signal: AbortSignal, record: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await record();
    } catch (error) {
      if (!isTransientDatabaseError(error) || signal.aborted) throw error;
      await Bun.sleep(recordAgainMs);
    }
  }
}

function makeContext(sql: Sql, journal: Journal, task: ClaimedTask, signal: AbortSignal): PlainTaskContext {
  const tried = { id: task.id, try: task.tries };
  const at = (level: LogLevel) => (message: string, fields?: Record<string, JsonValue>) =>
    journal.log(tried, level, message, fields ?? null);
  const log: TaskLog = { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  const run: RunReference = {
    id: task.runId,
    jobId: task.jobId,
    trigger: task.trigger as RunTrigger,
    partition: task.partition,
    partitionTo: task.partitionTo,
    backfillId: task.backfillId,
    parameters: task.parameters,
  };
  return {
    run,
    task: { id: task.id, name: task.name, mapIndex: task.mapIndex, try: task.tries },
    input: task.input,
    signal,
    log,
    progress: (done, total, unit) => journal.progress(task.id, done, total, unit),
    claimedEvents: () => selectClaimedEvents(sql, task.runId),
    partitions: () => selectPartitionsOfRun(sql, task.runId),
    outputsOf: (name) => selectOutputs(sql, task.runId, name),
  };
}
