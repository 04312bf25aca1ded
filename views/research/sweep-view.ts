import type { BacktestForm, MetricUnit } from "./backtest-view.ts";

/** A figure that points are measured by. */
export type MetricInfo = {
  name: string;
  label: string;
  unit: MetricUnit;
  formula: string;
  higherIsBetter: boolean | null;
};

/** Of how a parameter is called, where it is shown. */
type ParameterInfo = { name: string; label: string };

type Figures = Record<string, number | null>;
type Part = { from: string; to: string; sessions: number };

/** The form of a new sweep: that of a backtest, with parameters as lists and ranges and the fields of the search. */
export type SweepForm = BacktestForm & { metrics: MetricInfo[]; mostPoints: { ticker: number; universe: number } };

/** A sweep as lists and headings tell it. */
export type SweepSummary = {
  id: number;
  state: string;
  /** Null of the universe. */
  ticker: string | null;
  strategy: string;
  /** What was searched over, in words. */
  searched: string;
  points: number;
  done: number;
  createdAt: Date;
  createdBy: string;
  /** The best point's parameters and its score, in and out of sample. */
  best: { params: string; score: MetricInfo; inSample: number | null; outOfSample: number | null } | null;
};

/** One of the best points, with where its run is looked at. */
export type PointRow = {
  params: string;
  inSample: Figures;
  outOfSample: Figures | null;
  /** The run over the whole range, and over the part in sample alone. */
  url: string;
  inSampleUrl: string;
};

export type DeflatedView = {
  probability: number | null;
  sharpe: number | null;
  expectedMaximum: number;
  trials: number;
  variance: number;
  skewness: number | null;
  kurtosis: number | null;
  sessions: number;
};

export type WalkRow = {
  choose: Part;
  run: Part;
  params: string | null;
  score: number | null;
  outOfSample: Figures;
};

export type Curve = {
  title: string;
  dates: string[];
  lines: { label: string; tone: "accent" | "ma20" | "soft"; values: (number | null)[] }[];
};

export type HeatMapView = {
  /** Where the form of the map leads. */
  action: string;
  pairs: { value: string; label: string; isChosen: boolean }[];
  metrics: MetricInfo[];
  metric: MetricInfo;
  show: "best" | "mean";
  /** Whether points differ in more than the two parameters shown. */
  hasOthers: boolean;
  x: ParameterInfo;
  y: ParameterInfo | null;
  /** What each column and row is called: a value, or the first and last of those put together. */
  columns: string[];
  rows: string[];
  cells: (number | null)[][];
  /** The cell of the best point. */
  best: { column: number; row: number } | null;
  csv: string;
};

/** What a sweep found. */
export type FoundView = {
  /** Of the best point's run. */
  tearSheetUrl: string;
  /** Whether points choose from the universe, where one is left out that chooses nobody. */
  isUniverse: boolean;
  /** Whether they choose only from tickers that still trade, which flatters. */
  isOfSurvivors: boolean;
  score: MetricInfo;
  metrics: MetricInfo[];
  tally: { points: number; ran: number; invalid: number; cold: number };
  scored: number;
  inSample: Part;
  outOfSample: Part | null;
  /** Whether what it read has changed since, so that its runs would give other figures now. */
  hasNewData: boolean;
  best: PointRow[];
  deflated: DeflatedView | null;
  equity: Curve | null;
  walkForward: { rows: WalkRow[]; metrics: Figures; curve: Curve; isAnchored: boolean } | null;
  heatMap: HeatMapView | null;
};

/** A sweep's page. */
export type SweepView = {
  summary: SweepSummary;
  isOpen: boolean;
  /** Whether a process is alive that takes sweeps. */
  isServed: boolean;
  cancelRequested: boolean;
  error: string | null;
  startedAt: Date | null;
  finishedAt: Date | null;
  now: Date;
  /** What was asked, as terms and values. */
  asked: { term: string; value: string }[];
  again: string;
  kept: number;
  found: FoundView | null;
};
