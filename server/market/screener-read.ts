import { type Quarantined, selectQuarantinedOn } from "../../db/queries/market/read-quarantines.ts";
import {
  type IndicatorColumn,
  indicatorColumns,
  indicatorsIn,
  isIndicator,
  martTables,
  selectMartColumns,
} from "../../db/queries/market/read-screen-columns.ts";
import { type ScreenResult, selectScreen, selectSessionAt } from "../../db/queries/market/read-screener.ts";
import type { ScreenColumn } from "../../db/queries/market/read-workspace-screen.ts";
import type { AppContext } from "../context.ts";
import { HttpError } from "../http/errors.ts";
import { indicatorOf } from "./screener-indicators.ts";
import { type ColumnName, type Problem, readScreen, type ScreenRequest, type SortName } from "./screener-request.ts";
import {
  asModelError,
  isWorkspaceName,
  type MarketReader,
  readWorkspace,
  UnreadableModelError,
  type Workspace,
  whyNotOffered,
} from "./workspace-columns.ts";

/** What can be asked for: the indicators that the published marts tell, of each ticker's newest bar and of every bar, and the workspace's columns. */
export type Available = {
  latest: readonly IndicatorColumn[];
  facts: readonly IndicatorColumn[];
  workspace: Workspace;
};

/** What can be screened; null where one of the marts that screens read is not there. */
export async function readAvailable(context: MarketReader): Promise<Available | null> {
  const { facts, latest, breadth, tickers } = martTables;
  const columns = await selectMartColumns(context.read, [facts, latest, breadth, tickers]);
  if (columns.size < 4) return null;
  const of = (table: string) => indicatorsIn(columns.get(table) ?? new Set());
  const workspace = await readWorkspace(context, columns.get(facts)?.has("security_id") ?? false);
  return { latest: of(latest), facts: of(facts), workspace };
}

/** The newest session, and the one asked for; that is null for a day before the first one. */
export type ScreenSession = { newest: string; session: string | null };

/** The sessions that a screen of this day is about; null while there is none at all. */
export async function readSession(context: MarketReader, date: string | null): Promise<ScreenSession | null> {
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

/** A name as what it stands for. */
export function columnOf(name: ColumnName, workspace: Workspace): ScreenColumn {
  if (isIndicator(name)) return name;
  const column = workspace.get(name);
  if (column === undefined) throw new HttpError(422, "invalid", whyNotOffered(name, workspace), { field: name });
  return column;
}

const isPlainSort = (column: SortName) => column === "ticker" || column === "name" || column === "type";

/** What of the workspace a screen reads. */
const namesOf = ({ bounds, choices, columns, sort }: ScreenRequest) =>
  [...bounds.map(({ column }) => column), ...choices.map(({ column }) => column), ...columns, sort.column].filter(
    isWorkspaceName,
  );

/** The rows of a screen, of columns that are there. `limit` null: all of them. A workspace model that cannot be read is a 422 that says why. */
export async function answerScreen(
  context: AppContext,
  { newest, session }: ScreenSession,
  request: ScreenRequest,
  { limit, workspace }: { limit: number | null; workspace: Workspace },
): Promise<FoundScreen> {
  if (session === null) return nobody;
  const { sort } = request;
  const screen = {
    ...request,
    bounds: request.bounds.map((bound) => ({ ...bound, column: columnOf(bound.column, workspace) })),
    choices: request.choices.flatMap(({ column, values }) => {
      const found = workspace.get(column);
      return found ? [{ column: found, values }] : [];
    }),
    columns: request.columns.map((column) => columnOf(column, workspace)),
    sort: { ...sort, column: isPlainSort(sort.column) ? sort.column : columnOf(sort.column, workspace) },
    type: request.type || null,
    survivors: request.survivors && session !== newest,
    offset: request.from,
    limit,
  };
  const { rows, ...counts } = await selectScreen(context.read, { session, newest }, screen).catch((error) => {
    const models = namesOf(request).map((name) => name.split(".")[0] ?? name);
    throw asModelError(error, models);
  });
  const held = rows.length > 0 ? await selectQuarantinedOn(context.read, session) : new Map();
  return { ...counts, rows: rows.map((row) => ({ ...row, quarantined: held.get(row.ticker) ?? null })) };
}

/** Why a column cannot be told: only of the newest bar of each ticker are all indicators kept. */
export const whyMissing = (column: ColumnName, { latest, workspace }: Available) => {
  if (!isIndicator(column)) return whyNotOffered(column, workspace);
  return latest.includes(column)
    ? `${indicatorOf(column).label} is kept of each ticker's newest bar only, not of past sessions.`
    : `${indicatorOf(column).label} is not published yet.`;
};

/** What is wrong with a filter for what its column is: numbers lie between bounds, texts are chosen. Null where nothing is. */
export function whyUnfiltered(column: ColumnName, part: "bound" | "choice", { workspace }: Available): string | null {
  const kind = workspace.get(column)?.kind ?? "number";
  if (part === "bound" && kind !== "number") return `${column} is no number: filter it by ${column}_is.`;
  return part === "choice" && kind === "number"
    ? `${column} is a number: filter it by ${column}_min and ${column}_max.`
    : null;
}

/** The columns that can be asked for in a session. */
export const knownIn = ({ session, newest }: ScreenSession, { latest, facts, workspace }: Available): ColumnName[] => [
  ...(session === newest ? latest : facts),
  ...[...workspace.values()].map(({ name }) => name),
];

/** Leaves out what is not there, and says so where it would have changed what is found or is nowhere to be found again. */
function withKnown(request: ScreenRequest, known: ReadonlySet<string>, available: Available) {
  const { bounds, choices, columns, sort } = request;
  const gone = columns.filter((column) => isWorkspaceName(column) && !known.has(column));
  const sorted = isPlainSort(sort.column) ? [] : [sort.column];
  const deciding = [...bounds, ...choices].map(({ column }): ColumnName => column).concat(sorted);
  const missing = new Set([...deciding.filter((column) => !known.has(column)), ...gone]);
  const problems: Problem[] = [...missing].map((column) => ({ field: column, message: whyMissing(column, available) }));
  const fits = (column: ColumnName, part: "bound" | "choice") => {
    if (!known.has(column)) return false;
    const message = whyUnfiltered(column, part, available);
    if (message !== null) problems.push({ field: column, message });
    return message === null;
  };
  const isSorted = sorted.every((column) => known.has(column));
  const answerable: ScreenRequest = {
    ...request,
    bounds: bounds.filter(({ column }) => fits(column, "bound")),
    choices: choices.filter(({ column }) => fits(column, "choice")),
    columns: columns.filter((column) => known.has(column)),
    sort: isSorted ? sort : { column: "ticker", descending: false },
  };
  return { answerable, problems };
}

/** The same screen without anything of the workspace. */
const withoutWorkspace = (request: ScreenRequest): ScreenRequest => ({
  ...request,
  bounds: request.bounds.filter(({ column }) => isIndicator(column)),
  choices: [],
  columns: request.columns.filter(isIndicator),
  sort: isWorkspaceName(request.sort.column) ? { column: "ticker", descending: false } : request.sort,
});

/** Reads a URL's query and finds what it asks for; null while there is no session. */
export async function readPageScreen(
  context: AppContext,
  params: URLSearchParams,
  limit: number | null,
  available: Available,
) {
  const { workspace } = available;
  const { request, problems } = readScreen(params, [...indicatorColumns, ...workspace.keys()]);
  const sessions = await readSession(context, request.date);
  if (sessions === null) return null;
  const known = knownIn(sessions, available);
  const told = withKnown(request, new Set(known), available);
  const answered = await answerScreen(context, sessions, told.answerable, { limit, workspace })
    .then((result) => ({ result, answerable: told.answerable, unread: [] as Problem[] }))
    .catch(async (error) => {
      if (!(error instanceof UnreadableModelError)) throw error;
      const answerable = withoutWorkspace(told.answerable);
      const result = await answerScreen(context, sessions, answerable, { limit, workspace });
      return { result, answerable, unread: [{ field: "columns", message: `${error.message} It is left out here.` }] };
    });
  const { result, answerable, unread } = answered;
  return { ...sessions, request, answerable, known, result, problems: [...problems, ...told.problems, ...unread] };
}
