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
  let closed = 0;
  for (const { exit } of trades) if (exit !== null) closed++;
  const returns = new Float64Array(closed);
  const profits = new Float64Array(closed);
  let count = 0;
  let best = Number.NEGATIVE_INFINITY;
  let worst = Number.POSITIVE_INFINITY;
  let longest = Number.NEGATIVE_INFINITY;
  let sessions = 0;
  let wins = 0;
  let losses = 0;
  let won = 0;
  let lost = 0;
  let wonDollars = 0;
  let lostDollars = 0;
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
  const winRate = wins / count;
  return {
    trades: count,
    winRate,
    profitFactor: won / -lost,
    bestTrade: best,
    worstTrade: worst,
    averageTrade: geometricMean(returns),
    expectancy: mean(returns),
    sqn: (Math.sqrt(count) * mean(profits)) / sampleDeviation(profits),
    kelly: winRate - (1 - winRate) / (wonDollars / wins / -(lostDollars / losses)),
    longestTrade: longest,
    averageTradeSessions: sessions / count,
  };
}
