import { z } from "zod";
import { type IndicatorColumn, indicatorColumns } from "../../db/queries/market/read-screen-columns.ts";
import { booleanInUrl, dateInput, numberInUrl, textInUrl } from "../http/schemas.ts";
import { indicatorOf } from "./screener-indicators.ts";
import {
  type Bound,
  type Choice,
  type ColumnName,
  numberAllowed,
  parseAmount,
  parseColumns,
  parseFilterName,
  parseSort,
  parseValues,
  type ScreenRequest,
} from "./screener-request.ts";
import { isWorkspaceName } from "./workspace-columns.ts";

export const shortText = textInUrl(0, 80, "has to be at most 80 characters, and none that control");

const amount = z
  .string()
  .transform((text, context) => {
    const value = parseAmount(text);
    if (value !== null) return value;
    context.addIssue({ code: "custom", message: numberAllowed });
    return z.NEVER;
  })
  .optional();

const describeBound = (column: IndicatorColumn, side: string) =>
  amount.meta({
    description: `${side} ${indicatorOf(column).label}: ${indicatorOf(column).hint}.`,
    override: { type: "number" },
  });

/** `rsi_14_min` and `rsi_14_max`, and so on for each indicator. */
const bounds = Object.fromEntries(
  indicatorColumns.flatMap((column) => [
    [`${column}_min`, describeBound(column, "Least")],
    [`${column}_max`, describeBound(column, "Most")],
  ]),
);

const columnsAllowed = `of ${indicatorColumns.join(", ")}, or of your own models as \`model.column\``;
const workspaceColumn = String.raw`[A-Za-z0-9_]{1,63}\.[A-Za-z0-9_]{1,63}`;
/** A column by its name, as a pattern of the document. */
export const oneColumn = `(${indicatorColumns.join("|")}|${workspaceColumn})`;
const columnList = z.string().transform((text, context) => {
  const { columns, unknown } = parseColumns(text);
  if (unknown.length === 0 && columns.length > 0) return columns;
  context.addIssue({ code: "custom", message: `has to be columns separated by commas, ${columnsAllowed}` });
  return z.NEVER;
});

const sorting = z.string().transform((text, context) => {
  const sort = parseSort(text);
  if (sort) return sort;
  context.addIssue({
    code: "custom",
    message: "has to be a column, ticker, name or type; with - before it to descend",
  });
  return z.NEVER;
});

const ownAllowed = "has to be left out: it stands for fields such as `model.column_min`";
/** How the document tells of fields whose names are known only when they are asked for; they come by their own names. */
const workspaceFilters = z
  .record(z.string().regex(new RegExp(`^${workspaceColumn}_(min|max|is)$`)), z.string(), { error: ownAllowed })
  .optional()
  .meta({
    description:
      "Filters by columns of your own models, each a field of its own: `model.column_min` and `model.column_max` of numbers, `model.column_is` of texts (several with `|` between them, one in a text as `\\|`) and of `true` and `false`. `/api/screener/columns` lists them.",
  });

const isWorkspaceFilter = (name: string) => {
  const filter = parseFilterName(name);
  return filter !== null && isWorkspaceName(filter.column);
};

const shape = {
  q: shortText.default("").meta({ description: "Part of a symbol or name.", override: { default: "" } }),
  type: shortText.default("").meta({ description: "The vendor's type code: CS, ETF …" }),
  date: dateInput.optional().meta({ description: "The session, or the last one before; the newest if absent." }),
  survivors: booleanInUrl.default(false).meta({
    description: "Of a past session, only tickers that still trade in the newest.",
    override: { default: false },
  }),
  columns: columnList.optional().meta({
    description: "Separated by commas; those of your own models as `model.column`.",
    override: { type: "string", pattern: `^${oneColumn}(,${oneColumn})*$` },
  }),
  sort: sorting.optional().meta({
    description: "`rsi_14`, or `-rsi_14` to descend.",
    override: {
      type: "string",
      pattern: `^-?(ticker|name|type|${indicatorColumns.join("|")}|${workspaceColumn})$`,
    },
  }),
  from: numberInUrl(0, 1_000_000)
    .default(0)
    .meta({ override: { default: 0 } }),
  limit: numberInUrl(1, 20_000)
    .default(100)
    .meta({ override: { default: 100 } }),
  workspace: workspaceFilters,
  ...bounds,
};

/** What a screen is asked by: every indicator has its own two fields, and what is left has to be a filter by a workspace column. */
export const screenQuerySchema = z
  .object(shape)
  .catchall(z.string())
  .superRefine((query, context) => {
    for (const name of Object.keys(query)) {
      if (name in shape) continue;
      if (!isWorkspaceFilter(name)) context.addIssue({ code: "unrecognized_keys", keys: [name], input: query });
      else if (!name.endsWith("_is") && parseAmount(String(query[name])) === null) {
        context.addIssue({ code: "custom", path: [name], message: numberAllowed });
      }
    }
  });

export type ScreenQuery = {
  q: string;
  type: string;
  date?: string | undefined;
  survivors: boolean;
  columns?: ColumnName[] | undefined;
  sort?: ScreenRequest["sort"] | undefined;
  from: number;
  limit: number;
};

/** The filters of a checked query, by column. */
export function filtersOf(query: Record<string, unknown>): { bounds: Bound[]; choices: Choice[] } {
  const found = new Map<ColumnName, Bound>();
  const choices: Choice[] = [];
  for (const [name, value] of Object.entries(query)) {
    const filter = value === undefined ? null : parseFilterName(name);
    if (filter?.part === "is") choices.push({ column: filter.column, values: parseValues(String(value)) });
    else if (filter) {
      const { column, part } = filter;
      const side = typeof value === "number" ? value : parseAmount(String(value));
      found.set(column, { min: null, max: null, ...found.get(column), column, [part]: side });
    }
  }
  return { bounds: [...found.values()], choices };
}
