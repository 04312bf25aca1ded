import type { YearRow } from "./backtest-view.ts";

/** What a tear sheet shows. Figures are fractions, not percents; null where they are not defined, or not known. */

export type FigureUnit = "fraction" | "ratio" | "days" | "sessions";

/** A figure of the run beside the benchmark's, with its definition. */
export type FigureRow = {
  name: string;
  label: string;
  unit: FigureUnit;
  isMove: boolean;
  formula: string;
  source: string;
  run: number | null;
  benchmark: number | null;
};

/** A line over the sheet's dates; null where it has no value. */
export type SheetLine = { label: string; tone: "run" | "benchmark"; values: (number | null)[] };

/** A chart of lines, and how its scale is told. */
export type LineChart = {
  id: string;
  title: string;
  /** What it shows, for who does not see it. */
  description: string;
  unit: "fraction" | "ratio" | "growth";
  /** Equal distances are equal factors. */
  isLogarithmic: boolean;
  /** From here to the line is filled; null where it is not. */
  base: number | null;
  lines: SheetLine[];
};

/** The last, lowest, middle and highest value of a rolling figure. */
export type RollingRow = {
  label: string;
  unit: FigureUnit;
  of: string;
  last: number | null;
  lowest: number | null;
  median: number | null;
  highest: number | null;
};

type DrawdownRow = {
  start: string;
  valley: string;
  end: string;
  recovery: string | null;
  days: number;
  depth: number;
};

/** Returns of periods of one length, of the run or the benchmark. */
export type DistributionRow = {
  span: string;
  of: string;
  tone: "run" | "benchmark";
  count: number;
  mean: number | null;
  lowest: number | null;
  q5: number | null;
  q25: number | null;
  median: number | null;
  q75: number | null;
  q95: number | null;
  highest: number | null;
  outliers: number;
};

/** Months counted by their return: a class for each of `counts`, from `from` up. */
export type HistogramView = {
  from: number;
  width: number;
  counts: { label: string; tone: "run" | "benchmark"; counts: number[] }[];
};

export type TearSheetView = {
  title: string;
  /** What the benchmark is; null where there is none. */
  benchmark: string | null;
  from: string;
  to: string;
  sessions: number;
  dataVersion: string;
  notes: string[];
  settings: { term: string; value: string }[];
  headline: FigureRow[];
  groups: { id: string; title: string; rows: FigureRow[] }[];
  /** Of the charts, some hundred sessions. */
  dates: string[];
  /** Growth and time below a peak. */
  growth: LineChart[];
  /** Over the last half year of each session. */
  rolling: LineChart[];
  rollingRows: RollingRow[];
  rollingSessions: number;
  drawdowns: DrawdownRow[];
  months: YearRow[];
  years: { year: string; run: number | null; benchmark: number | null }[];
  histogram: HistogramView | null;
  distributions: DistributionRow[];
  /** Where it came from, and where it is to be had as a file. */
  back: { href: string; label: string };
  fileUrl: string;
};
