import type { MetricName } from "./definitions.ts";
import { geometricMean, mean, sampleDeviation } from "./statistics.ts";
import type { Trade } from "./types.ts";

/** The figures about closed trades. */
const tradeMetricNames = [
  "trades",
  "winRate",
  "profitFactor",
  "bestTrade",
  "worstTrade",
  "averageTrade",
  "expectancy",
  "sqn",
  "kelly",
  "longestTrade",
  "averageTradeSessions",
] as const satisfies readonly MetricName[];
export type TradeMetric = (typeof tradeMetricNames)[number];

/** NaN or infinite where they are not defined. Open trades count in none. */
export function measureTrades(trades: readonly Trade[]): Record<TradeMetric, number> {
  const returns = new Float64Array(trades.length);
  const profits = new Float64Array(trades.length);
  let count = 0;
  let [best, worst] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  let [won, lost, wins, losses, wonDollars, lostDollars] = [0, 0, 0, 0, 0, 0];
  let [longest, sessions] = [Number.NEGATIVE_INFINITY, 0];
  for (const { entrySession, exit } of trades) {
    if (exit === null) continue;
    const length = exit.session - entrySession;
    returns[count] = exit.return;
    profits[count] = exit.profit;
    count++;
    sessions += length;
    longest = Math.max(longest, length);
    best = Math.max(best, exit.return);
    worst = Math.min(worst, exit.return);
    if (exit.profit > 0) {
      wins++;
      won += exit.return;
      wonDollars += exit.profit;
    } else if (exit.profit < 0) {
      losses++;
      lost += exit.return;
      lostDollars += exit.profit;
    }
  }
  const closed = { returns: returns.subarray(0, count), profits: profits.subarray(0, count) };
  const winRate = wins / count;
  return {
    trades: count,
    winRate,
    profitFactor: won / -lost,
    bestTrade: best,
    worstTrade: worst,
    averageTrade: geometricMean(closed.returns),
    expectancy: mean(closed.returns),
    sqn: (Math.sqrt(count) * mean(closed.profits)) / sampleDeviation(closed.profits),
    kelly: winRate - (1 - winRate) / (wonDollars / wins / -(lostDollars / losses)),
    longestTrade: longest,
    averageTradeSessions: sessions / count,
  };
}

/** Sum of the returns of winning trades ÷ |sum of those of losing trades|, as `measureTrades` has it. */
export function profitFactorOf(trades: readonly Trade[]): number {
  let [won, lost] = [0, 0];
  for (const { exit } of trades) {
    if (exit !== null && exit.profit > 0) won += exit.return;
    else if (exit !== null && exit.profit < 0) lost += exit.return;
  }
  return won / -lost;
}
