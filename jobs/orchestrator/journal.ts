import type { JsonValue, Sql } from "../../db/client.ts";
import { insertLogs, type LogLine, type Progress, updateProgress } from "../../db/queries/pipeline/journal.ts";
import type { LogLevel } from "./messages.ts";
import { storableJson, storableText } from "./storable.ts";

/** Logs and progress of tasks on their way to the database: written in groups, twice a second. */
export type Journal = {
  log(
    task: { id: number; try: number },
    level: LogLevel,
    message: string,
    fields: Record<string, JsonValue> | null,
  ): void;
  progress(taskId: number, done: number, total: number, unit: string): void;
  /** Writes what is waiting. A database that is away keeps it waiting; it does not throw. */
  flush(): Promise<void>;
};

/** Lines kept while the database is away; older ones are dropped, and how many is said. */
const mostWaiting = 10_000;
const linesPerWrite = 1000;

export function createJournal(options: { sql: Sql; owner: string; now(): Date }): Journal {
  let lines: LogLine[] = [];
  const progress = new Map<number, Progress>();
  let dropped = 0;
  let writing: Promise<void> = Promise.resolve();

  const dropOldest = () => {
    const excess = lines.length - mostWaiting;
    if (excess <= 0) return;
    lines = lines.slice(excess);
    dropped += excess;
  };

  const writeLines = async () => {
    while (lines.length > 0) {
      // Taken out for the while: lines that arrive meanwhile may push out the oldest that wait.
      const batch = lines.splice(0, linesPerWrite);
      const missing = dropped;
      try {
        await insertLogs(options.sql, markDropped(batch, missing));
        dropped -= missing;
      } catch (error) {
        lines = [...batch, ...lines];
        dropOldest();
        throw error;
      }
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
      const at = options.now().toISOString();
      const kept = fields === null ? null : fieldsOf(storableJson(fields));
      lines.push({ taskId: task.id, try: task.try, at, level, message: storableText(message), fields: kept });
      dropOldest();
    },
    progress(taskId, done, total, unit) {
      progress.set(taskId, { taskId, done, total, unit: storableText(unit) });
    },
    flush() {
      // One write at a time: a second one would send the same lines again.
      writing = writing.then(write);
      return writing;
    },
  };
}

function fieldsOf(value: JsonValue): Record<string, JsonValue> {
  const isRecord = value !== null && typeof value === "object" && !Array.isArray(value);
  return isRecord ? (value as Record<string, JsonValue>) : { value };
}

/** The lines, the first of them saying how many before it were dropped. */
function markDropped(batch: LogLine[], missing: number): LogLine[] {
  const [first, ...rest] = batch;
  if (!first || missing === 0) return batch;
  return [{ ...first, fields: { ...first.fields, linesDroppedBefore: missing } }, ...rest];
}
