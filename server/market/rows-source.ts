import {
  barColumns,
  type FactColumn,
  factColumnOf,
  selectFactColumns,
} from "../../db/queries/market/read-fact-columns.ts";
import { selectDecimalSizes, selectFacts } from "../../db/queries/market/read-facts.ts";
import { isIndicator } from "../../db/queries/market/read-screen-columns.ts";
import { selectWorkspaceColumns } from "../../db/queries/market/read-workspace-columns.ts";
import type { AppContext } from "../context.ts";
import { HttpError } from "../http/errors.ts";
import { nearest } from "../http/nearest.ts";
import { columnsOf, type TableColumn } from "../http/tables/table.ts";
import type { RowSource } from "./rows-read.ts";
import { indicatorOf } from "./screener-indicators.ts";
import { asModelError, isWorkspaceName, whyNotOffered } from "./workspace-columns.ts";

/** What every row tells beside the columns asked for: whose it is, and of which session. */
const keyColumns = (date: string): readonly TableColumn[] => [
  { name: "asked", kind: "text", description: "The ticker that was asked for." },
  { name: "ticker", kind: "text", description: "The label in that session." },
  { name: date, kind: "date", description: "The session." },
];

function sourceOf(
  { read }: AppContext,
  columns: readonly FactColumn[],
  { key, shown, ...told }: Pick<RowSource, "name" | "parts"> & Record<"key" | "shown", readonly TableColumn[]>,
): RowSource {
  const decimals = columns.filter(({ kind }) => kind === "decimal");
  const models = columns.flatMap(({ from }) => (typeof from === "string" ? [] : [from.relation.model]));
  const asOurs = (error: unknown): never => {
    throw asModelError(error, models);
  };
  return {
    ...told,
    columns: [...key, ...shown],
    read: (part, limit) => selectFacts(read, part, columns, limit).catch(asOurs),
    async sizes(part) {
      const sizes = await selectDecimalSizes(read, part, decimals).catch(asOurs);
      const sizeOf = new Map(decimals.map((column, index) => [column, sizes[index]]));
      return [...key.map(() => null), ...columns.map((column) => sizeOf.get(column) ?? null)];
    },
  };
}

/** Bars, adjusted for splits or as they were stated. */
export const barSource = (context: AppContext, adjusted: boolean): RowSource =>
  sourceOf(context, barColumns(adjusted), {
    name: adjusted ? "barline-bars" : "barline-bars-unadjusted",
    key: keyColumns("date"),
    shown: columnsOf("decimal", "open", "high", "low", "close", "volume", "vwap"),
    parts: { rawBars: !adjusted },
  });

/** Columns of bars by name; a 422 names what is not there, and what was meant. */
export async function factSource(context: AppContext, names: readonly string[]): Promise<RowSource> {
  const known = await readFactColumns(context);
  const columns = names.map((name) => known.get(name) ?? refuseColumn(name, known));
  return sourceOf(context, columns, {
    name: "barline-facts",
    key: keyColumns("trade_date"),
    shown: columns.map(({ from: _, ...column }) => column),
    parts: { workspace: columns.some(({ from }) => typeof from !== "string") },
  });
}

/** All columns that can be asked for of a bar, by name. */
async function readFactColumns({ read }: AppContext): Promise<Map<string, FactColumn>> {
  const [table, workspace] = await Promise.all([selectFactColumns(read), selectWorkspaceColumns(read)]);
  const hasSecurities = table.some(({ name }) => name === "security_id");
  const own = workspace.filter(({ relation }) => hasSecurities || relation.grain !== "security_session");
  const described = table.map((column) =>
    column.description === "" && isIndicator(column.name)
      ? { ...column, description: indicatorOf(column.name).hint }
      : column,
  );
  return new Map([...described, ...own.map(factColumnOf)].map((column) => [column.name, column]));
}

const furthestSlip = 4;

function refuseColumn(name: string, known: ReadonlyMap<string, FactColumn>): never {
  throw new HttpError(422, "invalid", `\`columns\`: ${whyUnknown(name, known)}`, { field: "columns" });
}

function whyUnknown(name: string, known: ReadonlyMap<string, FactColumn>): string {
  if (isWorkspaceName(name)) {
    const own = [...known.values()].flatMap(({ from }) => (typeof from === "string" ? [] : [from]));
    return whyNotOffered(name, new Map(own.map((column) => [column.name, column])));
  }
  const close = nearest(name, [...known.keys()], furthestSlip);
  const advice = close === undefined ? `There are ${[...known.keys()].join(", ")}.` : `Did you mean ${close}?`;
  return `${name} is no column of a bar. ${advice}`;
}
