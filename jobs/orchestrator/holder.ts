import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import { leadSchedule, lockProcess, recoverTasks, renewLeases } from "../../db/queries/pipeline/leases.ts";
import { renewProcess } from "../../db/queries/pipeline/processes.ts";
import { type ClaimedTask, claimTasks } from "../../db/queries/pipeline/tasks.ts";
import type { Executor } from "./execute.ts";
import type { Duties, JobDefinition, TaskDefinition } from "./types.ts";

/** The tries that this process has claimed and not yet ended. */
export type Holder = {
  /** Claims queued tasks up to what is free, and begins them. */
  claim(): Promise<void>;
  /** Shows that this process lives, renews what it holds, stops what was cancelled or taken over. */
  beat(): Promise<Beat>;
  /** Whether anything is held. */
  busy(): boolean;
  /** Claims no more, and asks all that runs to stop. */
  close(): void;
  /** Resolves when all that was held has ended. */
  settled(): Promise<void>;
};

/** What a heartbeat found: tasks that other processes lost, and whether this one looks at the schedules from now on. */
type Beat = { recovered: number; leads: boolean };

export type HolderOptions = {
  sql: Sql;
  lockSql: Sql;
  processKey: number;
  jobs: readonly JobDefinition[];
  executor: Executor;
  /** Tasks of a kind at a time. */
  capacity: Record<TaskDefinition["kind"], number>;
  leaseMs: number;
  /** Who looks at schedules may lead. */
  duties: Pick<Duties, "schedule">;
  log: Logger;
  /** Called when a try has ended and its place is free. */
  freed(): void;
};

type Held = {
  taskId: number;
  /** Of the try: this process may hold an older one of the same task, which was cancelled and has not stopped yet. */
  number: number;
  kind: TaskDefinition["kind"];
  controller: AbortController;
  done: Promise<void>;
};

export function createHolder(options: HolderOptions): Holder {
  const { sql, jobs, log } = options;
  const owner = String(options.processKey);
  const held = new Set<Held>();
  let closed = false;

  const begin = (task: ClaimedTask, kind: Held["kind"]) => {
    const job = jobs.find((candidate) => candidate.id === task.jobId);
    // Claimed while the process was told to stop: given back with the rest.
    if (!job || closed) return;
    const controller = new AbortController();
    const done = options.executor.execute(job, task, controller.signal).catch((error) => {
      if (!controller.signal.aborted)
        log.error(
          { error, job: task.jobId, run: task.runId, task: task.id, try: task.tries },
          "a task could not be recorded",
        );
    });
    const one: Held = { taskId: task.id, number: task.tries, kind, controller, done };
    held.add(one);
    one.done = done.finally(() => {
      held.delete(one);
      options.freed();
    });
  };

  /** Of the plain tasks and of the batches apart, so that neither holds up the other. */
  const claimOf = async (kind: Held["kind"]) => {
    const free = options.capacity[kind] - [...held].filter((one) => one.kind === kind).length;
    const kinds = jobs.flatMap((job) =>
      job.tasks.filter((task) => task.kind === kind).map((task) => `${job.id}/${task.name}`),
    );
    if (free <= 0 || kinds.length === 0 || closed) return;
    const claimed = await claimTasks(sql, { owner, kinds, limit: free, leaseMs: options.leaseMs });
    for (const task of claimed) begin(task, kind);
  };

  return {
    async claim() {
      await claimOf("plain");
      await claimOf("mapped");
    },
    async beat() {
      const before = [...held];
      const [mine, leads] = await Promise.all([
        renewLeases(sql, owner, before, options.leaseMs),
        lockProcess(options.lockSql, options.processKey).then(
          () => options.duties.schedule && leadSchedule(options.lockSql),
        ),
      ]);
      const kept = new Set(mine.map((one) => `${one.taskId}/${one.number}`));
      for (const one of before) if (!kept.has(`${one.taskId}/${one.number}`)) one.controller.abort();
      await renewProcess(sql, owner, leads);
      return { recovered: await recoverTasks(sql, owner, [...held], options.leaseMs), leads };
    },
    busy: () => held.size > 0,
    close() {
      closed = true;
      for (const one of held) one.controller.abort();
    },
    async settled() {
      await Promise.allSettled([...held].map((one) => one.done));
    },
  };
}
