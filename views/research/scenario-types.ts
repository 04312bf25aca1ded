import type { BacktestChart } from "./backtest-data.ts";
import type { TradesView, YearRow } from "./backtest-view.ts";

/** What the pages of scenarios show. Figures are fractions, not percents; null where they are not defined. */

type MetricUnit = "fraction" | "dollars" | "count" | "sessions" | "ratio";

/** A figure of several runs beside each other, with its definition. */
export type MetricLine = {
  name: string;
  label: string;
  unit: MetricUnit;
  formula: string;
  values: (number | null)[];
  /** Which of the values are the best; none where nothing is better, or all are equal. */
  best: boolean[];
};

/** A setting in words: "Commission", "5 bps". */
export type SettingLine = { term: string; value: string };

/** One scenario of the list. */
export type ListedScenarioView = {
  id: number;
  name: string;
  subject: string;
  strategy: string;
  parameters: string;
  from: string;
  to: string;
  totalReturn: number | null;
  annualReturn: number | null;
  sharpe: number | null;
  maxDrawdown: number | null;
  trades: number | null;
  /** Some fifty values of the equity, oldest first. */
  curve: number[];
  /** Whether a run of now would read the same data. */
  isCurrent: boolean;
  createdAt: Date;
  createdBy: string;
  isStarred: boolean;
};

/** A deleted scenario that can still be had back. */
export type DeletedScenarioView = { id: number; name: string; deletedAt: Date; goneAt: Date };

export type ScenarioListView = {
  scenarios: ListedScenarioView[];
  older: string | null;
  newest: string | null;
  deleted: DeletedScenarioView[];
  /** The one that was deleted just now: it can be undone at once. */
  undo: { id: number; name: string } | null;
  problem: string | null;
  /** Whether only favourites are listed. */
  starred: boolean;
};

/** Lines over the same dates; null where a run has no session, or none yet. */
export type CurvesView = { dates: string[]; lines: { name: string; values: (number | null)[] }[] };

export type ScenarioView = {
  id: number;
  name: string;
  isStarred: boolean;
  title: string;
  settings: SettingLine[];
  metrics: MetricLine[];
  /** When the figures beside them came out, where it was run again. */
  previousAt: Date | null;
  chart: BacktestChart;
  /** Whether it has a logarithmic scale. */
  isLog: boolean;
  chartUrl: string;
  years: YearRow[];
  /** Null where they were not kept: the run is of an earlier version of Barline. */
  trades: TradesView | null;
  /** Why a run of now would differ, a sentence each. */
  changes: string[];
  /** What the run read, as a text that changes with it. */
  dataVersion: string;
  ranAt: Date;
  createdAt: Date;
  createdBy: string;
  backtestUrl: string;
  /** What was typed as a new name, and why it could not be taken. */
  rename: { draft: string; problem: string | null };
  /** Why it could not be run again. */
  problem: string | null;
};

/** One scenario of a comparison. */
export type ComparedView = {
  id: number;
  name: string;
  from: string;
  to: string;
  backtestUrl: string;
  changes: string[];
  /** Why it could not be run over the common range. */
  problem: string | null;
};

export type ComparisonView = {
  scenarios: ComparedView[];
  metrics: MetricLine[];
  /** Settings in which they differ, a value each. */
  settings: { term: string; values: string[] }[];
  /** What one dollar became in each. */
  chart: BacktestChart;
  /** Whether it has a logarithmic scale. */
  isLog: boolean;
  chartUrl: string;
  /** Whether their ranges differ, and what they share; null where that is nothing. */
  rangesDiffer: boolean;
  common: { from: string; to: string } | null;
  /** Whether what is shown are runs over the common range, on the data of now. */
  isCommon: boolean;
  url: string;
  commonUrl: string;
};
