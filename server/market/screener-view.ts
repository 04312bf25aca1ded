import { type IndicatorColumn, isIndicator } from "../../db/queries/market/read-screen-columns.ts";
import { selectScreenTypes } from "../../db/queries/market/read-screener.ts";
import { type Indicator, indicatorGroups } from "../../views/market/indicators.ts";
import type { ChoiceField, ScreenView, SortHeader } from "../../views/market/screener-types.ts";
import type { AppContext } from "../context.ts";
import { indicatorOf, orderedIndicators, presets } from "./screener-indicators.ts";
import { readAvailable, readPageScreen } from "./screener-read.ts";
import {
  type ColumnName,
  parseSort,
  readScreen,
  type ScreenRequest,
  type SortName,
  screenUrl,
  valuesText,
} from "./screener-request.ts";
import type { ReadChoices } from "./workspace-choices.ts";
import { isWorkspaceName, type Workspace, workspaceIndicator } from "./workspace-columns.ts";

const pageSize = 100;

type HeaderParts = { key: SortName; label: string; hint: string | null; isNumber: boolean };

function headerOf(request: ScreenRequest, { key, label, hint, isNumber }: HeaderParts): SortHeader {
  const { sort } = request;
  const isCurrent = sort.column === key;
  const descending = isCurrent ? !sort.descending : isNumber;
  const next = parseSort(`${descending ? "-" : ""}${key}`) ?? sort;
  return {
    key,
    label,
    hint,
    isNumber,
    sorted: !isCurrent ? null : sort.descending ? "descending" : "ascending",
    url: screenUrl({ ...request, sort: next, from: 0 }),
  };
}

/** The page of a URL's query, read once a second for all who ask the same; null before marts are published. */
export const readScreenView = (
  context: AppContext,
  params: URLSearchParams,
  readChoices: ReadChoices,
): Promise<ScreenView | null> =>
  context.snapshots.of(`screen ${params}`, () => readScreenNow(context, params, readChoices));

/** Every column of a session as pages show it, those of the people's own models last. */
const describing = (workspace: Workspace) => (column: ColumnName) => {
  const own = workspace.get(column);
  return own ? [workspaceIndicator(own, workspace)] : isIndicator(column) ? [indicatorOf(column)] : [];
};

async function readScreenNow(
  context: AppContext,
  params: URLSearchParams,
  readChoices: ReadChoices,
): Promise<ScreenView | null> {
  const available = await readAvailable(context);
  if (available === null) return null;
  const { workspace } = available;
  const [found, types] = await Promise.all([
    readPageScreen(context, params, pageSize, available),
    selectScreenTypes(context.read),
  ]);
  if (found === null) return null;
  const { request, answerable, session, newest, result, known, problems } = found;
  const choices = await readChoices(workspace, session ?? newest);
  const describe = describing(workspace);
  const of = (columns: readonly ColumnName[]): Indicator[] => columns.flatMap(describe);
  const past = session === newest ? null : session;
  const offered = of([
    ...orderedIndicators.filter((column) => known.includes(column)),
    ...workspace.keys(),
  ] as ColumnName[]);
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
    filters: request.bounds.flatMap(({ column, min, max }) =>
      of([column]).map((indicator) => ({
        indicator,
        min,
        max,
        without: screenUrl({ ...request, bounds: request.bounds.filter((bound) => bound.column !== column), from: 0 }),
      })),
    ),
    fields: fieldsOf(request, workspace, choices),
    sort: `${request.sort.descending ? "-" : ""}${request.sort.column}`,
    columns: of(answerable.columns),
    // One of a model that is gone is told and let go: it may never come back.
    keptColumns: request.columns.filter((column) => !isWorkspaceName(column) && !known.includes(column)),
    groups: groupsOf(offered, new Set<string>(request.columns)),
    headers: headersOf(request, of(answerable.columns)),
    presets: presets
      .filter(({ needs }) => needs.every((column: IndicatorColumn) => known.includes(column)))
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

function groupsOf(offered: Indicator[], shown: ReadonlySet<string>): ScreenView["groups"] {
  const own = new Set(offered.map(({ group }) => group).filter((group) => group.startsWith("Workspace")));
  return [...indicatorGroups, ...own].map((group) => ({
    group,
    indicators: offered
      .filter((indicator) => indicator.group === group)
      .map((indicator) => ({ ...indicator, isShown: shown.has(indicator.column) })),
  }));
}

const headersOf = (request: ScreenRequest, shown: Indicator[]): SortHeader[] => [
  headerOf(request, { key: "ticker", label: "Symbol", hint: null, isNumber: false }),
  headerOf(request, { key: "name", label: "Name", hint: null, isNumber: false }),
  headerOf(request, { key: "type", label: "Type", hint: null, isNumber: false }),
  ...shown.map(({ column, kind, label, hint }) =>
    headerOf(request, { key: column as ColumnName, label, hint, isNumber: kind !== "text" && kind !== "boolean" }),
  ),
];

/** The texts, and yes or no, by which the people's own models filter. */
function fieldsOf(
  request: ScreenRequest,
  workspace: Workspace,
  choices: Awaited<ReturnType<ReadChoices>>,
): ChoiceField[] {
  const chosenOf = (name: string) => request.choices.find(({ column }) => column === name)?.values ?? [];
  return [...workspace.values()].flatMap((column) => {
    if (column.kind === "number") return [];
    const chosen = chosenOf(column.name);
    const values = column.kind === "boolean" ? null : (choices.get(column.name) ?? null);
    const gone = chosen.filter((value) => !values?.some((choice) => choice.value === value));
    const listed = values && [...values, ...gone.map((value) => ({ value, count: 0 }))];
    return [
      {
        indicator: workspaceIndicator(column, workspace),
        isYesOrNo: column.kind === "boolean",
        chosen,
        typed: valuesText(chosen),
        choices:
          listed?.map(({ value, count }) => ({
            text: value,
            value: valuesText([value]),
            count,
            isChosen: chosen.includes(value),
          })) ?? null,
      },
    ];
  });
}

/** A preset keeps the columns and the session, and takes the place of everything else. */
function presetLink(request: ScreenRequest, query: string): { url: string; isCurrent: boolean } {
  const preset = readScreen(new URLSearchParams(query), []).request;
  const { columns, date, survivors } = request;
  const url = screenUrl({ ...preset, columns, date, survivors });
  return { url, isCurrent: url === screenUrl({ ...request, from: 0 }) };
}
