import type { Logger } from "pino";
import type { Sql } from "../../db/client.ts";
import type { DueDataAlert } from "../../db/queries/market/data-alert-checks.ts";
import {
  selectLabelsNow,
  selectMatching,
  selectNewestValues,
  selectSecuritiesNow,
} from "../../db/queries/market/read-checked-tickers.ts";
import { indicatorColumns } from "../../db/queries/market/read-screen-columns.ts";
import type { ScreenFilter } from "../../db/queries/market/read-screener.ts";
import type { CheckedTicker, DataFinding } from "../../jobs/alerts/data-crossings.ts";
import { conditionOf, figuresText } from "./data-alert-words.ts";
import { type Available, columnOf, whyMissing, whyUnfiltered } from "./screener-read.ts";
import { type ColumnName, parseFilterName, readScreen, type ScreenRequest } from "./screener-request.ts";
import { toProblem } from "./workspace-columns.ts";

export type CheckContext = { read: Sql; log: Logger; session: string; available: Available };

/** Columns that a message tells of each ticker. */
const mostFigures = 3;

/** A screen as it is checked: always in the newest session, whatever it shows and by what it sorts. */
function readFilters(query: string, { workspace }: Available): { request: ScreenRequest; problem: string | null } {
  const params = new URLSearchParams(query);
  for (const name of ["columns", "sort", "date", "from", "survivors"]) params.delete(name);
  const unknown = [...params.keys()].find((name) => /_(min|max|is)$/.test(name) && parseFilterName(name) === null);
  const { request, problems } = readScreen(params, [...indicatorColumns, ...workspace.keys()]);
  const problem = unknown === undefined ? problems[0]?.message : `“${unknown}” filters by no column that there is.`;
  return { request, problem: problem ?? null };
}

/** Why a screen cannot be checked: without one of its filters it would find others. */
function whyUnanswerable({ bounds, choices }: ScreenRequest, available: Available): string | null {
  const { latest, workspace } = available;
  const filters = [
    ...bounds.map(({ column }) => ({ column, part: "bound" as const })),
    ...choices.map(({ column }) => ({ column, part: "choice" as const })),
  ];
  for (const { column, part } of filters) {
    const isKnown = (latest as readonly string[]).includes(column) || workspace.has(column);
    const why = isKnown ? whyUnfiltered(column, part, available) : whyMissing(column, available);
    if (why !== null) return why;
  }
  return null;
}

type Matching = { problem: string } | { problem: null; columns: ColumnName[]; rows: CheckedTicker[] };

async function readMatching(query: string, { read, log, session, available }: CheckContext): Promise<Matching> {
  const { request, problem } = readFilters(query, available);
  const why = problem ?? whyUnanswerable(request, available);
  if (why !== null) return { problem: why };
  const { workspace } = available;
  const bounds = request.bounds.map((bound) => ({ ...bound, column: columnOf(bound.column, workspace) }));
  const choices = request.choices.flatMap(({ column, values }) => {
    const found = workspace.get(column);
    return found ? [{ column: found, values }] : [];
  });
  const filter: ScreenFilter = { query: request.query, type: request.type || null, bounds, choices };
  const deciding = [...request.bounds, ...request.choices].map(({ column }): ColumnName => column);
  const columns = [...new Set(deciding)].slice(0, mostFigures);
  try {
    const shown = columns.map((column) => columnOf(column, workspace));
    const rows = await selectMatching(read, session, filter, shown);
    return { problem: null, columns, rows: rows.map((row) => ({ ...row, key: row.ticker })) };
  } catch (error) {
    return { problem: toProblem(error, deciding, log) };
  }
}

/** What saved screens find now: a query each, however many alerts are on it. */
export async function checkScreens(
  alerts: readonly DueDataAlert[],
  context: CheckContext,
): Promise<Map<number, DataFinding>> {
  const queries = [...new Set(alerts.flatMap(({ screenQuery }) => screenQuery ?? []))];
  const found = new Map<string, Matching>();
  for (const query of queries) found.set(query, await readMatching(query, context));
  await keySecurities([...found.values()], context);
  const missing = new Map(alerts.map((alert) => [alert.id, missingOf(alert, found)]));
  const traded = await readTraded(new Set([...missing.values()].flat()), context);
  return new Map(
    alerts.map((alert): [number, DataFinding] => {
      const matching = alert.screenQuery === null ? undefined : found.get(alert.screenQuery);
      if (matching === undefined) return [alert.id, { problem: whyGone(alert) }];
      if (matching.problem !== null) return [alert.id, matching];
      const outside = (missing.get(alert.id) ?? []).flatMap((key) => {
        const ticker = traded.get(key);
        return ticker === undefined ? [] : [{ key, ticker, values: [] }];
      });
      return [alert.id, findingOf(alert, matching.columns, { inside: matching.rows, outside })];
    }),
  );
}

const findingOf = (
  alert: DueDataAlert,
  columns: readonly ColumnName[],
  found: { inside: CheckedTicker[]; outside: CheckedTicker[] },
): DataFinding => ({
  problem: null,
  ...found,
  condition: conditionOf(alert),
  figuresOf: ({ values }) => (values.length === 0 ? "" : figuresText(columns, values)),
  query: alert.screenQuery,
  path: `/alerts/data/${alert.id}`,
});

/** Gives everybody that was found the key of their security, where one is known: a label may be another's tomorrow. */
async function keySecurities(found: readonly Matching[], { read }: CheckContext): Promise<void> {
  const rows = found.flatMap((one) => (one.problem === null ? one.rows : []));
  const securities = await selectSecuritiesNow(read, [...new Set(rows.map(tickerOf))]);
  for (const row of rows) row.key = securities.get(row.ticker) ?? row.ticker;
}

const tickerOf = ({ ticker }: { ticker: string }) => ticker;

const whyGone = ({ screenName }: DueDataAlert) =>
  screenName === null
    ? "Its saved screen is gone. Delete this alert, and make one on another screen."
    : `Its saved screen “${screenName}” was deleted. Restore it, or delete this alert.`;

/** Who was inside, and is not found now. */
function missingOf(
  { members, screenQuery, checkedQuery }: DueDataAlert,
  found: ReadonlyMap<string, Matching>,
): string[] {
  const matching = found.get(screenQuery ?? "");
  if (matching === undefined || matching.problem !== null || checkedQuery !== screenQuery) return [];
  const inside = new Set(matching.rows.flatMap(({ key, ticker }) => [key, ticker]));
  return (members ?? []).filter((key) => !inside.has(key));
}

/** Of some securities or labels those that have a bar in the session, with their labels of now: of the others nothing is known. */
async function readTraded(keys: ReadonlySet<string>, { read, session }: CheckContext): Promise<Map<string, string>> {
  if (keys.size === 0) return new Map();
  const labels = await selectLabelsNow(read, [...keys]);
  const wanted = [...keys].map((key) => [key, labels.get(key) ?? key] as const);
  const rows = await selectNewestValues(
    read,
    session,
    wanted.map(([, label]) => label),
    [],
  );
  const traded = new Set(rows.map(tickerOf));
  return new Map(wanted.filter(([, label]) => traded.has(label)));
}
