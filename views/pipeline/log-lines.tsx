import type { LogLine } from "../../db/queries/pipeline/logs.ts";
import { formatClock, formatUtc, formatValue } from "../format.ts";

/** A line of a log as pages show it. */
export type LogLineView = Omit<LogLine, "taskId" | "step" | "batch"> & {
  /** The batch's number in a mapped task; null in a plain one. */
  batch: number | null;
};

const levels: Record<string, string> = { debug: "debug", info: "info", warn: "warn", error: "error" };

/** Fields of a log line as `key=value`. */
function tellFields(fields: unknown): string {
  if (typeof fields !== "object" || fields === null) return "";
  return Object.entries(fields)
    .map(([key, value]) => `${key}=${formatValue(value)}`)
    .join(" ");
}

/** Where a line comes from: `fetch #3 try 2`, with what goes without saying left out. */
const tellSource = (line: LogLineView, hasTask: boolean) =>
  [hasTask && line.task, line.batch !== null && `#${line.batch}`, line.try > 1 && `try ${line.try}`]
    .filter(Boolean)
    .join(" ");

const milliseconds = (at: Date) => String(at.getUTCMilliseconds()).padStart(3, "0");

/** Lines of a log, for a list of class `log`; with the task's name where it is the log of a whole run. */
export const LogLines = ({ lines, hasTask }: { lines: LogLineView[]; hasTask: boolean }) => (
  <>
    {lines.map((line) => (
      <li class={`level-${levels[line.level] ?? "info"}`} id={`line-${line.id}`}>
        <time datetime={line.at.toISOString()} title={formatUtc(line.at)}>
          {formatClock(line.at)}.{milliseconds(line.at)}
        </time>
        <span class="level">{line.level}</span>
        <span class="source">{tellSource(line, hasTask)}</span>
        <span class="message">
          {line.message} <span class="fields">{tellFields(line.fields)}</span>
        </span>
      </li>
    ))}
  </>
);

/** A line of a log as plain text, with the instant in UTC. */
export function tellLine(line: LogLineView): string {
  const fields = tellFields(line.fields);
  const parts = [line.at.toISOString(), line.level.padEnd(5), tellSource(line, true), line.message, fields];
  return `${parts.filter((part) => part !== "").join("  ")}\n`;
}
