/**
 * What each metric is, in the order in which they are shown. By empyrical's definitions where it has one, otherwise by what
 * backtesting.py's result table shows. R are the returns from close to close: one a session, the first from the starting
 * capital, sessions without a position included. All are fractions, and null where they are not defined.
 */
export const metricDefinitions = {
  totalReturn: "Final equity ÷ capital - 1.",
  cagr: "Compound annual growth: (final equity ÷ capital)^(252 ÷ sessions) - 1. As empyrical has it, the same as annualReturn.",
  annualReturn: "(final equity ÷ capital)^(252 ÷ sessions) - 1.",
  volatility: "Sample standard deviation of R × √252.",
  sharpe: "Mean of (R - r) ÷ sample standard deviation of R × √252, r = (1 + riskFree)^(1 ÷ 252) - 1.",
  sortino: "Mean of (R - r) × 252 ÷ (√ of the mean of min(R - r, 0)² × √252).",
  calmar: "annualReturn ÷ |maxDrawdown|.",
  maxDrawdown: "Lowest of equity ÷ highest equity so far - 1, where the starting capital counts as equity.",
  maxDrawdownSessions: "Most sessions from a peak of equity until it was reached again, or until the end.",
  exposure: "Part of the sessions in which a position was held, those of entry and exit included.",
  trades: "Closed trades. An open one is listed, and counts in none of the figures about trades.",
  winRate: "Part of the trades with a profit above zero.",
  profitFactor: "Sum of the returns of winning trades ÷ |sum of those of losing trades|.",
  bestTrade: "Highest return of a trade. A trade's return is its profit, net of commission, ÷ its value at entry.",
  worstTrade: "Lowest return of a trade.",
  averageTrade: "Geometric mean of the trades' returns.",
  expectancy: "Arithmetic mean of the trades' returns.",
  sqn: "System quality number: √trades × mean profit ÷ sample standard deviation of profits.",
  kelly: "winRate - (1 - winRate) ÷ (mean winning profit ÷ |mean losing profit|).",
  turnover: "Half of the dollars bought and sold ÷ mean equity × 252 ÷ sessions: portfolios replaced a year.",
  costs: "Dollars of commission and slippage.",
  finalEquity: "Dollars at the last close.",
  peakEquity: "Highest equity at a close, in dollars.",
  buyAndHold:
    "Return of the ticker from the first close to the last, without costs; with `dividends`, with their cash.",
  alpha:
    "(1 + mean of ((R - r) - beta × (B - r)))^252 - 1, where B are the ticker's own returns, 0 in the first session.",
  beta: "Covariance of R and B ÷ variance of B.",
} as const;

export type MetricName = keyof typeof metricDefinitions;
export type Metrics = Record<MetricName, number | null>;
