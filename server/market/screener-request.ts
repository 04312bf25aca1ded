import { type IndicatorColumn, isIndicator } from "../../db/queries/market/read-screen-columns.ts";
import type { WorkspaceName } from "../../db/queries/market/read-workspace-columns.ts";
import { isIsoDate } from "../../jobs/market/calendar.ts";
import type { IndicatorKind } from "../../views/market/indicators.ts";
import { nearest } from "../http/nearest.ts";
import { defaultColumns, defaultSort, indicatorOf } from "./screener-indicators.ts";
import { isWorkspaceName } from "./workspace-columns.ts";

/** A column as addresses name it: an indicator, or a column of a workspace model. Of the latter nothing is known here but how it is written. */
export type ColumnName = IndicatorColumn | WorkspaceName;

/** From `min` to `max`, both inclusive; null leaves that side open. */
export type Bound = { column: ColumnName; min: number | null; max: number | null };

/** Any of these values. */
export type Choice = { column: WorkspaceName; values: string[] };

export type SortName = ColumnName | "ticker" | "name" | "type";

/** What a screen is asked for: everything that its URL holds. */
export type ScreenRequest = {
  query: string;
  type: string;
  /** A session of the past, or the last one before this day; null: the newest. */
  date: string | null;
  /** Only what still trades in the newest session. */
  survivors: boolean;
  bounds: Bound[];
  choices: Choice[];
  columns: readonly ColumnName[];
  sort: { column: SortName; descending: boolean };
  /** Rows before the page. */
  from: number;
};

/** What of a URL could not be understood, by the name of its parameter. */
export type Problem = { field: string; message: string };

/** Symbols are short and names are not long; more is not a search. */
const longestQuery = 80;
const largestOffset = 1_000_000;
const scales: Record<string, number> = { "%": 0.01, k: 1e3, m: 1e6, b: 1e9 };

export const numberAllowed = "has to be a number such as 0.1, 10% or 1.5M";

/** A number as people write one: 0.1, 10%, -2 %, 1.5M, 1e6, 1,000; null where it is none. */
export function parseAmount(text: string): number | null {
  const match = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?)\s*([%kmb]?)$/i.exec(
    text
      .trim()
      .replaceAll("−", "-")
      .replaceAll(/(?<=\d),(?=\d{3})/g, ""),
  );
  const [, digits, suffix = ""] = match ?? [];
  if (digits === undefined) return null;
  const value = Number(digits) * (scales[suffix.toLowerCase()] ?? 1);
  // 7% is 0.07, not 0.07000000000000001.
  return Number.isFinite(value) ? Number(value.toPrecision(15)) : null;
}

/** Whether a text is written as the name of a column is. */
export const isColumnName = (text: string): text is ColumnName => isIndicator(text) || isWorkspaceName(text);

/** What a column is called; one of a workspace model by its name. */
export const labelOf = (column: ColumnName): string => (isIndicator(column) ? indicatorOf(column).label : column);

const isSortable = (text: string): text is SortName =>
  text === "ticker" || text === "name" || text === "type" || isColumnName(text);

type FilterName = { column: ColumnName; part: "min" | "max" } | { column: WorkspaceName; part: "is" };

/** `rsi_14_max` as its column and what of it is meant; null where it is no filter's name. The last word alone tells, so no two filters share one. */
export function parseFilterName(name: string): FilterName | null {
  const [, column = "", part = ""] = /^([\w.]+)_(min|max|is)$/.exec(name) ?? [];
  if (part === "is") return isWorkspaceName(column) ? { column, part } : null;
  return (part === "min" || part === "max") && isColumnName(column) ? { column, part } : null;
}

/** Values between bars, of which one that is in a value has a backslash before it, as has a backslash. */
export const parseValues = (text: string): string[] =>
  [...text.matchAll(/(?:[^|\\]|\\.?)+/gs)].map(([value]) => value.replaceAll(/\\(.)/gs, "$1"));

/** The values as `parseValues` reads them. */
export const valuesText = (values: readonly string[]): string =>
  values.map((value) => value.replaceAll(/[\\|]/g, "\\$&")).join("|");

/** `rsi_14` ascending, `-rsi_14` descending; null where no column is called so. */
export function parseSort(text: string): ScreenRequest["sort"] | null {
  const descending = text.startsWith("-");
  const column = descending ? text.slice(1) : text;
  return isSortable(column) ? { column, descending } : null;
}

const sortText = ({ column, descending }: ScreenRequest["sort"]) => `${descending ? "-" : ""}${column}`;

/** Columns by name, separated by commas; the unknown ones apart. */
export function parseColumns(text: string): { columns: ColumnName[]; unknown: string[] } {
  const names = [...new Set(text.split(",").map((name) => name.trim()))].filter((name) => name !== "");
  return { columns: names.filter(isColumnName), unknown: names.filter((name) => !isColumnName(name)) };
}

/** How a number of a column is written. */
export const kindOf = (column: ColumnName): IndicatorKind => (isIndicator(column) ? indicatorOf(column).kind : "plain");

/** The bounds among some parameters: `rsi_14_max=30`, and what the form's own row adds. */
function readBounds(params: URLSearchParams, problems: Problem[]): Bound[] {
  const bounds = new Map<ColumnName, Bound>();
  const read = (field: string, column: ColumnName, side: "min" | "max") => {
    const text = params.get(field)?.trim() ?? "";
    if (text === "") return;
    const value = parseAmount(text);
    const called = `${labelOf(column)}, at ${side === "min" ? "least" : "most"},`;
    if (value === null) problems.push({ field, message: `${called} ${numberAllowed}.` });
    else bounds.set(column, { column, min: null, max: null, ...bounds.get(column), [side]: value });
  };
  for (const name of new Set(params.keys())) {
    const filter = parseFilterName(name);
    if (filter && filter.part !== "is") read(name, filter.column, filter.part);
  }
  const added = params.get("add") ?? "";
  if (isColumnName(added)) {
    read("add_min", added, "min");
    read("add_max", added, "max");
    if (!bounds.has(added) && problems.length === 0) {
      problems.push({
        field: "add",
        message: `Say how much ${labelOf(added)} has to be at least, or at most.`,
      });
    }
  }
  for (const { column, min, max } of bounds.values()) {
    if (min !== null && max !== null && min > max) {
      problems.push({
        field: `${column}_min`,
        message: `The least ${labelOf(column)} is more than the most.`,
      });
    }
  }
  return [...bounds.values()];
}

/** The values to choose from among some parameters: `sectors.sector_is=Energy`, as often as there are boxes for it. */
function readChoices(params: URLSearchParams): Choice[] {
  const choices = [...new Set(params.keys())].flatMap((name) => {
    const filter = parseFilterName(name);
    return filter?.part === "is"
      ? [{ column: filter.column, values: [...new Set(params.getAll(name).flatMap(parseValues))] }]
      : [];
  });
  return choices.filter(({ values }) => values.length > 0);
}

const unknownColumn = (name: string, known: readonly string[]) => {
  const close = nearest(name.slice(0, 60), known, 4);
  return `“${name.slice(0, 60)}” is no column.${close === undefined ? "" : ` Did you mean ${close}?`}`;
};

function readColumns(params: URLSearchParams, known: readonly string[], problems: Problem[]) {
  const { columns, unknown } = parseColumns(params.getAll("columns").join(","));
  for (const name of unknown) problems.push({ field: "columns", message: unknownColumn(name, known) });
  return columns.length > 0 ? columns : defaultColumns;
}

function readSort(params: URLSearchParams, known: readonly string[], problems: Problem[]) {
  const text = params.get("sort") ?? "";
  const sort = parseSort(text);
  if (text !== "" && !sort) problems.push({ field: "sort", message: unknownColumn(text, known) });
  return sort ?? defaultSort;
}

/** Reads a page's URL. Whatever it cannot read is left out and told. */
export function readScreen(
  params: URLSearchParams,
  known: readonly string[],
): { request: ScreenRequest; problems: Problem[] } {
  const problems: Problem[] = [];
  const day = params.get("date")?.trim() ?? "";
  const isDay = isIsoDate(day) && day >= "1900-01-01" && day <= "2100-12-31";
  if (day !== "" && !isDay) problems.push({ field: "date", message: "The date has to be one such as 2020-03-16." });
  const from = params.get("from") ?? "";
  const request = {
    query: (params.get("q") ?? "").trim().slice(0, longestQuery),
    type: (params.get("type") ?? "").trim().slice(0, longestQuery),
    date: isDay ? day : null,
    survivors: params.get("survivors") === "true",
    bounds: readBounds(params, problems),
    choices: readChoices(params),
    columns: readColumns(params, known, problems),
    sort: readSort(params, known, problems),
    from: /^\d{1,7}$/.test(from) ? Math.min(Number(from), largestOffset) : 0,
  };
  return { request, problems };
}

/** In whatever order: a form sends its boxes in that of the page. */
const isDefault = (columns: readonly ColumnName[]) => columns.toSorted().join() === defaultColumns.toSorted().join();

/** The query of a screen's URL: only what differs from a plain screen, always in the same order. */
export function screenQuery(request: ScreenRequest): string {
  const params = new URLSearchParams();
  if (request.query) params.set("q", request.query);
  if (request.type) params.set("type", request.type);
  if (request.date !== null) params.set("date", request.date);
  if (request.date !== null && request.survivors) params.set("survivors", "true");
  for (const { column, min, max } of request.bounds) {
    if (min !== null) params.set(`${column}_min`, String(min));
    if (max !== null) params.set(`${column}_max`, String(max));
  }
  for (const { column, values } of request.choices) params.set(`${column}_is`, valuesText(values));
  if (!isDefault(request.columns)) params.set("columns", request.columns.join(","));
  if (sortText(request.sort) !== sortText(defaultSort)) params.set("sort", sortText(request.sort));
  if (request.from > 0) params.set("from", String(request.from));
  // Commas may stand in a query as they are, and read better.
  return params.toString().replaceAll("%2C", ",");
}

/** The address of a screen. */
export function screenUrl(request: ScreenRequest, path = "/screener"): string {
  const query = screenQuery(request);
  return query === "" ? path : `${path}?${query}`;
}
