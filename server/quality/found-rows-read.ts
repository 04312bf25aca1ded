import { isUndefinedTable } from "../../db/errors.ts";
import { selectFoundRows } from "../../db/queries/quality/read-found-rows.ts";
import { isIsoDate } from "../../jobs/market/calendar.ts";
import { RequestError } from "../../jobs/orchestrator/types.ts";
import type { FoundRowsView } from "../../views/quality/types.ts";
import type { AppContext } from "../context.ts";
import { type ColumnKind, type Table, type TableValue, tableOf } from "../http/tables/table.ts";
import { readProject, sentenceOf, testsOf } from "./nodes.ts";
import { toTable } from "./test-read.ts";

const rowsShown = 50;
/** As many as are held in memory for one download. */
const mostExported = 100_000;

type Context = Pick<AppContext, "read" | "pipeline">;

/** Asks what is published for the rows that a test of the project finds. A RequestError where there is no such test, or no table. */
async function find(context: Context, name: string, page: { offset: number; limit: number }) {
  const { project } = await readProject(context);
  const test = testsOf(project).find((declared) => declared.name === name && declared.compiledSql !== "");
  if (!test) throw new RequestError("not_found", `The project has no data test "${name}".`, "name");
  try {
    return { test, ...(await selectFoundRows(context.read, test.compiledSql, page)) };
  } catch (error) {
    if (!isUndefinedTable(error)) throw error;
    throw new RequestError("not_found", "Nothing that it could be asked of is published yet.");
  }
}

/** What a test finds now, by column. */
export async function findRows(context: Context, name: string, page: { offset: number; limit: number }) {
  const { total, rows } = await find(context, name, page);
  return { total, rows };
}

/** One page of what a test finds now, from row `from` on. */
export async function readFoundRows(context: Context, name: string, from: number): Promise<FoundRowsView> {
  const offset = Math.min(from, 1_000_000_000);
  const { test, total, rows } = await find(context, name, { offset, limit: rowsShown });
  const url = `/quality/tests/${encodeURIComponent(name)}/rows`;
  return {
    ...{ name, subject: test.subject ?? "", asserts: sentenceOf(test), total, from: offset },
    ...toTable(rows),
    newer: offset > 0 ? `${url}?from=${Math.max(0, offset - rowsShown)}` : null,
    older: offset + rows.length < total && rows.length > 0 ? `${url}?from=${offset + rows.length}` : null,
    csvUrl: `${url}.csv`,
  };
}

/** All that a test finds now, up to 100,000 rows, for a file. */
export async function readAllFoundRows(context: Context, name: string): Promise<Table> {
  const { rows } = await find(context, name, { offset: 0, limit: mostExported });
  const { columns } = toTable(rows);
  const cells = rows.map((row) => columns.map((column) => toValue(row[column])));
  const kinds = columns.map((name, index) => ({ name, kind: kindOf(cells.map((values) => values[index] ?? null)) }));
  return tableOf(`barline-${name.replace(/[^\w-]+/g, "_")}`, kinds, cells, (values) =>
    values.map((value, index) => (kinds[index]?.kind === "text" && value !== null ? String(value) : value)),
  );
}

function toValue(value: unknown): TableValue {
  if (value === undefined || value === null) return null;
  return ["number", "string", "boolean"].includes(typeof value) ? (value as TableValue) : JSON.stringify(value);
}

/** What all values of a column are: a query of whoever wrote the test says no more of them. */
function kindOf(values: readonly TableValue[]): ColumnKind {
  const told = values.filter((value) => value !== null);
  if (told.length === 0) return "text";
  if (told.every((value) => typeof value === "number")) return "number";
  if (told.every((value) => typeof value === "boolean")) return "boolean";
  return told.every((value) => typeof value === "string" && isIsoDate(value)) ? "date" : "text";
}
