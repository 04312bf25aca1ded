import { selectScenario } from "../../db/queries/scenarios.ts";
import { deletedScenarioDays } from "../../jobs/housekeeping/retention.ts";
import type { ComparisonView, ListedScenarioView, ScenarioListView, ScenarioView } from "../../views/scenario-types.ts";
import { urlOfRequest } from "../backtests/url.ts";
import type { AppContext } from "../context.ts";
import { allMetrics, compareMetrics, rebase } from "./compare.ts";
import { differencesOf, settingsInWords, strategyNameOf, subjectOf, titleOf } from "./describe.ts";
import { readComparison, readScenario, readScenarios } from "./read.ts";

const scenariosShown = 25;
const deletedShown = 20;
const dayMs = 86_400_000;

type Listed = Awaited<ReturnType<typeof readScenarios>>[number];

const toListed = ({ scenario, metrics, ...row }: Listed): ListedScenarioView => ({
  ...{ id: row.id, name: row.name, curve: row.curve, isCurrent: row.isCurrent },
  ...{ createdAt: row.createdAt, createdBy: row.createdBy },
  subject: subjectOf(scenario),
  strategy: strategyNameOf(scenario),
  parameters: Object.values(scenario.params).join(", "),
  ...{ from: scenario.from, to: scenario.to },
  totalReturn: metrics.totalReturn ?? null,
  annualReturn: metrics.annualReturn ?? null,
  sharpe: metrics.sharpe ?? null,
  maxDrawdown: metrics.maxDrawdown ?? null,
  trades: metrics.trades ?? null,
});

/** The list; `undo` is the one that was deleted just now, where it still is. */
export async function readScenarioList(
  context: AppContext,
  asked: { before: number | null; undo: number | null; problem?: string },
): Promise<ScenarioListView> {
  const { before, undo, problem = null } = asked;
  const [rows, deleted, gone] = await Promise.all([
    readScenarios(context, { deleted: false, before, limit: scenariosShown + 1 }),
    readScenarios(context, { deleted: true, before: null, limit: deletedShown }),
    undo === null ? null : selectScenario(context.read, undo),
  ]);
  const shown = rows.slice(0, scenariosShown);
  return {
    scenarios: shown.map(toListed),
    newest: before === null ? null : "/scenarios",
    older: rows.length > shown.length ? `/scenarios?before=${shown.at(-1)?.id}` : null,
    deleted: deleted.flatMap(({ id, name, deletedAt }) =>
      deletedAt ? [{ id, name, deletedAt, goneAt: new Date(deletedAt.getTime() + deletedScenarioDays * dayMs) }] : [],
    ),
    undo: gone?.deletedAt ? { id: gone.id, name: gone.name } : null,
    problem,
  };
}

/** One scenario's page; what a form on it has to say comes with it. */
export async function readScenarioView(
  context: AppContext,
  id: number,
  said: { draft?: string; nameProblem?: string; problem?: string } = {},
): Promise<ScenarioView> {
  const row = await readScenario(context, id);
  const { scenario, previous } = row;
  const runs = [...(previous ? [allMetrics(previous.metrics)] : []), row.metrics];
  const metrics = compareMetrics(runs.map((kept) => ({ capital: scenario.capital, metrics: kept })));
  return {
    ...{ id, name: row.name, title: titleOf(scenario), settings: settingsInWords(scenario) },
    // What newer data made better is no merit of the scenario.
    metrics: metrics.map((line) => ({ ...line, best: [] })),
    previousAt: previous ? new Date(previous.ranAt) : null,
    curves: rebase([row]),
    ...{
      changes: row.changes,
      dataVersion: row.dataVersion,
      ranAt: row.ranAt,
      createdAt: row.createdAt,
      createdBy: row.createdBy,
    },
    backtestUrl: urlOfRequest(scenario),
    rename: { draft: said.draft ?? row.name, problem: said.nameProblem ?? null },
    problem: said.problem ?? null,
  };
}

/** Several beside each other; as they were saved, or over what their ranges share. */
export async function readComparisonView(
  context: AppContext,
  ids: number[],
  isCommon: boolean,
): Promise<ComparisonView> {
  const { scenarios, ...rest } = await readComparison(context, ids, isCommon);
  const url = `/scenarios/compare?ids=${ids.join(",")}`;
  return {
    ...rest,
    scenarios: scenarios.map(({ id, name, scenario, changes, problem }) => ({
      ...{ id, name, from: scenario.from, to: scenario.to, changes, problem },
      backtestUrl: urlOfRequest(scenario),
    })),
    metrics: compareMetrics(scenarios),
    settings: differencesOf(scenarios.map(({ scenario }) => scenario)),
    curves: rebase(scenarios),
    url,
    commonUrl: `${url}&common=true`,
  };
}
