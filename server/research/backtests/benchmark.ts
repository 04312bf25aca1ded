import type { Sql } from "../../../db/client.ts";
import { addDays } from "../../../jobs/market/dates.ts";
import type { Bars } from "../../backtest/types.ts";
import { HttpError } from "../../http/errors.ts";
import { readBars } from "./bars.ts";

/** What a ticker held from the first close on was worth by session, in dollars. */
export type Benchmark = { ticker: string; equity: Float64Array };

/** A benchmark that did not trade in the first session is taken at its last close before, if that is no older than this. */
const longestPauseDays = 14;

type Asked = { benchmark: string | null; dividends: boolean; capital: number };

/** The benchmark over a run's sessions; null where none is asked for. One that begins later than the run is refused. */
export async function readBenchmark(read: Sql, dates: readonly string[], asked: Asked): Promise<Benchmark | null> {
  const { benchmark: ticker, dividends, capital } = asked;
  const [first, last] = [dates[0], dates.at(-1)];
  if (ticker === null || first === undefined || last === undefined) return null;
  const from = addDays(first, -longestPauseDays);
  const bars = await readBars(read, { ticker, from, to: last, dividends }, "benchmark");
  const start = bars.dates[0] ?? last;
  if (start > first) {
    const message = `\`benchmark\`: the bars of ${ticker} begin on ${start}, after the first session of the run, ${first}.`;
    throw new HttpError(422, "invalid", message, { field: "benchmark" });
  }
  return { ticker, equity: heldEquity(bars, dates, capital) };
}

/**
 * Capital put into a ticker at the close of the first of `dates`, without costs: `capital × (close + dividends since) ÷ first close`.
 * On a date without a bar it is worth what it was at the last one.
 */
export function heldEquity(bars: Bars, dates: readonly string[], capital: number): Float64Array {
  const { length } = bars.dates;
  const equity = new Float64Array(dates.length);
  let next = 0;
  let price = Number.NaN;
  let paid = 0;
  let start = Number.NaN;
  for (const [session, date] of dates.entries()) {
    for (; next < length && (bars.dates[next] ?? "") <= date; next++) {
      price = bars.close[next] ?? Number.NaN;
      if (session > 0) paid += bars.dividends[next] ?? 0;
    }
    if (session === 0) start = price;
    equity[session] = (capital * (price + paid)) / start;
  }
  return equity;
}
