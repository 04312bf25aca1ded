import type { LineChart, SheetLine } from "../../../views/research/tear-sheet-view.ts";
import type { TearSheet } from "../../backtest/tear-sheet/tear-sheet.ts";
import type { TearSheetSubject } from "./subject.ts";

type Names = { run: string; benchmark: string };

/** Which sessions of a curve are drawn. */
type Sessions = readonly number[];

const at = (values: Float64Array, session: number): number | null => {
  const value = values[session] ?? Number.NaN;
  return Number.isFinite(value) ? value : null;
};

const lineOf = (label: string, tone: SheetLine["tone"], values: Float64Array | null, sessions: Sessions) =>
  values === null ? [] : [{ label, tone, values: sessions.map((session) => at(values, session)) }];

/** Of each drawn session the deepest since the one drawn before, so that no valley lies between two of them. */
function valleys(underwater: Float64Array, sessions: Sessions): (number | null)[] {
  return sessions.map((session, index) => {
    const from = (sessions[index - 1] ?? session - 1) + 1;
    return underwater.subarray(from, session + 1).reduce((deepest, value) => Math.min(deepest, value), 0);
  });
}

/** What one dollar became, and how far that is below its highest. */
export function growthCharts(
  { equity, reference, scenario }: TearSheetSubject,
  sheet: TearSheet,
  names: Names,
  sessions: Sessions,
): LineChart[] {
  const factors = (values: Float64Array) => values.map((value) => value / scenario.capital);
  const growth = [
    ...lineOf(names.run, "run", factors(equity), sessions),
    ...lineOf(names.benchmark, "benchmark", reference && factors(reference.equity), sessions),
  ];
  const shared = { unit: "growth" as const, base: null, lines: growth };
  const { underwater } = sheet.run;
  return [
    { ...shared, id: "growth", title: "Growth of one dollar", isLogarithmic: false, description: "Equity by session." },
    {
      ...{ ...shared, id: "growth-log", title: "Growth, logarithmic", isLogarithmic: true },
      description: "The same; equal distances are equal factors.",
    },
    {
      ...{ id: "underwater", title: "Underwater", unit: "fraction", isLogarithmic: false, base: 0 },
      description: "How far equity is below its highest so far. The ten worst drawdowns are in a table.",
      lines: underwater === null ? [] : [{ label: names.run, tone: "run", values: valleys(underwater, sessions) }],
    },
  ];
}

/** Sharpe ratio, volatility and beta over the half year before each session. */
export function rollingCharts(
  { run, benchmark, rollingBeta }: TearSheet,
  names: Names,
  sessions: Sessions,
): LineChart[] {
  const both = (pick: "sharpe" | "volatility") => [
    ...lineOf(names.run, "run", run.rolling?.[pick] ?? null, sessions),
    ...lineOf(names.benchmark, "benchmark", benchmark?.rolling?.[pick] ?? null, sessions),
  ];
  const shared = { isLogarithmic: false, base: null };
  const description = "By session, over the 126 sessions that end in it. A table tells its ends.";
  const charts: LineChart[] = [
    {
      ...shared,
      id: "rolling-sharpe",
      title: "Rolling Sharpe ratio",
      description,
      unit: "ratio",
      lines: both("sharpe"),
    },
    {
      ...{ ...shared, id: "rolling-volatility", title: "Rolling volatility", description, unit: "fraction" },
      lines: both("volatility"),
    },
    {
      ...{
        ...shared,
        id: "rolling-beta",
        title: `Rolling beta against ${names.benchmark}`,
        description,
        unit: "ratio",
      },
      lines: lineOf(names.run, "run", rollingBeta, sessions),
    },
  ];
  return charts.filter(({ lines }) => lines.some(({ values }) => values.some((value) => value !== null)));
}
