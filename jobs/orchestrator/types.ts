import type { JsonValue } from "../../db/client.ts";

/**
 * Words. A *job* is declared in code and has *tasks*, one after the other; a *mapped* task is many *batches* of one
 * function, run in parallel in Bun workers. A *run* is one execution of a job: for a *partition* (its schedule's unit,
 * an opaque text that sorts), for a range of them, or for *dataset events* that it claimed. A *try* is one execution of
 * a task or batch, held by a *lease*.
 */

/** The states of a run, and of a backfill, in the order of its life. */
export const runStates = ["queued", "running", "success", "failed", "cancelled"] as const;
export type RunState = (typeof runStates)[number];
/** Those of what has not ended, which a task may be in as well. */
export const activeStates = ["queued", "running"] as const;
/** Whether a run or task of this state has not ended. */
export const isActive = (state: string): boolean => (activeStates as readonly string[]).includes(state);
/** What a run came from. `recheck`: a partition whose run succeeded is run again, beside that run, to see what has changed. */
export const runTriggers = ["schedule", "recheck", "backfill", "dataset", "manual"] as const;
export type RunTrigger = (typeof runTriggers)[number];
/** `recheck`: what succeeded is run again beside the run that answers for it; that one goes on to do so. */
export type Reprocess = "missing" | "failed" | "all" | "recheck";

/** Who asks for something, as it is kept and shown: the name they gave, and the way they came. */
export type Actor = { name: string; via: "dashboard" | "api" | "token" | "system" };

/** An error as it is kept and shown: never a stack, never a secret. `code` is not shown: code knows the error again by it. */
export type ErrorRecord = { name: string; message: string; advice?: string; code?: string };

export type TaskLog = {
  debug(message: string, fields?: Record<string, JsonValue>): void;
  info(message: string, fields?: Record<string, JsonValue>): void;
  warn(message: string, fields?: Record<string, JsonValue>): void;
  error(message: string, fields?: Record<string, JsonValue>): void;
};

export type RunReference = {
  id: number;
  jobId: string;
  trigger: RunTrigger;
  partition: string | null;
  partitionTo: string | null;
  backfillId: number | null;
  parameters: Record<string, JsonValue>;
};

type ClaimedEvent = { id: number; dataset: string; runId: number; payload: JsonValue };

/** What a task or batch may know and do while it runs. */
export type TaskContext = {
  run: RunReference;
  task: { id: number; name: string; mapIndex: number; try: number };
  input: JsonValue;
  /** Aborted when somebody cancels, the lease is lost, or the process stops. */
  signal: AbortSignal;
  log: TaskLog;
  /** Shown as it goes, at most twice a second; `unit` is a plural noun. */
  progress(done: number, total: number, unit: string): void;
};

/** What a plain task may read besides: it runs beside the orchestrator, not in a worker. */
export type PlainTaskContext = TaskContext & {
  /** Events that the run claimed, oldest first. */
  claimedEvents(): Promise<ClaimedEvent[]>;
  /** Partitions that the run answers for, in order. */
  partitions(): Promise<string[]>;
  /** Outputs of an earlier task of this run, in batch order; batches that a person marked as successful have none. */
  outputsOf(taskName: string): Promise<JsonValue[]>;
  /** Inputs of the same batches. */
  inputsOf(taskName: string): Promise<JsonValue[]>;
};

/** What a task answers. All of it becomes durable in one transaction with the task's success. */
export type TaskResult = {
  output?: JsonValue;
  /** Inputs of the next, mapped task: one a batch. */
  batches?: JsonValue[];
  /** Dataset events to record. */
  events?: { dataset: string; payload: JsonValue }[];
  /** Replaces the run's summary. */
  summary?: JsonValue;
};

export type PlainTask = {
  kind: "plain";
  name: string;
  description: string;
  run(context: PlainTaskContext): Promise<TaskResult>;
};

/** Its function runs in a Bun worker, found there by `handler`. */
type MappedTask = { kind: "mapped"; name: string; description: string; handler: string };

export type TaskDefinition = PlainTask | MappedTask;

export type BatchHandler = (context: TaskContext) => Promise<TaskResult>;

/** When a job wants runs: what is due is always computed; the cron pattern only says when to look. */
export type Schedule = {
  cron: string;
  timeZone: string;
  /** Every partition wanted up to `now`, ascending. */
  due(now: Date): string[];
  /** The next `count` partitions that are not due yet, and when each will be. */
  upcoming(now: Date, count: number): { partition: string; dueAt: Date }[];
  catchup: "all" | "latest" | "none";
  /** Which partitions are run again once they have succeeded, and when; none where left out. */
  rechecks?: readonly RecheckSeries[];
};

/** One round of rechecks. `key` tells it from the others of its series, and sorts behind all before it. */
export type RecheckRound = {
  key: string;
  /** The round waits for the success of this partition's own run, which it must not hold up. */
  after: string;
  /** Run again, as far as their own runs have succeeded; the round waits for those that are at work. */
  partitions: string[];
};

/** Rounds of rechecks that follow each other. Each is queued once, whoever looks. */
export type RecheckSeries = {
  name: string;
  /** The newest round that `now` asks for; undefined where that is `done`, the last one that was queued. */
  due(now: Date, done: string | undefined): RecheckRound | undefined;
};

export type JobDefinition = {
  id: string;
  title: string;
  description: string;
  tasks: TaskDefinition[];
  schedule?: Schedule;
  /** Datasets whose events wake it. */
  triggeredBy?: string[];
  /** Whether those events wake it now; asked at the start, and where somebody changes it. They do where left out. */
  isSubscribed?(): Promise<boolean>;
  /** Datasets that it records events for; for pages. */
  produces?: string[];
  /** Runs of one priority at a time. */
  maxActiveRuns: number;
  /** Events that one run claims at the most. */
  maxClaims?: number;
  /**
   * While one of these jobs is at work, wait `restFactor` times the last run's duration before the next triggered run,
   * so that a stream of events costs a bounded share of the machine and still shows results early. Where all of them, at the
   * pace that they have, are to end within `endWithinMs`, wait for that, so that no run begins just before there is all; no
   * event waits longer than that for it.
   */
  coalesce?: { whileActive: string[]; restFactor: number; endWithinMs?: number };
  /** Whether what waits for it is worth a run; where not, it is passed over. Always where left out. */
  isWanted?(): Promise<boolean>;
  /** Whether a run asked for by hand makes sense with no event to claim. */
  runsWithoutEvents?: boolean;
  /** Tries of a task before its run fails. */
  maxTries: number;
};

/**
 * One run that a backfill wants: the partitions it covers, ascending, and what its tasks should know. It answers for them
 * from then on, unless `partial`: then whoever answered for them still does.
 */
export type PlannedRun = { partitions: string[]; parameters: Record<string, JsonValue>; partial?: boolean };

/**
 * Why a backfill runs a partition, or leaves it alone: no run answers for it, or how that run stands. `already_ran`: it
 * is left alone because it ended, whichever way. Data, as pages and API have to tell it in their own words.
 */
export type PartitionReason =
  | { kind: "never_ran" }
  | { kind: "under_way" | "ended" | "already_ran"; runId: number; state: RunState };

/** Each partition with the reason why it would run, or would not. */
export type SelectedPartitions = {
  wanted: { partition: string; reason: PartitionReason }[];
  skipped: { partition: string; reason: PartitionReason }[];
};

/** Which of a backfill's partitions goes first. */
export type BackfillOrder = "oldest" | "newest";

/** What may be changed while a backfill goes on; a null `concurrency` lifts its limit. */
export type BackfillChange = { paused?: boolean; concurrency?: number | null; order?: BackfillOrder };

export type BackfillOptions<Plan extends JsonValue> = {
  from: string;
  to: string;
  reprocess: Reprocess;
  partitions: string[];
  /** Runs of it at a time; as many as the job allows where left out. */
  concurrency?: number;
  order?: BackfillOrder;
  plan(selected: SelectedPartitions): { plan: Plan; runs: PlannedRun[] };
};

/**
 * What people ask of the orchestrator. Each is done in one transaction with a line that says who did it (`by`; the
 * system itself where left out), and throws a {@link RequestError} where it cannot be done as asked.
 */
export type Requests = {
  /**
   * Queues a run by hand. `partition` is taken over from an ended run; refused where a run of it is active, or a
   * triggered job has no event to claim.
   */
  createRun(
    jobId: string,
    options: { partition?: string; parameters?: Record<string, JsonValue> },
    by?: Actor,
  ): Promise<number>;
  /** Which of `partitions` a backfill would run, and why not the others. */
  selectPartitions(jobId: string, partitions: string[], reprocess: Reprocess): Promise<SelectedPartitions>;
  /** Selects and queues in one transaction; `plan` groups what was selected into runs. One with nothing left to run has succeeded. */
  createBackfill<Plan extends JsonValue>(
    jobId: string,
    options: BackfillOptions<Plan>,
    by?: Actor,
  ): Promise<{ id: number; runs: number; plan: Plan }>;
  /** Queues the failed and cancelled tasks of an ended run again. */
  retryRun(runId: number, by?: Actor): Promise<void>;
  /** Stops a run; batches under way are stopped with their worker where they do not stop by themselves. */
  cancelRun(runId: number, by?: Actor): Promise<void>;
  /** Ends a run as a person says; what of it is queued or under way is cancelled. */
  markRun(runId: number, mark: Mark, by?: Actor): Promise<void>;
  /** Queues an ended run again from its first task, whatever became of it. */
  clearRun(runId: number, by?: Actor): Promise<void>;
  /**
   * Does one thing to each of many runs, and tells of which it cannot be done. With `dryRun` all is tried and nothing is kept.
   * Throws a RequestError for a mark without a reason, and for more than {@link mostRunsAtOnce} runs.
   */
  changeRuns(change: RunsChange, by?: Actor): Promise<RunsChanged>;
  /** Queues one failed or cancelled task or batch again, in a run that has ended or not. */
  retryTask(taskId: number, by?: Actor): Promise<void>;
  /** Queues one task or batch of an ended run again, whatever became of it, and everything after it. */
  clearTask(taskId: number, by?: Actor): Promise<void>;
  /** Ends one task or batch as a person says. Marked as successful it has no output; the run goes on after it. */
  markTask(taskId: number, mark: Mark, by?: Actor): Promise<void>;
  cancelBackfill(backfillId: number, by?: Actor): Promise<void>;
  /** Queues the failed runs of a backfill again, but those that other runs have taken over. Answers how many. */
  retryBackfill(backfillId: number, by?: Actor): Promise<number>;
  /** Changes how an unfinished backfill goes on. Paused, what is under way of it ends and nothing more begins. */
  updateBackfill(backfillId: number, change: BackfillChange, by?: Actor): Promise<void>;
  setPaused(jobId: string, paused: boolean, by?: Actor): Promise<void>;
};

/** How a person says that something ended, and why. */
export type Mark = { state: "success" | "failed"; reason: string };

/** What can be done to many runs at once; the last two mark them. */
export const runChanges = ["retry", "clear", "cancel", "success", "failed"] as const;

/** As many runs as one request changes: it holds the locks of their jobs meanwhile. */
export const mostRunsAtOnce = 1000;

export type RunsChange = {
  change: (typeof runChanges)[number];
  runIds: readonly number[];
  /** Of marks; of no use to the others. */
  reason?: string;
  dryRun?: boolean;
};

/** The runs that were changed, and why the others could not be; both in ascending order. */
export type RunsChanged = { changed: number[]; refused: { runId: number; message: string }[] };

/** What a process does of the orchestrator's: look for what is due and what events ask for; start runs and do their tasks. */
export type Duties = { schedule: boolean; work: boolean };

export type Orchestrator = Requests & {
  jobs: readonly JobDefinition[];
  /** By which leases name this process. It can be seen to live from the start on. */
  owner: string;
  /** Asks each job again whether its events wake it. Those that came while they did not, and that nobody claimed, wake it now. */
  subscribe(): Promise<void>;
  start(): Promise<void>;
  /** Stops claiming, aborts what runs, gives leases back. Resolves within the deadline. */
  stop(deadlineMs: number): Promise<void>;
  /** Looks for work now instead of at the next poll. */
  wake(): void;
};

/** A request that cannot be done as asked; `message` is for the person who asked. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  constructor(
    readonly code: "not_found" | "conflict" | "invalid",
    message: string,
    readonly field?: string,
  ) {
    super(message);
  }
}
