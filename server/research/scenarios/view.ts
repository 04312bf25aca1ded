import { selectScenario, selectScenarioTrades } from "../../../db/queries/research/scenarios.ts";
import { deletedScenarioDays } from "../../../jobs/housekeeping/retention.ts";
import { RequestError } from "../../../jobs/orchestrator/types.ts";
import type { BacktestChart } from "../../../views/research/backtest-data.ts";
import type {
  ComparisonView,
  CurvesView,
  ListedScenarioView,
  ScenarioListView,
  ScenarioView,
} from "../../../views/research/scenario-types.ts";
import { drawdownsOf } from "../../backtest/curve.ts";
import type { AppContext } from "../../context.ts";
import { HttpError } from "../../http/errors.ts";
import type { Table } from "../../http/tables/table.ts";
import { readBenchmark } from "../backtests/benchmark.ts";
import type { KeptTrade } from "../backtests/schemas.ts";
import { equityTable, tradesTable } from "../backtests/tables.ts";
import { urlOfRequest } from "../backtests/url.ts";
import { toTradePage, toYears } from "../backtests/view.ts";
import { whyUnusable } from "../workspace/catalogue.ts";
import { toCurvesChart, toCurvesDrawing } from "./chart.ts";
import { allMetrics, compareMetrics, rebase } from "./compare.ts";
import { differencesOf, settingsInWords, strategyNameOf, subjectOf, titleOf } from "./describe.ts";
import { type ComparedScenario, readComparison, readScenario, readScenarios } from "./read.ts";
import { scenarioOf } from "./request.ts";
import { noScenario } from "./scenarios.ts";

const scenariosShown = 25;
const deletedShown = 20;
const dayMs = 86_400_000;

type Listed = Awaited<ReturnType<typeof readScenarios>>[number];

const toListed = ({ scenario, metrics, ...row }: Listed): ListedScenarioView => ({
  ...{ id: row.id, name: row.name, curve: row.curve, isCurrent: row.isCurrent },
  ...{ createdAt: row.createdAt, createdBy: row.createdBy, isStarred: row.starredAt !== null },
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
  asked: { before: number | null; undo: number | null; starred: boolean; problem?: string },
): Promise<ScenarioListView> {
  const { before, undo, starred, problem = null } = asked;
  const own = starred ? "/scenarios?starred=true" : "/scenarios";
  const [rows, deleted, gone] = await Promise.all([
    readScenarios(context, { deleted: false, starred, before, limit: scenariosShown + 1 }),
    readScenarios(context, { deleted: true, before: null, limit: deletedShown }),
    undo === null ? null : selectScenario(context.read, undo),
  ]);
  const shown = rows.slice(0, scenariosShown);
  return {
    scenarios: shown.map(toListed),
    newest: before === null ? null : own,
    older: rows.length > shown.length ? `${own}${starred ? "&" : "?"}before=${shown.at(-1)?.id}` : null,
    deleted: deleted.flatMap(({ id, name, deletedAt }) =>
      deletedAt ? [{ id, name, deletedAt, goneAt: new Date(deletedAt.getTime() + deletedScenarioDays * dayMs) }] : [],
    ),
    undo: gone?.deletedAt ? { id: gone.id, name: gone.name } : null,
    starred,
    problem,
  };
}

/** One scenario's page; what a form on it has to say comes with it. */
export async function readScenarioView(
  context: AppContext,
  id: number,
  said: { draft?: string; nameProblem?: string; problem?: string; tradesFrom?: number; isLog?: boolean } = {},
): Promise<ScenarioView> {
  const [row, trades] = await Promise.all([readScenario(context, id), readTrades(context, id)]);
  const { scenario, previous } = row;
  const runs = [...(previous ? [allMetrics(previous.metrics)] : []), row.metrics];
  const metrics = compareMetrics(runs.map((kept) => ({ capital: scenario.capital, metrics: kept })));
  return {
    ...{
      id,
      name: row.name,
      isStarred: row.starredAt !== null,
      title: titleOf(scenario),
      settings: settingsInWords(scenario),
    },
    // What newer data made better is no merit of the scenario.
    metrics: metrics.map((line) => ({ ...line, best: [] })),
    previousAt: previous ? new Date(previous.ranAt) : null,
    chart: toCurvesDrawing(rebase([row]), row.dataVersion),
    isLog: said.isLog === true,
    chartUrl: `/scenarios/${id}/chart.json`,
    years: toYears(row.dates, row.equity, scenario.capital),
    trades: trades && {
      ticker: scenario.ticker,
      trades: toTradePage(trades, row.dates, { url: `/scenarios/${id}`, from: said.tradesFrom ?? 0 }),
      tradesCsvUrl: `/scenarios/${id}/trades.csv`,
      equityCsvUrl: `/scenarios/${id}/equity.csv`,
    },
    ...{
      changes: row.changes,
      dataVersion: row.dataVersion,
      ranAt: row.ranAt,
      createdAt: row.createdAt,
      createdBy: row.createdBy,
    },
    backtestUrl: urlOfRequest(scenario),
    rename: { draft: said.draft ?? row.name, problem: said.nameProblem ?? null },
    problem: said.problem ?? whyUnusable(scenario.strategy),
  };
}

/** Several beside each other; as they were saved, or over what their ranges share. */
export async function readComparisonView(
  context: AppContext,
  ids: number[],
  isCommon: boolean,
  isLog: boolean,
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
    chart: toCurvesDrawing(await curvesOf(context, scenarios), versionOf(scenarios)),
    isLog,
    chartUrl: `/scenarios/compare/chart.json?ids=${ids.join(",")}${isCommon ? "&common=true" : ""}`,
    url,
    commonUrl: `${url}&common=true`,
  };
}

/** As they were kept; null where they were not. */
async function readTrades({ read }: AppContext, id: number): Promise<readonly KeptTrade[] | null> {
  return (await selectScenarioTrades(read, id)) as readonly KeptTrade[] | null;
}

/** The trades of a scenario's run, whatever the data have become. */
export async function readScenarioTrades(context: AppContext, id: number): Promise<Table> {
  const [row, trades] = await Promise.all([readKept(context, id), readTrades(context, id)]);
  if (trades === null) throw new RequestError("not_found", "The trades of this scenario were not kept. Run it again.");
  return tradesTable(scenarioOf(row), trades);
}

/** The equity of a scenario's run, with its drawdown. */
export async function readScenarioEquity(context: AppContext, id: number): Promise<Table> {
  const { equity, dates, ...row } = await readKept(context, id);
  const scenario = scenarioOf(row);
  const drawdown = drawdownsOf(Float64Array.from(equity), scenario.capital);
  return equityTable(scenario, dates, { equity, drawdown });
}

async function readKept({ read }: AppContext, id: number) {
  const row = await selectScenario(read, id);
  if (row === null || row.deletedAt !== null) throw noScenario(id);
  return row;
}

/** What the chart of a scenario's page shows, every session of it. */
export async function readScenarioChart(context: AppContext, id: number): Promise<BacktestChart> {
  const row = await readKept(context, id);
  return toCurvesChart(rebase([row]), row.dataVersion);
}

/** What the chart of a comparison shows, every session of it. */
export async function readComparisonChart(
  context: AppContext,
  ids: number[],
  isCommon: boolean,
): Promise<BacktestChart> {
  const { scenarios } = await readComparison(context, ids, isCommon);
  return toCurvesChart(await curvesOf(context, scenarios), versionOf(scenarios));
}

/** The scenarios' curves, and that of each benchmark that one of them names, over the sessions of all. */
async function curvesOf({ read }: AppContext, scenarios: readonly ComparedScenario[]): Promise<CurvesView> {
  const dates = [...new Set(scenarios.flatMap((scenario) => scenario.dates))].toSorted();
  const tickers = [...new Set(scenarios.flatMap(({ scenario }) => scenario.benchmark ?? []))];
  const held = await Promise.all(tickers.map((ticker) => readBenchmarkCurve(read, ticker, dates)));
  return rebase([...scenarios, ...held.filter((curve) => curve !== null)]);
}

/** What a dollar in a benchmark became; null where it has no bars for that any more, or came later than the first session. */
async function readBenchmarkCurve(read: AppContext["read"], ticker: string, dates: string[]) {
  try {
    const held = await readBenchmark(read, dates, { benchmark: ticker, dividends: false, capital: 1 });
    return held && { name: `${ticker}, benchmark`, dates, equity: [...held.equity] };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return null;
  }
}

/** The data of all the runs: a chart of other ones does not belong to the page. */
const versionOf = (scenarios: readonly ComparedScenario[]): string =>
  scenarios.map(({ id, dataVersion }) => `${id} ${dataVersion}`).join(", ");
