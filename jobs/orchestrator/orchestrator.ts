import { Cron } from "croner";
import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { isTransientDatabaseError } from "../../db/errors.ts";
import { countActiveRuns, registerJobs } from "../../db/queries/runs.ts";
import {
  type ClaimedTask,
  claimTasks,
  lockProcess,
  recoverTasks,
  releaseTasks,
  renewLeases,
  selectNextAvailable,
  wakeChannel,
} from "../../db/queries/tasks.ts";
import { createExecutor } from "./execute.ts";
import { createJournal } from "./journal.ts";
import type { WorkerPool } from "./pool.ts";
import { createRequests } from "./requests.ts";
import { queueDueRuns, queueTriggeredRun, startRuns } from "./triggers.ts";
import type { JobDefinition, Orchestrator } from "./types.ts";

export type OrchestratorOptions = {
  /** Short transactions only: claims, leases, events. */
  sql: Sql;
  /** One connection, for the lock that shows that this process lives. */
  lockSql: Sql;
  jobs: readonly JobDefinition[];
  pool: WorkerPool;
  log: Logger;
  now(): Date;
  random(): number;
  /** Plain tasks at a time. */
  plainSlots?: number;
  leaseMs?: number;
  heartbeatMs?: number;
  pollMs?: number;
};

const defaults = { plainSlots: 8, leaseMs: 15_000, heartbeatMs: 3000, pollMs: 1000 };
const journalMs = 500;

type Held = { controller: AbortController; done: Promise<void>; kind: "plain" | "mapped" };

/**
 * Makes the orchestrator. It does nothing until started. One loop, `pump`, does all that is not done on somebody's
 * behalf: recover, schedule, trigger, start, claim. It runs at every wake and at least once a `pollMs`, and everything
 * it decides is decided by the database, so several processes may run it side by side.
 */
export function createOrchestrator(options: OrchestratorOptions): Orchestrator {
  const { sql, jobs, log } = options;
  const settings = { ...defaults, ...options };
  const processKey = 1 + Math.floor(options.random() * 2_000_000_000);
  const owner = String(processKey);
  const journal = createJournal({ sql, owner, now: options.now });
  const executor = createExecutor({ sql, owner, pool: options.pool, journal, log, random: options.random });
  const held = new Map<number, Held>();
  const closers: (() => unknown)[] = [];
  let running = false;
  let databaseAway = false;
  let pumping: Promise<void> | undefined;
  let pumpAgain = false;
  let scheduleAsked = true;
  let wakeTimer: Timer | undefined;

  const wake = () => {
    if (!running) return;
    pumpAgain = true;
    pumping ??= pumpUntilQuiet().finally(() => {
      pumping = undefined;
    });
  };

  const pumpUntilQuiet = async () => {
    while (pumpAgain && running) {
      pumpAgain = false;
      await guarded("pump", pump);
    }
  };

  /** A database that is away is logged once, and once again when it is back; the loop goes on. */
  const guarded = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
      if (databaseAway) log.info("the database answers again");
      databaseAway = false;
    } catch (error) {
      if (!running) return;
      if (!isTransientDatabaseError(error)) log.error({ err: error, what }, "the orchestrator's loop raised an error");
      else if (!databaseAway) log.warn({ reason: String(error) }, "the database does not answer; work waits for it");
      databaseAway = isTransientDatabaseError(error);
    }
  };

  const pump = async () => {
    if (scheduleAsked) await queueDue(false);
    let restMs = Number.POSITIVE_INFINITY;
    for (const job of jobs) restMs = Math.min(restMs, await trigger(job));
    const active = await countActiveRuns(sql);
    for (const job of jobs) {
      if (active.some((row) => row.jobId === job.id && row.queued > 0)) await startRuns(sql, job);
    }
    if (active.length > 0) await claim();
    await setWakeTimer(restMs);
  };

  const queueDue = async (atStart: boolean) => {
    scheduleAsked = false;
    for (const job of jobs) {
      const queued = await queueDueRuns(sql, job, options.now(), atStart);
      if (queued > 0) log.info({ job: job.id, runs: queued }, "sessions are due");
    }
  };

  /** Queues what the job's events ask for. Answers for how long it rests. */
  const trigger = async (job: JobDefinition): Promise<number> => {
    const outcome = await queueTriggeredRun(sql, job, options.now());
    return outcome && "restMs" in outcome ? outcome.restMs : Number.POSITIVE_INFINITY;
  };

  const setWakeTimer = async (restMs: number) => {
    const availableMs = (await selectNextAvailable(sql)) ?? Number.POSITIVE_INFINITY;
    const waitMs = Math.max(1, Math.min(settings.pollMs, restMs, availableMs));
    clearTimeout(wakeTimer);
    if (running) wakeTimer = setTimeout(wake, waitMs);
  };

  /** Claims for the plain tasks and for the workers apart, so that neither holds up the other. */
  const claim = async () => {
    const capacity = { plain: settings.plainSlots, mapped: options.pool.capacity };
    for (const kind of ["plain", "mapped"] as const) {
      const busy = [...held.values()].filter((task) => task.kind === kind).length;
      const limit = capacity[kind] - busy;
      const kinds = jobs.flatMap((job) =>
        job.tasks.filter((task) => task.kind === kind).map((task) => `${job.id}/${task.name}`),
      );
      if (limit <= 0 || kinds.length === 0) continue;
      const claimed = await claimTasks(sql, { owner, kinds, limit, leaseMs: settings.leaseMs });
      for (const task of claimed) begin(task, kind);
    }
  };

  const begin = (task: ClaimedTask, kind: Held["kind"]) => {
    const job = jobs.find((candidate) => candidate.id === task.jobId);
    if (!job) return;
    const controller = new AbortController();
    const done = executor
      .execute(job, task, controller.signal)
      .catch((error) => {
        if (!controller.signal.aborted) log.error({ err: error, task: task.id }, "a task could not be recorded");
      })
      .finally(() => {
        held.delete(task.id);
        wake();
      });
    held.set(task.id, { controller, done, kind });
  };

  /** Shows that this process lives, renews what it holds, and stops what was cancelled or taken over. */
  const beat = async () => {
    await lockProcess(options.lockSql, processKey);
    const before = [...held.keys()];
    const mine = new Set(await renewLeases(sql, owner, settings.leaseMs));
    for (const id of before) if (!mine.has(id)) held.get(id)?.controller.abort();
    if ((await recoverTasks(sql, owner)) > 0) wake();
  };

  const every = (ms: number, work: () => Promise<void>) => {
    const timer = setInterval(() => void work(), ms);
    closers.push(() => clearInterval(timer));
  };

  const requests = createRequests({
    sql,
    jobs,
    changed: wake,
  });

  return {
    ...requests,
    jobs,
    wake,
    async start() {
      running = true;
      await registerJobs(
        sql,
        jobs.map((job) => job.id),
      );
      await lockProcess(options.lockSql, processKey);
      await recoverTasks(sql, owner);
      await queueDue(true);
      const listening = await sql.listen(wakeChannel, (what) => {
        if (what === "cancelled" && held.size > 0) void guarded("heartbeat", beat);
        wake();
      });
      closers.push(() => listening.unlisten());
      for (const { schedule } of jobs) {
        if (!schedule) continue;
        const cron = new Cron(schedule.cron, { timezone: schedule.timeZone, unref: true }, () => {
          scheduleAsked = true;
          wake();
        });
        closers.push(() => cron.stop());
      }
      every(settings.heartbeatMs, () => guarded("heartbeat", beat));
      every(journalMs, () => journal.flush());
      scheduleAsked = true;
      wake();
    },
    async stop(deadlineMs) {
      running = false;
      clearTimeout(wakeTimer);
      const late = Bun.sleep(deadlineMs);
      for (const task of held.values()) task.controller.abort();
      await Promise.race([Promise.allSettled([pumping, ...[...held.values()].map((task) => task.done)]), late]);
      options.pool.close();
      await Promise.race([Promise.allSettled(closers.reverse().map((close) => close())), late]);
      await Promise.race([journal.flush(), late]);
      await Promise.race([releaseTasks(sql, owner).catch(() => {}), late]);
    },
  };
}
