import type { MetricRow, ResultView, TradePage, TradeRow, YearRow } from "../../../views/research/backtest-view.ts";
import { type Badge, badgesOf, universeBadgesOf } from "../../backtest/badges.ts";
import { type CurveMetric, curveMetricNames } from "../../backtest/curve.ts";
import { type MetricName, metricDefinitions } from "../../backtest/definitions.ts";
import { type Comparison, compare } from "../../backtest/metrics.ts";
import { returnsByMonth, returnsByYear } from "../../backtest/periods.ts";
import { findListed } from "../workspace/catalogue.ts";
import { toDrawing } from "./chart.ts";
import { notesOf } from "./notes.ts";
import { tradesOf } from "./run.ts";
import type { KeptTrade } from "./schemas.ts";
import { shortTitleOf } from "./title.ts";
import type { BacktestRun } from "./types.ts";
import { toUniverseView } from "./universe-view.ts";
import { urlOfRequest } from "./url.ts";

const tradesPerPage = 50;

/** Everything that the page shows of a run. `origin` is where the reader reached us, for the link that is shared. */
export function toResult(
  run: BacktestRun,
  options: { origin: string; tradesFrom: number; isLog: boolean },
): ResultView {
  const { scenario, bars, backtest, dataVersion } = run;
  const strategy = findListed(scenario.strategy);
  const at = (path: string) => urlOfRequest(scenario, path);
  const url = at("/backtest");
  const name = strategy?.name ?? scenario.strategy;
  return {
    title: shortTitleOf(scenario),
    ticker: scenario.ticker,
    strategy: { id: scenario.strategy, name, description: strategy?.description ?? "" },
    ...{ from: scenario.from, to: scenario.to, sessions: bars.dates.length },
    benchmark: scenario.benchmark,
    url,
    absoluteUrl: `${options.origin}${url}`,
    chartUrl: at("/backtest/chart.json"),
    tradesCsvUrl: at("/backtest/trades.csv"),
    equityCsvUrl: at("/backtest/equity.csv"),
    tearSheetUrl: at("/backtest/tear-sheet"),
    sweepUrl: Object.keys(scenario.params).length > 0 ? at("/sweeps") : null,
    scenarioName: scenario.ticker === null ? name : `${scenario.ticker} ${name}`,
    dataVersion,
    notes: notesOf(run),
    badges: toBadges(run, strategy?.checks ?? []),
    metrics: metricRows(run),
    chart: toDrawing(run),
    isLog: options.isLog,
    years: toYears(bars.dates, backtest.equity, scenario.capital),
    trades: toTradePage(tradesOf(run), bars.dates, { url, from: options.tradesFrom }),
    universe: run.scope === "universe" ? toUniverseView(run) : null,
  };
}

/** What the checks found on the run's own data; where a file failed one when it was found and passes it here, that instead. */
function toBadges(run: BacktestRun, checks: readonly Badge[]): Badge[] {
  const own = run.scope === "universe" ? universeBadgesOf(run.honesty()) : badgesOf(run.honesty());
  const failed = checks
    .filter(({ passed }) => !passed)
    .map((badge) => ({ ...badge, detail: `On bars that are generated: ${badge.detail}` }));
  const shown = own.map((badge) => (badge.passed && failed.find(({ id }) => id === badge.id)) || badge);
  return [...shown, ...failed.filter(({ id }) => own.every((badge) => badge.id !== id))];
}

/** Every figure of the run, beside those of holding the ticker and the benchmark. */
function metricRows({ scenario, backtest, benchmark }: BacktestRun): MetricRow[] {
  const compared = benchmark && compare(backtest.equity, benchmark.equity, scenario);
  const rows = (Object.keys(metricDefinitions) as MetricName[]).map((name): MetricRow => {
    const { label, unit, formula, source } = metricDefinitions[name];
    const of = (held: Comparison | null) => (isCurveMetric(name) ? (held?.metrics[name] ?? null) : null);
    const values = { strategy: backtest.metrics[name], hold: of(backtest.buyAndHold), benchmark: of(compared) };
    return { name, label, unit, formula, source, isOfCurve: isCurveMetric(name), ...values };
  });
  if (benchmark === null || compared === null) return rows;
  return [...rows, ...againstBenchmark(benchmark.ticker, compared)];
}

/** The run's alpha and beta against the benchmark: those among the figures are against the ticker itself. */
const againstBenchmark = (ticker: string, compared: Comparison): MetricRow[] =>
  (["alpha", "beta"] as const).map((name) => {
    const { label, unit, source } = metricDefinitions[name];
    return {
      ...{ name: `${name}-benchmark`, label: `${label} against ${ticker}`, unit, source, isOfCurve: false },
      formula: `As ${label.toLowerCase()}, where B are the returns of ${ticker}.`,
      ...{ strategy: compared[name], hold: null, benchmark: null },
    };
  });

const isCurveMetric = (name: MetricName): name is CurveMetric =>
  (curveMetricNames as readonly MetricName[]).includes(name);

/** Years with their months, oldest first, of an equity that was worth `capital` before the first date. */
export function toYears(dates: readonly string[], equity: ArrayLike<number>, capital: number): YearRow[] {
  const values = Float64Array.from(equity);
  const months = new Map(returnsByMonth(dates, values, capital).map(({ period, return: value }) => [period, value]));
  return returnsByYear(dates, values, capital).map(({ period: year, return: total }) => ({
    year,
    months: Array.from(
      { length: 12 },
      (_, month) => months.get(`${year}-${String(month + 1).padStart(2, "0")}`) ?? null,
    ),
    total,
  }));
}

/** The trades of a page, the newest first. `url` is the page's address, and `dates` are the sessions of the run. */
export function toTradePage(
  trades: readonly KeptTrade[],
  dates: readonly string[],
  { url, from }: { url: string; from: number },
): TradePage {
  const total = trades.length;
  const start = Math.min(from, Math.max(0, total - 1));
  const sessionOf = new Map(dates.map((date, session) => [date, session]));
  const heldFor = ({ entryDate, exitDate }: KeptTrade) =>
    (sessionOf.get(exitDate ?? "") ?? dates.length - 1) - (sessionOf.get(entryDate) ?? 0);
  const rows = trades
    .map(
      (trade, index): TradeRow => ({
        ...{ ...trade, ticker: trade.ticker ?? null, asTraded: trade.asTraded ?? null },
        ...{ number: index + 1, sessions: heldFor(trade) },
      }),
    )
    .reverse()
    .slice(start, start + tradesPerPage);
  const at = (offset: number) => (offset > 0 ? `${url}${url.includes("?") ? "&" : "?"}trades=${offset}` : url);
  return {
    ...{ rows, total, from: start },
    newer: start > 0 ? at(Math.max(0, start - tradesPerPage)) : null,
    older: start + rows.length < total ? at(start + tradesPerPage) : null,
  };
}
