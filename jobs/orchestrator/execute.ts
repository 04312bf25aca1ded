import type { Logger } from "pino";
import type { JsonValue, Sql } from "../../db/client.ts";
import { isTransientDatabaseError } from "../../db/errors.ts";
import { selectClaimedEvents } from "../../db/queries/pipeline/events.ts";
import { selectPartitionsOfRun } from "../../db/queries/pipeline/runs.ts";
import { type ClaimedTask, selectInputs, selectOutputs } from "../../db/queries/pipeline/tasks.ts";
import { PermanentError, RetryableError } from "./errors.ts";
import type { Journal } from "./journal.ts";
import type { LogLevel } from "./messages.ts";
import type { Observer, RunEnd, TryOutcome } from "./observer.ts";
import type { WorkerPool } from "./pool-types.ts";
import { recordFailure } from "./record.ts";
import { createRecorder } from "./recorder.ts";
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
  const recorder = createRecorder(options);

  const succeed = async (
    job: JobDefinition,
    task: ClaimedTask,
    signal: AbortSignal,
    result: TaskResult,
  ): Promise<Ended> => {
    const { advance, runEnd } = await patiently(signal, () => recorder.success({ job, task, result }));
    log.debug(fieldsOf(job, task), advance === "lost" ? "task was no longer this process's" : "task succeeded");
    return { outcome: advance, output: result.output ?? null, ...(runEnd && { runEnd }) };
  };

  const fail = async (job: JobDefinition, task: ClaimedTask, signal: AbortSignal, error: unknown): Promise<Ended> => {
    const verdict = verdictOf(error, signal);
    if (verdict.kind === "cancelled") return { outcome: "cancelled", output: null };
    const { message, advice } = verdict.error;
    const level = verdict.kind === "retry" ? "warn" : "error";
    journal.log({ id: task.id, try: task.tries }, level, message, advice ? { advice } : null);
    const { advance, delayMs, runEnd } = await patiently(signal, async () => {
      // Lines first, so that whoever sees a failed task sees its log.
      await journal.flush();
      return await recordFailure(sql, job, task, owner, verdict, options.random);
    });
    const fields = { ...fieldsOf(job, task), reason: message };
    // Of a known error the message says all; of an unknown one, the stack says where to look.
    const isKnown = error instanceof PermanentError || error instanceof RetryableError;
    if (advance === "failed") log.error({ ...fields, advice, ...(!isKnown && { error }) }, "task failed");
    if (advance === "retry") log.warn({ ...fields, delayMs }, "task will be tried again");
    return { outcome: advance, output: null, ...(runEnd && { runEnd }) };
  };

  return {
    async execute(job, task, signal) {
      const started = performance.now();
      let ended: Ended;
      try {
        const result = await perform(options, job, task, signal);
        // What the database refuses for good (an output that is no JSON, say) fails the task as any error of its own.
        ended = await succeed(job, task, signal, result);
      } catch (error) {
        ended = await fail(job, task, signal, error);
      }
      tellEnd(options, job, task, { ...ended, seconds: (performance.now() - started) / 1000 });
    },
  };
}

/** How a try ended, and its run where that ended with it. */
type Ended = { outcome: TryOutcome; output: JsonValue; runEnd?: Omit<RunEnd, "jobId"> };

/** Tells of a try that ended, and of the run that ended with it. */
function tellEnd(
  { log, observer }: ExecutorOptions,
  job: JobDefinition,
  task: ClaimedTask,
  { runEnd, ...end }: Ended & { seconds: number },
): void {
  observer.tryEnded({ jobId: job.id, task: task.name, ...end });
  if (!runEnd) return;
  observer.runEnded({ jobId: job.id, ...runEnd });
  const durationMs = Math.round(runEnd.seconds * 1000);
  log.debug({ job: job.id, run: task.runId, state: runEnd.state, durationMs }, "run ended");
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
