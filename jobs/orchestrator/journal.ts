import type { JsonValue, Sql } from "../../db/client.ts";
import { insertLogs, type LogLine, type Progress, updateProgress } from "../../db/queries/tasks.ts";
import type { LogLevel } from "./messages.ts";

/** Logs and progress of tasks on their way to the database: written in groups, twice a second. */
export type Journal = {
  log(
    task: { id: number; try: number },
    level: LogLevel,
    message: string,
    fields: Record<string, JsonValue> | null,
  ): void;
  progress(taskId: number, done: number, total: number, unit: string): void;
  /** Drops the progress of a task that has ended. */
  forget(taskId: number): void;
  /** Writes what is waiting. A database that is away keeps it waiting; it does not throw. */
  flush(): Promise<void>;
};

/** Lines kept while the database is away; older ones are dropped, and how many is said. */
const mostWaiting = 10_000;
const linesPerWrite = 1000;

export function createJournal(options: { sql: Sql; owner: string; now(): Date }): Journal {
  const lines: LogLine[] = [];
  const progress = new Map<number, Progress>();
  let dropped = 0;
  let writing: Promise<void> = Promise.resolve();

  const writeLines = async () => {
    while (lines.length > 0) {
      const batch = lines.slice(0, linesPerWrite);
      await insertLogs(options.sql, batch);
      lines.splice(0, batch.length);
    }
  };

  const write = async () => {
    const latest = [...progress.values()];
    progress.clear();
    try {
      if (latest.length > 0) await updateProgress(options.sql, options.owner, latest);
      await writeLines();
    } catch {
      // The lines stay, and go out with the next write; the orchestrator's own log says that the database is away.
    }
  };

  return {
    log(task, level, message, fields) {
      if (lines.length >= mostWaiting) {
        lines.shift();
        dropped++;
      }
      const kept = dropped > 0 ? { ...fields, linesDroppedBefore: dropped } : fields;
      dropped = 0;
      lines.push({ taskId: task.id, try: task.try, at: options.now().toISOString(), level, message, fields: kept });
    },
    progress(taskId, done, total, unit) {
      progress.set(taskId, { taskId, done, total, unit });
    },
    forget(taskId) {
      progress.delete(taskId);
    },
    flush() {
      // One write at a time: a second one would send the same lines again.
      writing = writing.then(write);
      return writing;
    },
  };
}
