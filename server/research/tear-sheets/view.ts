import type {
  DistributionRow,
  FigureRow,
  HistogramView,
  RollingRow,
  TearSheetView,
} from "../../../views/research/tear-sheet-view.ts";
import {
  type FigureName,
  figureDefinitions,
  figureGroups,
  relativeDefinitions,
  relativeNames,
} from "../../backtest/tear-sheet/definitions.ts";
import { distributionOf } from "../../backtest/tear-sheet/distribution.ts";
import { rollingSessions } from "../../backtest/tear-sheet/rolling.ts";
import type { CurveSheet, Span, TearSheet } from "../../backtest/tear-sheet/tear-sheet.ts";
import { sampleSessions } from "../backtests/chart.ts";
import { shortTitleOf } from "../backtests/title.ts";
import { toYears } from "../backtests/view.ts";
import { settingsInWords } from "../scenarios/describe.ts";
import { growthCharts, rollingCharts } from "./charts.ts";
import { measureSubject, type TearSheetSubject } from "./subject.ts";

const headline = ["totalReturn", "cagr", "sharpe", "sortino", "maxDrawdown", "volatility", "exposure"] as const;

/** Everything that a tear sheet shows. */
export function toTearSheetView(
  subject: TearSheetSubject,
  { back, fileUrl }: Pick<TearSheetView, "back" | "fileUrl">,
): TearSheetView {
  const { scenario, dates, equity, dataVersion, notes } = subject;
  const sheet = measureSubject(subject);
  const sessions = sampleSessions(dates.length);
  const benchmark = benchmarkLabel(subject);
  const names = { run: "Strategy", benchmark: benchmark ?? "" };
  return {
    ...{ title: shortTitleOf(scenario), benchmark, notes, dataVersion, back, fileUrl },
    ...{ from: dates[0] ?? scenario.from, to: dates.at(-1) ?? scenario.to, sessions: dates.length },
    settings: settingsInWords(scenario),
    headline: headline.map((name) => figureRow(name, sheet)),
    groups: [
      ...figureGroups.map(({ id, title, names: own }) => ({
        id,
        title,
        rows: own.map((name) => figureRow(name, sheet)),
      })),
      ...(sheet.relative ? [{ id: "relative", title: `Against ${benchmark}`, rows: relativeRows(sheet) }] : []),
    ],
    dates: sessions.map((session) => dates[session] ?? ""),
    growth: growthCharts(subject, sheet, names, sessions),
    rolling: rollingCharts(sheet, names, sessions),
    rollingRows: rollingRows(sheet, names),
    rollingSessions,
    drawdowns: sheet.run.drawdowns,
    months: toYears(dates, equity, scenario.capital),
    years: sheet.run.years.map(({ period, return: run }, index) => ({
      ...{ year: period, run, benchmark: sheet.benchmark?.years[index]?.return ?? null },
    })),
    histogram: histogramOf(sheet, names),
    distributions: distributionRows(sheet, names),
  };
}

function benchmarkLabel({ reference }: TearSheetSubject): string | null {
  if (reference === null) return null;
  return reference.kind === "universe" ? "Universe" : (reference.ticker ?? "");
}

function figureRow(name: FigureName, { run, benchmark }: TearSheet): FigureRow {
  const { label, unit, isMove, formula, source } = figureDefinitions[name];
  const values = { run: run.figures[name], benchmark: benchmark?.figures[name] ?? null };
  return { name, label, unit, isMove, formula, source, ...values };
}

const relativeRows = ({ relative }: TearSheet): FigureRow[] =>
  relativeNames.map((name) => {
    const { label, unit, isMove, formula, source } = relativeDefinitions[name];
    return { name, label, unit, isMove, formula, source, run: relative?.[name] ?? null, benchmark: null };
  });

type Names = { run: string; benchmark: string };

const bothOf = ({ run, benchmark }: TearSheet, names: Names) =>
  [
    { sheet: run, of: names.run, tone: "run" as const },
    ...(benchmark ? [{ sheet: benchmark, of: names.benchmark, tone: "benchmark" as const }] : []),
  ] satisfies { sheet: CurveSheet; of: string; tone: "run" | "benchmark" }[];

function rollingRows(sheet: TearSheet, names: Names): RollingRow[] {
  const row = (label: string, unit: RollingRow["unit"], of: string, values: Float64Array | null): RollingRow[] => {
    if (values === null) return [];
    const known = values.filter((value) => !Number.isNaN(value));
    const { lowest, median, highest } = distributionOf(known);
    return [{ label, unit, of, last: known.at(-1) ?? null, lowest, median, highest }];
  };
  const both = bothOf(sheet, names);
  return [
    ...both.flatMap(({ sheet: own, of }) => row("Sharpe ratio", "ratio", of, own.rolling?.sharpe ?? null)),
    ...both.flatMap(({ sheet: own, of }) => row("Volatility", "fraction", of, own.rolling?.volatility ?? null)),
    ...row("Beta", "ratio", names.run, sheet.rollingBeta),
  ];
}

const spanLabels: Record<Span, string> = {
  ...{ day: "Days", week: "Weeks", month: "Months", quarter: "Quarters", year: "Years" },
};

const distributionRows = (sheet: TearSheet, names: Names): DistributionRow[] =>
  (Object.keys(spanLabels) as Span[]).flatMap((span) =>
    bothOf(sheet, names).flatMap(({ sheet: own, of, tone }) => {
      const distribution = own.distributions[span];
      return distribution === null ? [] : [{ span: spanLabels[span], of, tone, ...distribution }];
    }),
  );

function histogramOf(sheet: TearSheet, names: Names): HistogramView | null {
  const { monthHistogram } = sheet.run;
  if (monthHistogram === null) return null;
  return {
    ...{ from: monthHistogram.from, width: monthHistogram.width },
    counts: bothOf(sheet, names).map(({ sheet: own, of, tone }) => ({
      ...{ label: of, tone, counts: own.monthHistogram?.counts ?? [] },
    })),
  };
}
