import { type Quarantined, selectQuarantinedOn } from "../../db/queries/market/read-quarantines.ts";
import {
  type IndicatorColumn,
  indicatorColumns,
  indicatorsIn,
  isIndicator,
  martTables,
  selectMartColumns,
} from "../../db/queries/market/read-screen-columns.ts";
import {
  type ScreenResult,
  selectScreen,
  selectScreenTypes,
  selectSessionAt,
} from "../../db/queries/market/read-screener.ts";
import type { Indicator } from "../../views/market/indicators.ts";
import { indicatorGroups } from "../../views/market/indicators.ts";
import type { ScreenView, SortHeader } from "../../views/market/screener-types.ts";
import type { AppContext } from "../context.ts";
import { indicatorOf, orderedIndicators, presets } from "./screener-indicators.ts";
import { type Problem, parseSort, readScreen, type ScreenRequest, screenUrl } from "./screener-request.ts";

const pageSize = 100;

/** The indicators that the published marts tell: of each ticker's newest bar, and of every bar. */
export type Available = { latest: readonly IndicatorColumn[]; facts: readonly IndicatorColumn[] };

/** What can be screened; null where one of the marts that screens read is not there. */
export async function readAvailable(context: AppContext): Promise<Available | null> {
  const { facts, latest, breadth, tickers } = martTables;
  const columns = await selectMartColumns(context.read, [facts, latest, breadth, tickers]);
  const of = (table: string) => indicatorsIn(columns.get(table) ?? new Set());
  return columns.size < 4 ? null : { latest: of(latest), facts: of(facts) };
}

/** The newest session, and the one asked for; that is null for a day before the first one. */
export type ScreenSession = { newest: string; session: string | null };

/** The sessions that a screen of this day is about; null while there is none at all. */
export async function readSession(context: AppContext, date: string | null): Promise<ScreenSession | null> {
  const [newest, session] = await Promise.all([
    selectSessionAt(context.read, null),
    selectSessionAt(context.read, date),
  ]);
  return newest === null ? null : { newest, session };
}

/** What a screen finds, with who of it is in quarantine. */
export type FoundScreen = Omit<ScreenResult, "rows"> & {
  rows: (ScreenResult["rows"][number] & { quarantined: Quarantined | null })[];
};

const nobody: FoundScreen = {
  rows: [],
  matches: 0,
  listed: 0,
  surviving: 0,
  medianLater: null,
  medianLaterSurviving: null,
};

/** The rows of a screen. `limit` null: all of them. */
export async function answerScreen(
  context: AppContext,
  { newest, session }: ScreenSession,
  request: ScreenRequest,
  limit: number | null,
): Promise<FoundScreen> {
  if (session === null) return nobody;
  const screen = {
    ...request,
    type: request.type || null,
    survivors: request.survivors && session !== newest,
    offset: request.from,
    limit,
  };
  const { rows, ...counts } = await selectScreen(context.read, { session, newest }, screen);
  const held = rows.length > 0 ? await selectQuarantinedOn(context.read, session) : new Map();
  return { ...counts, rows: rows.map((row) => ({ ...row, quarantined: held.get(row.ticker) ?? null })) };
}

/** Why an indicator cannot be told: only of the newest bar of each ticker are all of them kept. */
export const whyMissing = (column: IndicatorColumn, { latest }: Available) =>
  latest.includes(column)
    ? `${indicatorOf(column).label} is kept of each ticker's newest bar only, not of past sessions.`
    : `${indicatorOf(column).label} is not published yet.`;

/** Leaves out what the session's table does not have, and says so where it would have changed what is found. */
function withKnown(request: ScreenRequest, known: readonly IndicatorColumn[], available: Available) {
  const has = (column: string) => (known as readonly string[]).includes(column);
  const { column: sorted } = request.sort;
  const isSorted = !isIndicator(sorted) || has(sorted);
  const missing = request.bounds.map(({ column }) => column).filter((column) => !has(column));
  if (isIndicator(sorted) && !isSorted && !missing.includes(sorted)) missing.push(sorted);
  const problems: Problem[] = missing.map((column) => ({ field: column, message: whyMissing(column, available) }));
  const answerable: ScreenRequest = {
    ...request,
    bounds: request.bounds.filter(({ column }) => has(column)),
    columns: request.columns.filter(has),
    sort: isSorted ? request.sort : { column: "ticker", descending: false },
  };
  return { answerable, problems };
}

/** Reads a URL's query and finds what it asks for; null while there is no session. */
export async function readPageScreen(
  context: AppContext,
  params: URLSearchParams,
  limit: number | null,
  available: Available,
) {
  const { request, problems } = readScreen(params, indicatorColumns);
  const sessions = await readSession(context, request.date);
  if (sessions === null) return null;
  const known = sessions.session === sessions.newest ? available.latest : available.facts;
  const { answerable, problems: missing } = withKnown(request, known, available);
  const result = await answerScreen(context, sessions, answerable, limit);
  return { ...sessions, request, answerable, known, result, problems: [...problems, ...missing] };
}

function headerOf(request: ScreenRequest, key: string, label: string, hint: string | null): SortHeader {
  const { sort } = request;
  const isText = key === "ticker" || key === "name" || key === "type";
  const isCurrent = sort.column === key;
  const descending = isCurrent ? !sort.descending : !isText;
  const next = parseSort(`${descending ? "-" : ""}${key}`) ?? sort;
  return {
    key,
    label,
    hint,
    isNumber: !isText,
    sorted: !isCurrent ? null : sort.descending ? "descending" : "ascending",
    url: screenUrl({ ...request, sort: next, from: 0 }),
  };
}

/** The page of a URL's query, read once a second for all who ask the same; null before marts are published. */
export const readScreenView = (context: AppContext, params: URLSearchParams): Promise<ScreenView | null> =>
  context.snapshots.of(`screen ${params}`, () => readScreenNow(context, params));

async function readScreenNow(context: AppContext, params: URLSearchParams): Promise<ScreenView | null> {
  const available = await readAvailable(context);
  if (available === null) return null;
  const [found, types] = await Promise.all([
    readPageScreen(context, params, pageSize, available),
    selectScreenTypes(context.read),
  ]);
  if (found === null) return null;
  const { request, answerable, session, newest, result, known, problems } = found;
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
    columns: of(answerable.columns),
    keptColumns: request.columns.filter((column) => !known.includes(column)),
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
      ...of(answerable.columns).map(({ column, label, hint }) => headerOf(request, column, label, hint)),
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
    apiUrl: screenUrl({ ...answerable, from: 0 }, "/api/screener"),
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
