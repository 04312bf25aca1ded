import { StatementError } from "../../../db/console/statement.ts";
import { selectSavedQueries, selectSavedQuery } from "../../../db/queries/research/sql-queries.ts";
import { selectSqlRuns } from "../../../db/queries/research/sql-runs.ts";
import type { SqlForm, SqlPageView, SqlProblem, SqlResult } from "../../../views/research/sql-view.ts";
import type { AppContext } from "../../context.ts";
import { toChart } from "./chart.ts";
import type { StatementResult } from "./console.ts";
import { sqlLimits } from "./limits.ts";
import { readPublished } from "./read-schema.ts";
import { isNumber } from "./values.ts";

const rowsShown = 200;
const runsShown = 10;
const deletedShown = 10;
/** Of the line that a fault is in. */
const charactersShown = 200;

export const limitsTold = {
  seconds: sqlLimits.timeoutMs / 1000,
  rows: sqlLimits.rows,
  csvRows: sqlLimits.csvRows,
  atOnce: sqlLimits.atOnce,
};

/** What a page says of a result. */
export function toResult(result: StatementResult, purpose: "rows" | "plan" | "analyze", text: string): SqlResult {
  const { problem, columns, rows, cut, hasCutValues, durationMs } = result;
  if (problem !== null) return { kind: "problem", problem: toProblem(problem, text) };
  const isPlan = purpose !== "rows" || (columns.length === 1 && columns[0]?.name === "QUERY PLAN");
  if (isPlan) return { kind: "plan", lines: rows.map(([line]) => line ?? ""), durationMs };
  const { chart, note: chartNote } = toChart(columns, rows);
  return {
    kind: "rows",
    rows: {
      columns: columns.map((column) => ({ ...column, isNumber: isNumber(column) })),
      shown: rows.slice(0, rowsShown),
      ...{ rows: rows.length, cut, hasCutValues, durationMs, chart, chartNote },
    },
  };
}

/** What is wrong, with the line of what was typed that it is in. */
export function toProblem(error: Error, text: string): SqlProblem {
  const { position, hint = null } = error instanceof StatementError ? error.details : {};
  if (position === undefined) return { message: error.message, hint, place: null };
  const characters = [...text];
  const index = Math.min(position - 1, characters.length);
  const start = characters.lastIndexOf("\n", Math.max(0, index - 1)) + 1;
  const from = index === 0 ? 0 : start;
  const next = characters.indexOf("\n", index);
  const end = next === -1 ? characters.length : next;
  const word = /^[\w$]+/.exec(characters.slice(index, end).join(""))?.[0] ?? characters[index] ?? "";
  const at = word === "\n" || word === "" ? " " : word;
  return {
    message: error.message,
    hint,
    place: {
      line: characters.slice(0, index).filter((character) => character === "\n").length + 1,
      column: index - from + 1,
      before: characters.slice(Math.max(from, index - charactersShown), index).join(""),
      at,
      after: characters.slice(index + [...at].length, Math.min(end, index + charactersShown)).join(""),
    },
  };
}

type Said = { result?: SqlResult | null; undo?: number | null; problem?: string | null };

/** The page around a form; what is missing for the console is told to those who may do something about it. */
export async function readSqlPage(
  context: AppContext,
  form: SqlForm,
  { mayChange, result = null, undo = null, problem = null }: Said & { mayChange: boolean },
): Promise<SqlPageView> {
  const { read, now } = context;
  const access = await context.sqlConsole.access();
  const [history, saved, deleted, gone, relations] = await Promise.all([
    selectSqlRuns(read, { before: null, limit: runsShown, now: now() }),
    selectSavedQueries(read, { deleted: false, limit: sqlLimits.savedQueries }),
    selectSavedQueries(read, { deleted: true, limit: deletedShown }),
    undo === null ? null : selectSavedQuery(read, undo),
    readPublished(context),
  ]);
  const missing = "reason" in access ? { ...access, statements: mayChange ? access.statements : [] } : null;
  return {
    ...{ form, result, history, saved, deleted, problem, relations, missing },
    undo: gone?.deletedAt ? { id: gone.id, name: gone.name } : null,
    limits: limitsTold,
  };
}
