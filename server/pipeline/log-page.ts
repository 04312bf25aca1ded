import type { Sql } from "../../db/client.ts";
import {
  isLogComplete,
  type LogFilter,
  type LogLine,
  logLevels,
  selectLinesAfter,
  selectLinesBefore,
} from "../../db/queries/pipeline/logs.ts";
import type { JobDefinition } from "../../jobs/orchestrator/types.ts";
import type { LogView } from "../../views/pipeline/log.tsx";
import type { LogLineView } from "../../views/pipeline/log-lines.tsx";
import { quietSeconds } from "./log-stream.ts";

const linesPerPage = 500;
const longestText = 200;

/** What a log is of: its path without the query, and whether it is of several tasks. */
export type LogSubject = { title: string; path: string; runId: number; taskId: number | null; tries: number[] };

/** Which part of a log: of certain lines, after or before one of them; its end where neither is said. */
export type LogQuery = {
  filter: LogFilter;
  after: number | null;
  before: number | null;
};

/** Reads the query of a log's address. What it does not understand is not asked for. */
export function readLogQuery(subject: LogSubject, query: (name: string) => string | undefined): LogQuery {
  const number = (name: string) => (/^\d{1,15}$/.test(query(name) ?? "") ? Number(query(name)) : null);
  const tried = number("try");
  const text = (query("q") ?? "").slice(0, longestText).replaceAll("\0", "").trim();
  return {
    filter: {
      runId: subject.runId,
      taskId: subject.taskId,
      try: tried !== null && tried > 0 && tried < 1_000_000 ? tried : null,
      level: logLevels.find((level) => level === query("level") && level !== "debug") ?? null,
      text: text === "" ? null : text,
    },
    after: number("after"),
    before: number("before"),
  };
}

/** How lines are shown: batches by their number, plain tasks and the one task that the log is of without. */
export function toLineView(
  job: JobDefinition | undefined,
  subject: { taskId: number | null },
): (line: LogLine) => LogLineView {
  if (subject.taskId !== null) return (line) => ({ ...line, batch: null });
  const mapped = new Set(job?.tasks.filter((task) => task.kind === "mapped").map((task) => task.name));
  return ({ batch, ...line }) => ({ ...line, batch: mapped.has(line.task) || batch > 0 ? batch : null });
}

type Lines = { lines: LogLine[]; hasEarlier: boolean; hasLater: boolean };

async function readLines(read: Sql, { filter, after, before }: LogQuery): Promise<Lines> {
  const limit = linesPerPage + 1;
  if (after !== null) {
    const lines = await selectLinesAfter(read, filter, after, limit);
    return { lines: lines.slice(0, linesPerPage), hasEarlier: after > 0, hasLater: lines.length === limit };
  }
  const lines = await selectLinesBefore(read, filter, before, limit);
  return { lines: lines.slice(-linesPerPage), hasEarlier: lines.length === limit, hasLater: before !== null };
}

/** A page of a log, and where the others are. */
export async function readLog(
  read: Sql,
  subject: LogSubject,
  job: JobDefinition | undefined,
  query: LogQuery,
): Promise<LogView> {
  const { filter } = query;
  // Asked before the lines are read: then nothing is missing from a log that is complete.
  const isComplete = await isLogComplete(read, subject.runId, quietSeconds);
  const { lines, hasEarlier, hasLater } = await readLines(read, query);
  const url = (more: Record<string, string | number | null> = {}) => {
    const given = { level: filter.level, try: filter.try, q: filter.text, ...more };
    const parts = Object.entries(given).flatMap(([key, value]) => (value === null ? [] : [[key, String(value)]]));
    const text = new URLSearchParams(parts).toString();
    return text === "" ? subject.path : `${subject.path}?${text}`;
  };
  const [first, last] = [lines[0], lines.at(-1)];
  return {
    title: subject.title,
    hasTask: subject.taskId === null,
    lines: lines.map(toLineView(job, subject)),
    last: last?.id ?? query.after ?? 0,
    isAtEnd: query.after === null && query.before === null,
    filter,
    tries: subject.tries,
    urls: {
      form: subject.path,
      self: url(),
      text: `${subject.path}.txt${filter.try === null ? "" : `?try=${filter.try}`}`,
      stream: isComplete || hasLater ? null : url(),
      first: hasEarlier ? url({ after: 0 }) : null,
      earlier: hasEarlier && first ? url({ before: first.id }) : null,
      later: hasLater && last ? url({ after: last.id }) : null,
      newest: hasLater ? url() : null,
    },
  };
}
