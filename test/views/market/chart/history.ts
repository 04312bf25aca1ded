import type { ChartData } from "../../../../views/market/chart-data.ts";

/** A history on the weekdays from a date on; its bars are made of the closes. */
export function historyOf(closes: readonly number[], from = "2024-01-01"): ChartData {
  const date: string[] = [];
  for (const day = new Date(`${from}T00:00:00Z`); date.length < closes.length; day.setUTCDate(day.getUTCDate() + 1)) {
    if (day.getUTCDay() % 6 !== 0) date.push(day.toISOString().slice(0, 10));
  }
  return {
    ticker: "TEST",
    adjusted: true,
    date,
    open: closes.map((close) => close * 0.99),
    high: closes.map((close) => close * 1.02),
    low: closes.map((close) => close * 0.97),
    close: [...closes],
    volume: closes.map((_, index) => index + 1),
    indicators: [],
    problems: [],
    compare: [],
    unknown: [],
    splits: [],
    dividends: [],
    corrections: [],
    names: [],
  };
}
