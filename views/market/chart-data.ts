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
  ma20: (number | null)[];
  ma50: (number | null)[];
  ma120: (number | null)[];
  splits: { date: string; from: number; to: number }[];
  dividends: { date: string; cash: number; currency: string | null }[];
  /** Where the label became another one, by the first session under it. */
  names: { date: string; from: string; to: string }[];
};
