import {
  type IndicatorColumn,
  indicatorColumns,
  indicatorsIn,
  martTables,
  selectMartColumns,
} from "../../db/queries/dashboard/screen-columns.ts";
import {
  type ScreenResult,
  selectScreen,
  selectScreenTypes,
  selectSessionAt,
} from "../../db/queries/dashboard/screener.ts";
import type { Indicator } from "../../views/indicators.ts";
import { indicatorGroups } from "../../views/indicators.ts";
import type { ScreenView, SortHeader } from "../../views/screener.tsx";
import type { AppContext } from "../context.ts";
import { indicatorOf, orderedIndicators, presets } from "./indicators.ts";
import { type Problem, parseSort, readScreen, type ScreenRequest, screenUrl } from "./screen.ts";

export const pageSize = 100;

/** What the published marts can answer; null where one of those that screens read is not there. */
export async function readAvailable(
  context: AppContext,
): Promise<{ latest: readonly IndicatorColumn[]; facts: readonly IndicatorColumn[] } | null> {
  const { facts, latest, breadth, tickers } = martTables;
  const columns = await selectMartColumns(context.read, [facts, latest, breadth, tickers]);
  const of = (table: string) => indicatorsIn(columns.get(table) ?? new Set());
  return columns.size < 4 ? null : { latest: of(latest), facts: of(facts) };
}

/** A request as the published tables can answer it, and the session that it is about. */
export type AnsweredScreen = { request: ScreenRequest; session: string | null; newest: string; result: ScreenResult };

const nobody: ScreenResult = {
  rows: [],
  matches: 0,
  listed: 0,
  surviving: 0,
  medianLater: null,
  medianLaterSurviving: null,
};

/** The rows of a screen; `session` is null for a day before the first one. `limit` null: all of them. */
export async function answerScreen(
  context: AppContext,
  request: ScreenRequest,
  limit: number | null,
): Promise<AnsweredScreen | null> {
  const [newest, session] = await Promise.all([
    selectSessionAt(context.read, null),
    selectSessionAt(context.read, request.date),
  ]);
  if (newest === null) return null;
  if (session === null) return { request, session, newest, result: nobody };
  const screen = {
    ...request,
    type: request.type || null,
    survivors: request.survivors && session !== newest,
    offset: request.from,
    limit,
  };
  const result = await selectScreen(context.read, { session, newest }, screen);
  return { request, session, newest, result };
}

/** Leaves out what the tables of an earlier build do not have, and says so. */
function withAvailable(request: ScreenRequest, known: readonly IndicatorColumn[], problems: Problem[]): ScreenRequest {
  const has = (column: string) => (known as readonly string[]).includes(column);
  const { column: sorted } = request.sort;
  const isSorted = has(sorted) || sorted === "ticker" || sorted === "name" || sorted === "type";
  for (const { column } of request.bounds.filter((bound) => !has(bound.column))) {
    problems.push({ field: column, message: `${indicatorOf(column).label} is not published yet.` });
  }
  return {
    ...request,
    bounds: request.bounds.filter(({ column }) => has(column)),
    columns: request.columns.filter(has),
    sort: isSorted ? request.sort : { column: "ticker", descending: false },
  };
}

/** Reads a URL's query and finds what it asks for; null before marts are published. */
export async function readPageScreen(context: AppContext, params: URLSearchParams, limit: number | null) {
  const available = await readAvailable(context);
  if (available === null) return null;
  const { request: asked, problems } = readScreen(params, indicatorColumns);
  const known = asked.date === null ? available.latest : available.facts;
  const answered = await answerScreen(context, withAvailable(asked, known, problems), limit);
  return answered && { ...answered, known, problems };
}

function headerOf(request: ScreenRequest, key: string, label: string, hint: string | null): SortHeader {
  const { sort } = request;
  const isText = key === "ticker" || key === "name" || key === "type";
  const isCurrent = sort.column === key;
  const descending = isCurrent ? !sort.descending : !isText;
  const next = parseSort(`${descending ? "-" : ""}${key}`) ?? sort;
  return {
    label,
    hint,
    isNumber: !isText,
    sorted: !isCurrent ? null : sort.descending ? "descending" : "ascending",
    url: screenUrl({ ...request, sort: next, from: 0 }),
  };
}

/** The page of a URL's query; null before marts are published. */
export async function readScreenView(context: AppContext, params: URLSearchParams): Promise<ScreenView | null> {
  const [found, types] = await Promise.all([
    readPageScreen(context, params, pageSize),
    readAvailable(context).then((available) => (available === null ? [] : selectScreenTypes(context.read))),
  ]);
  if (found === null) return null;
  const { request, session, newest, result, known, problems } = found;
  const of = (columns: readonly IndicatorColumn[]): Indicator[] => columns.map(indicatorOf);
  const past = session === newest ? null : session;
  const shown = new Set<string>(request.columns);
  const offered = of(orderedIndicators.filter((column) => known.includes(column)));
  const has = (column: IndicatorColumn) => known.includes(column);
  const page = (from: number) => screenUrl({ ...request, from });
  return {
    query: request.query,
    type: request.type,
    types,
    date: request.date ?? "",
    session,
    newest,
    survivors: request.survivors,
    survivorship: past === null ? null : { session: past, ...result },
    filters: request.bounds.map(({ column, min, max }) => ({
      indicator: indicatorOf(column),
      min,
      max,
      without: screenUrl({ ...request, bounds: request.bounds.filter((bound) => bound.column !== column), from: 0 }),
    })),
    sort: `${request.sort.descending ? "-" : ""}${request.sort.column}`,
    columns: of(request.columns),
    groups: indicatorGroups.map((group) => ({
      group,
      indicators: offered
        .filter((indicator) => indicator.group === group)
        .map((indicator) => ({ ...indicator, isShown: shown.has(indicator.column) })),
    })),
    headers: [
      headerOf(request, "ticker", "Symbol", null),
      headerOf(request, "name", "Name", null),
      headerOf(request, "type", "Type", null),
      ...of(request.columns).map(({ column, label, hint }) => headerOf(request, column, label, hint)),
    ],
    presets: presets
      .filter(({ needs }) => needs.every(has))
      .map(({ id, label, query }) => ({ id, label, ...presetLink(request, query) })),
    rows: result.rows,
    matches: result.matches,
    from: request.from,
    newer: request.from > 0 ? page(Math.max(0, request.from - pageSize)) : null,
    older: request.from + result.rows.length < result.matches ? page(request.from + pageSize) : null,
    csvUrl: screenUrl({ ...request, from: 0 }, "/screener.csv"),
    apiUrl: screenUrl({ ...request, from: 0 }, "/api/screener"),
    url: screenUrl(request),
    problems,
  };
}

/** A preset keeps the columns and the session, and takes the place of everything else. */
function presetLink(request: ScreenRequest, query: string): { url: string; isCurrent: boolean } {
  const preset = readScreen(new URLSearchParams(query), indicatorColumns).request;
  const { columns, date, survivors } = request;
  const url = screenUrl({ ...preset, columns, date, survivors });
  return { url, isCurrent: url === screenUrl({ ...request, from: 0 }) };
}
