import type { IndicatorKind } from "./indicators.ts";

/** A series that a chart can show beside the prices, as it is offered. */
export type ChartIndicator = {
  /** By which the address names it. */
  column: string;
  label: string;
  hint: string;
  kind: IndicatorKind;
  /** Which pane it shares with its like; null where it stands over the price. */
  pane: string | null;
};

/** One of them with its values, one a session; null where it has none. */
export type ChartSeries = ChartIndicator & { values: (number | null)[] };

/** What `/tickers/:ticker/bars.json` answers: a history in columns, ascending, and what happened to its shares. */
export type ChartData = {
  ticker: string;
  adjusted: boolean;
  date: string[];
  open: number[];
  high: number[];
  low: number[];
  close: number[];
  /** Shares. */
  volume: number[];
  indicators: ChartSeries[];
  /** Split-adjusted closes of other tickers in the same sessions. */
  compare: { ticker: string; close: (number | null)[] }[];
  /** Why some that were asked for are missing, in words. */
  problems: string[];
  /** Tickers that were to be compared and have no bars. */
  unknown: string[];
  splits: { date: string; from: number; to: number }[];
  dividends: { date: string; cash: number; currency: string | null }[];
  /** Sessions whose bar the vendor stated anew. */
  corrections: { date: string }[];
  /** Where the label became another one, by the first session under it. */
  names: { date: string; from: string; to: string }[];
};
