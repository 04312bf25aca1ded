import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseBars } from "../../jobs/market/bars.ts";
import type { MarketClient } from "../../jobs/market/client.ts";
import { createDemoExchange } from "../../jobs/market/demo/exchange.ts";
import { defaultDemoSeed } from "../../jobs/market/demo/server.ts";
import { parseDividends, parseSplits } from "../../jobs/market/reference.ts";
import type { Bars } from "../../server/backtest/types.ts";

/**
 * Whose bars golden runs are made on. Of the demo exchange: one that splits, one in which some sessions have no trade, one that is
 * delisted within the range. Of the market: two that split, and one that falls and recovers.
 */
export const goldenTickers = [
  { ticker: "PERI", source: "demo", delisted: false },
  { ticker: "KEHOpA", source: "demo", delisted: false },
  { ticker: "ISFO", source: "demo", delisted: true },
  { ticker: "AAPL", source: "market", delisted: false },
  { ticker: "TSLA", source: "market", delisted: false },
  { ticker: "GE", source: "market", delisted: false },
] as const;
export type GoldenTicker = (typeof goldenTickers)[number];

/** What the bars of a source cover. */
export const goldenRanges = {
  demo: { from: "2019-01-02", to: "2021-12-31" },
  market: { from: "2019-01-02", to: "2021-04-21" },
} as const;

const header = "date,open,high,low,close,volume,dividend,split_factor";
export const barsPathOf = (ticker: string): string => join(import.meta.dir, "bars", `${ticker}.csv`);

/** Split-adjusted, prices and dividends in the shares of the last session. */
type Row = {
  date: string;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  dividend: number;
  splitFactor: number;
};

/** The bars that golden runs are made on, as they were kept. */
export function readGoldenBars({ ticker, delisted }: GoldenTicker, dividends: boolean): Bars {
  const [first, ...lines] = readFileSync(barsPathOf(ticker), "utf8").trim().split("\n");
  if (first !== header) throw new Error(`${barsPathOf(ticker)} does not begin with ${header}`);
  const rows = lines.map((line) => line.split(","));
  const column = (index: number) => Float64Array.from(rows, (row) => Number(row[index]));
  return {
    dates: rows.map((row) => row[0] ?? ""),
    ...{ open: column(1), high: column(2), low: column(3), close: column(4), volume: column(5) },
    dividends: dividends ? column(6) : new Float64Array(rows.length),
    splitFactor: column(7),
    delisted,
  };
}

export const toCsv = (rows: readonly Row[]): string =>
  [
    header,
    ...rows.map(({ date, open, high, low, close, volume, dividend, splitFactor }) =>
      [date, open, high, low, close, volume, dividend, splitFactor].join(","),
    ),
    "",
  ].join("\n");

/** From the demo exchange, which is a function of its seed. */
export function demoRows(ticker: string): Row[] {
  const { from, to } = goldenRanges.demo;
  const exchange = createDemoExchange({ seed: defaultDemoSeed, untilYear: Number(to.slice(0, 4)) });
  const dividends = new Map(
    exchange
      .dividends(to)
      .filter((dividend) => dividend.ticker === ticker)
      .map(({ date, splitAdjustedAmount }) => [date, splitAdjustedAmount]),
  );
  const factorAt = factorsOf(exchange.splits(to).filter((split) => split.ticker === ticker));
  return exchange.barsOf(ticker, from, to, true, to).map(({ date, open, high, low, close, volume }) => ({
    ...{ date, open, high, low, close, volume },
    dividend: dividends.get(date) ?? 0,
    splitFactor: factorAt(date),
  }));
}

/** From an API: bars as they were, brought to the shares of the last session by the splits up to it. */
export async function marketRows(client: MarketClient, ticker: string): Promise<Row[]> {
  const { from, to } = goldenRanges.market;
  const [pages, splitPages, dividendPages] = await Promise.all([
    Array.fromAsync(client.range(ticker, from, to)),
    Array.fromAsync(client.splits({ fromDate: from, toDate: to })),
    Array.fromAsync(client.dividends({ fromDate: from, toDate: to })),
  ]);
  const splits = parseSplits(splitPages).rows.filter((split) => split.ticker === ticker);
  const factorAt = factorsOf(
    splits.map(({ executionDate: date, splitFrom: from, splitTo: to }) => ({ date, from, to })),
  );
  const dividends = new Map<string, number>();
  for (const row of parseDividends(dividendPages).rows) {
    if (row.ticker !== ticker) continue;
    dividends.set(row.exDividendDate, (dividends.get(row.exDividendDate) ?? 0) + row.cashAmount);
  }
  const bars = pages.flatMap(({ body }) => parseBars(body, { kind: "range", ticker }).bars);
  return bars.map(({ tradeDate: date, open, high, low, close, volume }) => {
    const factor = factorAt(date);
    const priced = (price: number) => rounded(price * factor, 8);
    return {
      ...{ date, open: priced(open), high: priced(high), low: priced(low), close: priced(close) },
      volume: rounded(volume / factor, 6),
      dividend: priced(dividends.get(date) ?? 0),
      splitFactor: factor,
    };
  });
}

/** By date the product over the splits after it. */
const factorsOf = (splits: readonly { date: string; from: number; to: number }[]) => (date: string) =>
  splits.reduce((factor, split) => (split.date > date ? (factor * split.from) / split.to : factor), 1);

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));
