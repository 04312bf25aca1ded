import { dirname, relative } from "node:path";
import { StrategyFault } from "../../backtest/checks/fault.ts";
import type { Failing } from "./messages.ts";

/** What Bun says of code that it cannot read or find. */
type Positioned = { position?: { file?: string; line?: number } | null };

/** What a file of the workspace failed with, and where: by its stack, by what could not be read, or by the part that answered wrongly. */
export function failingOf(error: unknown, path: string, source: string): Failing {
  const folder = dirname(path);
  const own = relative(folder, path);
  const [cause] = error instanceof AggregateError && error.errors.length > 0 ? error.errors : [error];
  const message = messageOf(cause).slice(0, longestMessage);
  if (cause instanceof StrategyFault) return { message, file: own, line: lineOf(source, partPattern(cause.at)) };
  const position = typeof cause === "object" && cause !== null ? (cause as Positioned).position : undefined;
  if (position?.line) return { message, file: relative(folder, position.file || path), line: position.line };
  const frame = stackOf(cause)
    .split("\n")
    .map((line) => /\(?(\/[^()]*?):(\d+):\d+\)?$/.exec(line.trim()))
    .find((found) => found?.[1]?.startsWith(`${folder}/`));
  if (frame) return { message, file: relative(folder, frame[1] ?? path), line: Number(frame[2]) };
  return { message, file: own, line: lineOf(source, namePattern(message)) };
}

const longestMessage = 500;

const messageOf = (error: unknown): string =>
  error instanceof Error || (typeof error === "object" && error !== null && "message" in error)
    ? String(error.message)
    : String(error);

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? "") : "");

/** Where a part of the declaration stands: `signals: …` or `signals(…)`. */
const partPattern = (at: string) => new RegExp(`^\\s*${at}\\s*[:(,]`);

/** Of what is not found Bun tells the name and no place: the first line that has it. */
function namePattern(message: string): RegExp | null {
  const name = /(?:named|package|module|Cannot find) '([^']+)'/.exec(message)?.[1];
  return name === undefined ? null : new RegExp(`import.*${RegExp.escape(name)}|from.*${RegExp.escape(name)}`);
}

function lineOf(source: string, pattern: RegExp | null): number | null {
  if (pattern === null) return null;
  const place = source.split("\n").findIndex((line) => pattern.test(line));
  return place === -1 ? null : place + 1;
}
