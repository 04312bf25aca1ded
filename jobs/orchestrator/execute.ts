import type { Logger } from "pino";
import type { JsonValue, Sql } from "../../db/client.ts";
import { isTransientDatabaseError } from "../../db/errors.ts";
import { selectClaimedEvents } from "../../db/queries/pipeline/events.ts";
import { selectRunEndedWith } from "../../db/queries/pipeline/run-ends.ts";
import { selectPartitionsOfRun } from "../../db/queries/pipeline/runs.ts";
import { type ClaimedTask, selectInputs, selectOutputs } from "../../db/queries/pipeline/tasks.ts";
import { recordFailure, recordSuccess } from "./advance.ts";
import { PermanentError, RetryableError } from "./errors.ts";
import type { Journal } from "./journal.ts";
import type { LogLevel } from "./messages.ts";
import type { Observer, TryOutcome } from "./observer.ts";
import type { WorkerPool } from "./pool-types.ts";
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
  observer: Observer;
  random(): number;
};

/** How long to wait before asking an unreachable database again whether it takes a result. */
const recordAgainMs = 500;

export function createExecutor(options: ExecutorOptions): Executor {
  const { sql, owner, journal, log } = options;

  /** Repeats `change` until the database takes it. Lines first, so that whoever sees a failed task sees its log. */
  const record = <T>(signal: AbortSignal, change: () => Promise<T>): Promise<T> =>
    patiently(signal, async () => {
      await journal.flush();
      return await change();
    });

  const succeed = async (job: JobDefinition, task: ClaimedTask, signal: AbortSignal, result: TaskResult) => {
    const advance = await record(signal, () => recordSuccess(sql, job, task, owner, result));
    log.debug(fieldsOf(job, task), advance === "lost" ? "task was no longer this process's" : "task succeeded");
    return advance;
  };

  const fail = async (
    job: JobDefinition,
    task: ClaimedTask,
    signal: AbortSignal,
    error: unknown,
  ): Promise<TryOutcome> => {
    const verdict = verdictOf(error, signal);
    if (verdict.kind === "cancelled") return "cancelled";
    const { message, advice } = verdict.error;
    const level = verdict.kind === "retry" ? "warn" : "error";
    journal.log({ id: task.id, try: task.tries }, level, message, advice ? { advice } : null);
    const { advance, delayMs } = await record(signal, () =>
      recordFailure(sql, job, task, owner, verdict, options.random),
    );
    const fields = { ...fieldsOf(job, task), reason: message };
    // Of a known error the message says all; of an unknown one, the stack says where to look.
    const isKnown = error instanceof PermanentError || error instanceof RetryableError;
    if (advance === "failed") log.error({ ...fields, advice, ...(!isKnown && { error }) }, "task failed");
    if (advance === "retry") log.warn({ ...fields, delayMs }, "task will be tried again");
    return advance;
  };

  return {
    async execute(job, task, signal) {
      const started = performance.now();
      let outcome: TryOutcome;
      let output: JsonValue = null;
      try {
        const result = await perform(options, job, task, signal);
        // What the database refuses for good (an output that is no JSON, say) fails the task as any error of its own.
        outcome = await succeed(job, task, signal, result);
        output = result.output ?? null;
      } catch (error) {
        outcome = await fail(job, task, signal, error);
      }
      // Not waited for: the work is recorded, and its place is free.
      void tellEnd(options, job, task, { outcome, output, seconds: (performance.now() - started) / 1000 });
    },
  };
}

/** Tells of a try that ended, and of the run that ended with it. */
async function tellEnd(
  { sql, log, observer }: ExecutorOptions,
  job: JobDefinition,
  task: ClaimedTask,
  end: { outcome: TryOutcome; output: JsonValue; seconds: number },
): Promise<void> {
  observer.tryEnded({ jobId: job.id, task: task.name, ...end });
  if (end.outcome !== "success" && end.outcome !== "failed") return;
  try {
    const run = await selectRunEndedWith(sql, task.id);
    if (!run) return;
    observer.runEnded({ jobId: job.id, ...run });
    const durationMs = Math.round(run.seconds * 1000);
    log.debug({ job: job.id, run: task.runId, state: run.state, durationMs }, "run ended");
  } catch (error) {
    log.debug({ ...fieldsOf(job, task), error }, "the end of a run could not be looked up");
  }
}

/** So many processes in a row died while they ran a task: it is what they died of. */
const mostLosses = 20;

/** Runs the task: beside us, or in a worker. */
async function perform(
  { sql, journal, pool }: ExecutorOptions,
  job: JobDefinition,
  task: ClaimedTask,
  signal: AbortSignal,
): Promise<TaskResult> {
  const definition = job.tasks[task.step];
  if (!definition) throw new Error(`${job.id} has no task at step ${task.step}.`);
  if (task.losses >= mostLosses) {
    throw new PermanentError(`${task.losses} processes in a row ended while they ran this task.`, {
      advice: "Look at the log of the process (memory, most often), then retry the task.",
    });
  }
  const context = makeContext(sql, journal, task, signal);
  if (definition.kind === "plain") return await definition.run(context);
  const listener = {
    log: (level: LogLevel, message: string, fields: Record<string, JsonValue> | null) =>
      journal.log({ id: task.id, try: task.tries }, level, message, fields),
    progress: context.progress,
  };
  const batch = { run: context.run, task: context.task, handler: definition.handler, input: task.input };
  return await pool.run(batch, listener, signal);
}

const fieldsOf = (job: JobDefinition, task: ClaimedTask) => ({
  job: job.id,
  run: task.runId,
  task: task.id,
  name: task.name,
  batch: task.mapIndex,
  try: task.tries,
});

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
    inputsOf: (name) => selectInputs(sql, task.runId, name),
  };
}
