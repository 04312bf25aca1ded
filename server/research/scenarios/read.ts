import {
  type ListedScenario,
  type ScenarioRow,
  selectScenario,
  selectScenarios,
  selectScenariosById,
  type WholeScenario,
} from "../../../db/queries/research/scenarios.ts";
import { RequestError } from "../../../jobs/orchestrator/types.ts";
import type { AppContext } from "../../context.ts";
import { HttpError } from "../../http/errors.ts";
import { changedParts, readChanges } from "../backtests/data-version.ts";
import type { Scenario } from "../backtests/types.ts";
import { allMetrics, type Compared, commonRange } from "./compare.ts";
import { scenarioOf } from "./request.ts";
import { noScenario, runNow } from "./scenarios.ts";

/** How many can be compared: as many lines as one tells apart, and columns as a screen holds. */
export const mostCompared = 4;

/** A scenario with its request, ready to be shown. `isCurrent`: a run of now would read the same data. */
export type KnownScenario<Row extends ScenarioRow> = Row & { scenario: Scenario; isCurrent: boolean };

type Reader = Pick<AppContext, "read">;

/** Scenarios, the newest first, or the deleted ones; `before` is the id that the last page ended at. */
export async function readScenarios(
  { read, scenarios: kept }: Pick<AppContext, "read" | "scenarios">,
  filter: { deleted: boolean; starred?: boolean; before: number | null; limit: number },
): Promise<KnownScenario<ListedScenario>[]> {
  const rows = await selectScenarios(read, filter, filter.limit);
  const scenarios = rows.map(scenarioOf);
  const versions = await kept.versionsOf(scenarios);
  return rows.flatMap((row, index) => {
    const scenario = scenarios[index];
    if (scenario === undefined) return [];
    const isCurrent = changedParts(row.dataVersion, versions[index] ?? "", scenario).length === 0;
    return [{ ...row, metrics: allMetrics(row.metrics), scenario, isCurrent }];
  });
}

/** One with its curve and what has changed since its run; deleted ones only where they are asked for. */
export async function readScenario({ read }: Reader, id: number, options: { deleted?: boolean } = {}) {
  const row = await selectScenario(read, id);
  if (row === null || (row.deletedAt !== null && !options.deleted)) throw noScenario(id);
  return await withChanges({ read }, row);
}

async function withChanges({ read }: Reader, row: WholeScenario) {
  const scenario = scenarioOf(row);
  const changes = await readChanges(read, { request: scenario, dataVersion: row.dataVersion, ranAt: row.ranAt });
  return { ...row, metrics: allMetrics(row.metrics), scenario, changes };
}

/** A scenario of a comparison: as it was kept, or as it is over the common range; `problem` where it cannot be run there. */
export type ComparedScenario = Compared & {
  id: number;
  scenario: Scenario;
  /** Of the run that is shown. */
  dataVersion: string;
  changes: string[];
  problem: string | null;
};

type DateRange = { from: string; to: string };

export type Comparison = {
  scenarios: ComparedScenario[];
  rangesDiffer: boolean;
  common: DateRange | null;
  isCommon: boolean;
};

/** The ids of a query such as `1,2,3`. Throws a RequestError that names the field `ids`. */
export function idsOf(text: string): number[] {
  const given = text.split(",").map((id) => id.trim());
  const ids = [...new Set(given.filter((id) => id !== ""))];
  if (ids.length === 0) throw new RequestError("invalid", "Name the scenarios to compare: `ids` such as 1,2.", "ids");
  if (!ids.every((id) => /^[1-9]\d{0,14}$/.test(id))) {
    throw new RequestError("invalid", "`ids` has to be numbers of scenarios such as 1,2.", "ids");
  }
  if (ids.length <= mostCompared) return ids.map(Number);
  const message = `Up to ${mostCompared} scenarios can be compared; ${ids.length} were asked for.`;
  throw new RequestError("invalid", message, "ids");
}

/** Scenarios beside each other, as they were kept; with `isCommon`, run over what their ranges share, on the data of now. */
export async function readComparison(
  context: Reader & Pick<AppContext, "backtests" | "now">,
  ids: number[],
  isCommon: boolean,
): Promise<Comparison> {
  const rows = await selectScenariosById(context.read, ids);
  const missing = ids.find((id) => !rows.some((row) => row.id === id));
  if (missing !== undefined) throw noScenario(missing);
  const ranges = rows.map((row) => scenarioOf(row));
  const common = commonRange(ranges);
  const rangesDiffer = new Set(ranges.map(({ from, to }) => `${from} ${to}`)).size > 1;
  const range = isCommon && rangesDiffer ? common : null;
  const scenarios = range
    ? await runEach(context, rows, range)
    : await Promise.all(rows.map((row) => asKept(context, row)));
  return { scenarios, rangesDiffer, common, isCommon: range !== null };
}

/** One after the other: each run holds what it reads in memory. */
async function runEach(context: Parameters<typeof runOver>[0], rows: WholeScenario[], range: DateRange) {
  const scenarios: ComparedScenario[] = [];
  for (const row of rows) scenarios.push(await runOver(context, row, range));
  return scenarios;
}

async function asKept(context: Reader, row: WholeScenario): Promise<ComparedScenario> {
  const { id, name, metrics, dates, equity, dataVersion, scenario, changes } = await withChanges(context, row);
  const { capital } = scenario;
  return { id, name, capital, metrics, dates, equity, dataVersion, scenario, changes, problem: null };
}

async function runOver(
  { backtests, now }: Pick<AppContext, "backtests" | "now">,
  row: WholeScenario,
  range: DateRange,
): Promise<ComparedScenario> {
  const { id, name } = row;
  const request = { ...scenarioOf(row), ...range };
  const shared = { id, name, capital: request.capital, scenario: request, changes: [] };
  try {
    const { metrics, dates, equity, dataVersion } = await runNow(backtests, request, now());
    return { ...shared, metrics, dates, equity, dataVersion, problem: null };
  } catch (error) {
    if (!(error instanceof HttpError) || error.status >= 500) throw error;
    return { ...shared, metrics: allMetrics({}), dates: [], equity: [], dataVersion: "", problem: error.message };
  }
}
