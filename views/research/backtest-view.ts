import type { BacktestChart } from "./backtest-data.ts";

/** A parameter of a strategy as a field. */
export type ParameterField = {
  name: string;
  label: string;
  hint: string;
  value: string;
  min: number | null;
  max: number | null;
  isWhole: boolean;
};

export type StrategyChoice = {
  id: string;
  name: string;
  description: string;
  /** The workspace's file that declares it; null of one that is shipped. */
  file: string | null;
  /** Checks that the file failed when it was found. */
  problems: string[];
  scope: "ticker" | "universe";
  parameters: ParameterField[];
};

/** The form with what was typed, as it was typed. */
export type BacktestForm = {
  /** By field name. */
  draft: Record<string, string>;
  /** By field name; what belongs to no field of the form is among `others`. */
  errors: Record<string, string>;
  others: string[];
  strategies: StrategyChoice[];
  /** First and last published bar of the drafted ticker; null where it has none. */
  known: { ticker: string; from: string; to: string } | null;
};

export type MetricUnit = "fraction" | "dollars" | "count" | "sessions" | "ratio";

/** One row of the table of figures. */
export type MetricRow = {
  name: string;
  label: string;
  unit: MetricUnit;
  formula: string;
  source: string;
  /** Whether anything held has it too, not only what is traded. */
  isOfCurve: boolean;
  strategy: number | null;
  /** Null where it says nothing of holding. */
  hold: number | null;
  benchmark: number | null;
};

export type TradeRow = {
  number: number;
  /** Of a strategy of the universe; null where there is but one. */
  ticker: string | null;
  entryDate: string;
  entryPrice: number;
  exitDate: string | null;
  exitPrice: number | null;
  shares: number;
  /** In the shares of the day of the entry, and of the exit; null of a run of before they were told. */
  asTraded: { entryPrice: number; entryShares: number; exitPrice: number | null; exitShares: number | null } | null;
  profit: number | null;
  return: number | null;
  sessions: number;
  reason: string | null;
};

export type TradePage = { rows: TradeRow[]; total: number; from: number; newer: string | null; older: string | null };

/** What is shown of a run's trades; `ticker` is null where each is of a ticker of its own. */
export type TradesView = { ticker: string | null; trades: TradePage; tradesCsvUrl: string; equityCsvUrl: string };

/** A check that a strategy passed, or the sentence that says why not. */
export type Badge = { id: string; label: string; passed: boolean; detail: string };

/** A year's months from January on; null where the run has no session, and where nothing was defined. */
export type YearRow = { year: string; months: (number | null)[]; total: number | null };

/** Tickers that a strategy of the universe holds, and what it made of them. */
/** `ticker` is the label of its last session in the run, which is `session`. */
export type HoldingRow = {
  ticker: string;
  session: string;
  shares: number;
  price: number;
  value: number;
  weight: number;
};
export type TickerResult = { ticker: string; session: string; trades: number; profit: number };
export type UniverseView = {
  holdings: HoldingRow[];
  best: TickerResult[];
  worst: TickerResult[];
  /** The same run on today's survivors alone, and how much better that looks. */
  survivorship: { label: string; point: number | null; survivors: number | null; unit: MetricUnit }[];
};

/** Everything that a result shows. */
export type ResultView = TradesView & {
  title: string;
  strategy: { id: string; name: string; description: string };
  from: string;
  to: string;
  sessions: number;
  benchmark: string | null;
  /** The run's own address, and what else is there of it. */
  url: string;
  absoluteUrl: string;
  chartUrl: string;
  tearSheetUrl: string;
  sweepUrl: string | null;
  /** What a scenario of it is called until somebody says otherwise; null where they cannot be kept. */
  scenarioName: string | null;
  dataVersion: string;
  /** Sentences on what was done with the data. */
  notes: string[];
  badges: Badge[];
  metrics: MetricRow[];
  chart: BacktestChart;
  /** Whether its charts have logarithmic scales. */
  isLog: boolean;
  years: YearRow[];
  universe: UniverseView | null;
};

/** A way out for a run that its history is too short for. */
export type BacktestOffer =
  | { kind: "shorter"; url: string; changes: { name: string; value: number }[] }
  | { kind: "backfill"; url: string; from: string; to: string };

export type BacktestView = {
  form: BacktestForm;
  result: ResultView | null;
  isPublished: boolean;
  offers?: BacktestOffer[];
};
