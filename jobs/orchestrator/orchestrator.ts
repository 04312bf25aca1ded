import { Cron } from "croner";
import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { isTransientDatabaseError } from "../../db/errors.ts";
import { leadSchedule, lockProcess, recoverTasks, releaseTasks } from "../../db/queries/pipeline/leases.ts";
import { endProcess, type ProcessIdentity, registerProcess } from "../../db/queries/pipeline/processes.ts";
import { notifyWake, wakeChannel } from "../../db/queries/pipeline/wake.ts";
import { startDeadline } from "./deadline.ts";
import { createExecutor } from "./execute.ts";
import { createHolder, type Holder } from "./holder.ts";
import { createJournal } from "./journal.ts";
import { leaseMs } from "./lease.ts";
import { type Loop, startLoop } from "./loop.ts";
import { type Observer, silentObserver } from "./observer.ts";
import type { WorkerPool } from "./pool-types.ts";
import { createRechecks } from "./rechecks.ts";
import { registerJobs } from "./register.ts";
import { createRequests } from "./requests/index.ts";
import { queueDueRuns } from "./triggers.ts";
import { makeTurn } from "./turn.ts";
import type { Duties, JobDefinition, Orchestrator } from "./types.ts";
import { createWatch, type Watch } from "./watch.ts";

export type OrchestratorOptions = {
  /** Short transactions only: claims, leases, events. */
  sql: Sql;
  /** One lasting connection (role `lock`), for the lock that shows that this process lives. */
  lockSql: Sql;
  jobs: readonly JobDefinition[];
  pool: WorkerPool;
  /** How this process is shown to people. */
  identity: ProcessIdentity;
  log: Logger;
  /** Is told what this process does. */
  observer?: Observer;
  now(): Date;
  random(): number;
  /** What this process does; all of it where left out. */
  duties?: Duties;
  /** Plain tasks at a time. */
  plainSlots?: number;
  leaseMs?: number;
  heartbeatMs?: number;
  pollMs?: number;
};

const defaults = {
  ...{ plainSlots: 8, leaseMs, heartbeatMs: 3000, pollMs: 1000 },
  duties: { schedule: true, work: true },
};
const journalMs = 500;
/** Of the time that a stop may take, the part that running tasks get; the rest is for giving back what they hold. */
const patientPart = 0.6;

/**
 * Makes the orchestrator. It does nothing until started. One loop does all that is not done on somebody's behalf:
 * schedule, trigger, start, claim. It turns at every wake and at least once a `pollMs`, and everything it decides is
 * decided by the database, so several processes may run it side by side. A second loop is the heartbeat. One process
 * of those with that duty leads: it looks at the schedules, for all, until it ends and the next to beat leads.
 */
export function createOrchestrator(options: OrchestratorOptions): Orchestrator {
  const settings = { ...defaults, ...options };
  const processKey = 1 + Math.floor(options.random() * 2_000_000_000);
  const owner = String(processKey);
  const journal = createJournal({ sql: options.sql, owner, now: options.now });
  const executor = createExecutor({ ...options, owner, journal, observer: options.observer ?? silentObserver });
  const capacity = { plain: settings.plainSlots, mapped: options.pool.capacity };
  const watch = createWatch(options.log);
  const scheduler = createScheduler(options);
  const closers: (() => unknown)[] = [];
  let loop: Loop | undefined;
  const wake = () => loop?.wake();
  const holder = createHolder({ ...settings, processKey, executor, capacity, freed: wake });
  const askSchedule = () => {
    scheduler.ask();
    wake();
  };

  return {
    ...createRequests({ sql: options.sql, jobs: options.jobs, changed: wake, resumed: askSchedule }),
    jobs: options.jobs,
    owner,
    wake,
    async subscribe() {
      await registerJobs(options.sql, options.jobs);
      wake();
    },
    async start() {
      const { sql, jobs, duties } = settings;
      await registerJobs(sql, jobs);
      await lockProcess(options.lockSql, processKey);
      await registerProcess(sql, owner, options.identity);
      await recoverTasks(sql, owner, [], settings.leaseMs);
      scheduler.lead(duties.schedule && (await leadSchedule(options.lockSql)));
      await scheduler.queueDue(true);
      const heartbeat = startLoop({ turn: makeBeat(holder, scheduler, watch, wake), longestMs: settings.heartbeatMs });
      closers.push(() => heartbeat.stop());
      heartbeat.wake();
      // Who only serves pages is known to live, and there is nothing that it would be woken for.
      if (!duties.schedule && !duties.work) return;
      const turn = makeTurn({ ...options, duties, scheduler, holder, watch });
      loop = startLoop({ turn, longestMs: settings.pollMs });
      const listening = await sql.listen(wakeChannel, (what) => {
        if (what === "cancelled" && holder.busy()) heartbeat.wake();
        if (what === "resumed") scheduler.ask();
        wake();
      });
      closers.push(() => listening.unlisten(), duties.schedule ? startClocks(jobs, askSchedule) : () => {});
      const flushing = setInterval(() => void journal.flush(), journalMs);
      closers.push(() => clearInterval(flushing));
      askSchedule();
    },
    async stop(deadlineMs) {
      const patience = startDeadline(deadlineMs * patientPart);
      const deadline = startDeadline(deadlineMs);
      watch.close();
      holder.close();
      await patience.within(Promise.resolve(loop?.stop()));
      await patience.within(holder.settled());
      patience.clear();
      options.pool.close();
      for (const close of closers.splice(0).reverse()) await deadline.within(Promise.resolve(close()));
      await deadline.within(journal.flush());
      await deadline.within(giveBack(options.sql, owner));
      deadline.clear();
    },
  };
}

async function giveBack(sql: Sql, owner: string): Promise<void> {
  await releaseTasks(sql, owner);
  await endProcess(sql, owner);
  await notifyWake(sql);
}

/** Wakes at the schedules' times. What is due is computed then; a tick that is missed loses nothing. */
function startClocks(jobs: readonly JobDefinition[], tick: () => void): () => void {
  const clocks = jobs.flatMap(({ schedule }) =>
    schedule ? [new Cron(schedule.cron, { timezone: schedule.timeZone, unref: true }, tick)] : [],
  );
  return () => {
    for (const clock of clocks) clock.stop();
  };
}

type Scheduler = {
  /** Whether this process looks at the schedules. Where it begins to, it looks at the next turn. */
  lead(leads: boolean): void;
  /** The next turn looks for what is due. */
  ask(): void;
  /** Queues what is due, where this process leads. */
  queueDue(atStart: boolean): Promise<void>;
  /** As `queueDue`, where it was asked for. */
  queueIfAsked(): Promise<void>;
  /** Queues the rechecks whose turn has come, where this process leads. */
  queueRechecks(): Promise<void>;
};

/** Queues what is due. An ask that a lost database kept from being answered stands. */
function createScheduler({ sql, jobs, log, now, duties = defaults.duties }: OrchestratorOptions): Scheduler {
  let asked = false;
  let leading = false;
  const rechecks = jobs.map((job) => ({ job, ...createRechecks(sql, job) }));
  /** One job's schedule must not hold up the others, nor what is queued already; the next look tries again. */
  const guarded = async (job: JobDefinition, message: string, work: () => Promise<number>) => {
    try {
      const runs = await work();
      if (runs === 0) return;
      log.info({ job: job.id, runs }, message);
      // For the processes that work, where this one does not.
      if (!duties.work) await notifyWake(sql);
    } catch (error) {
      if (isTransientDatabaseError(error)) throw error;
      log.error({ error, job: job.id }, "the schedule raised an error");
    }
  };
  const queueDue = async (atStart: boolean) => {
    if (!leading) return;
    for (const job of jobs) await guarded(job, "partitions are due", () => queueDueRuns(sql, job, now(), atStart));
  };
  return {
    lead(leads) {
      if (leads && !leading) asked = true;
      leading = leads;
    },
    ask() {
      asked = true;
    },
    queueDue,
    async queueIfAsked() {
      if (!asked) return;
      asked = false;
      try {
        await queueDue(false);
      } catch (error) {
        asked = true;
        throw error;
      }
    },
    async queueRechecks() {
      if (!leading) return;
      for (const { job, queue } of rechecks) await guarded(job, "partitions are checked again", () => queue(now()));
    },
  };
}

function makeBeat(holder: Holder, scheduler: Scheduler, watch: Watch, wake: () => void): () => Promise<number> {
  let led = false;
  return async () => {
    const beat = await watch.guarded("heartbeat", undefined, () => holder.beat());
    // A database that is away has forgotten who led: nobody does until it answers again.
    const leads = beat?.leads ?? false;
    scheduler.lead(leads);
    if ((beat?.recovered ?? 0) > 0 || (leads && !led)) wake();
    led = leads;
    return Number.POSITIVE_INFINITY;
  };
}
