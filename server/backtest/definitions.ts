/** What a figure is counted in: a part (0.1 is 10 %), money, a number of things, a number of sessions, or a bare ratio. */
type MetricUnit = "fraction" | "dollars" | "count" | "sessions" | "ratio";

/** Whose definition it is; `own` where neither library has the figure. */
type MetricSource = "empyrical" | "backtesting.py" | "own";

/** A figure as people read it. */
export type MetricDefinition = {
  label: string;
  unit: MetricUnit;
  /** Whether a higher one is better; null where it says nothing of good and bad. */
  higherIsBetter: boolean | null;
  formula: string;
  source: MetricSource;
};

/**
 * What each metric is, in the order in which they are shown. By empyrical's definitions where it has one, otherwise by what
 * backtesting.py's result table shows. R are the returns from close to close: one a session, the first from the starting
 * capital, sessions without a position included. Null where they are not defined.
 */
export const metricDefinitions = {
  totalReturn: {
    label: "Return",
    unit: "fraction",
    higherIsBetter: true,
    formula: "Final equity ÷ capital - 1.",
    source: "empyrical",
  },
  cagr: {
    label: "Compound annual growth",
    unit: "fraction",
    higherIsBetter: true,
    formula: "(final equity ÷ capital)^(252 ÷ sessions) - 1. As empyrical has it, the same as annualReturn.",
    source: "empyrical",
  },
  annualReturn: {
    label: "Annual return",
    unit: "fraction",
    higherIsBetter: true,
    formula: "(final equity ÷ capital)^(252 ÷ sessions) - 1.",
    source: "empyrical",
  },
  volatility: {
    label: "Annual volatility",
    unit: "fraction",
    higherIsBetter: false,
    formula: "Sample standard deviation of R × √252.",
    source: "empyrical",
  },
  sharpe: {
    label: "Sharpe ratio",
    unit: "ratio",
    higherIsBetter: true,
    formula: "Mean of (R - r) ÷ sample standard deviation of R × √252, r = (1 + riskFree)^(1 ÷ 252) - 1.",
    source: "empyrical",
  },
  sortino: {
    label: "Sortino ratio",
    unit: "ratio",
    higherIsBetter: true,
    formula: "Mean of (R - r) × 252 ÷ (√ of the mean of min(R - r, 0)² × √252).",
    source: "empyrical",
  },
  calmar: {
    label: "Calmar ratio",
    unit: "ratio",
    higherIsBetter: true,
    formula: "annualReturn ÷ |maxDrawdown|.",
    source: "empyrical",
  },
  maxDrawdown: {
    label: "Max. drawdown",
    unit: "fraction",
    higherIsBetter: true,
    formula: "Lowest of equity ÷ highest equity so far - 1, where the starting capital counts as equity.",
    source: "empyrical",
  },
  averageDrawdown: {
    label: "Avg. drawdown",
    unit: "fraction",
    higherIsBetter: true,
    formula:
      "Mean of the lowest points of all drawdowns. A drawdown goes from a peak of equity to the session that reaches it again, or to the end.",
    source: "backtesting.py",
  },
  maxDrawdownSessions: {
    label: "Max. drawdown duration",
    unit: "sessions",
    higherIsBetter: false,
    formula: "Most sessions from a peak of equity until it was reached again, or until the end.",
    source: "backtesting.py",
  },
  averageDrawdownSessions: {
    label: "Avg. drawdown duration",
    unit: "sessions",
    higherIsBetter: false,
    formula:
      "Mean of the sessions from a peak of equity until it was reached again, or until the end, over all drawdowns.",
    source: "backtesting.py",
  },
  exposure: {
    label: "Exposure",
    unit: "fraction",
    higherIsBetter: null,
    formula: "Part of the sessions in which a position was held, those of entry and exit included.",
    source: "backtesting.py",
  },
  trades: {
    label: "Trades",
    unit: "count",
    higherIsBetter: null,
    formula: "Closed trades. An open one is listed, and counts in none of the figures about trades.",
    source: "backtesting.py",
  },
  winRate: {
    label: "Win rate",
    unit: "fraction",
    higherIsBetter: true,
    formula: "Part of the trades with a profit above zero.",
    source: "backtesting.py",
  },
  profitFactor: {
    label: "Profit factor",
    unit: "ratio",
    higherIsBetter: true,
    formula: "Sum of the returns of winning trades ÷ |sum of those of losing trades|.",
    source: "backtesting.py",
  },
  bestTrade: {
    label: "Best trade",
    unit: "fraction",
    higherIsBetter: true,
    formula: "Highest return of a trade. A trade's return is its profit, net of commission, ÷ its value at entry.",
    source: "backtesting.py",
  },
  worstTrade: {
    label: "Worst trade",
    unit: "fraction",
    higherIsBetter: true,
    formula: "Lowest return of a trade.",
    source: "backtesting.py",
  },
  averageTrade: {
    label: "Avg. trade",
    unit: "fraction",
    higherIsBetter: true,
    formula: "Geometric mean of the trades' returns.",
    source: "backtesting.py",
  },
  expectancy: {
    label: "Expectancy",
    unit: "fraction",
    higherIsBetter: true,
    formula: "Arithmetic mean of the trades' returns.",
    source: "backtesting.py",
  },
  sqn: {
    label: "System quality number",
    unit: "ratio",
    higherIsBetter: true,
    formula: "√trades × mean profit ÷ sample standard deviation of profits.",
    source: "backtesting.py",
  },
  kelly: {
    label: "Kelly criterion",
    unit: "fraction",
    higherIsBetter: true,
    formula: "winRate - (1 - winRate) ÷ (mean winning profit ÷ |mean losing profit|).",
    source: "backtesting.py",
  },
  longestTrade: {
    label: "Longest trade",
    unit: "sessions",
    higherIsBetter: null,
    formula: "Most sessions from an entry to its exit; 0 where a stop is reached in the entry's own session.",
    source: "backtesting.py",
  },
  averageTradeSessions: {
    label: "Avg. trade duration",
    unit: "sessions",
    higherIsBetter: null,
    formula: "Mean of the sessions from entry to exit.",
    source: "backtesting.py",
  },
  turnover: {
    label: "Turnover",
    unit: "ratio",
    higherIsBetter: null,
    formula: "Half of the dollars bought and sold ÷ mean equity × 252 ÷ sessions: portfolios replaced a year.",
    source: "own",
  },
  costs: {
    label: "Costs",
    unit: "dollars",
    higherIsBetter: false,
    formula: "commission + slippage.",
    source: "own",
  },
  commission: {
    label: "Commission",
    unit: "dollars",
    higherIsBetter: false,
    formula: "Dollars of commission, on open trades too.",
    source: "backtesting.py",
  },
  slippage: {
    label: "Slippage",
    unit: "dollars",
    higherIsBetter: false,
    formula: "Sum of shares × |fill price - price before slippage|, in dollars.",
    source: "own",
  },
  dividends: {
    label: "Dividends",
    unit: "dollars",
    higherIsBetter: null,
    formula: "Dollars of dividends received, less those paid on shorts; 0 without `dividends`.",
    source: "own",
  },
  finalEquity: {
    label: "Final equity",
    unit: "dollars",
    higherIsBetter: true,
    formula: "Dollars at the last close.",
    source: "backtesting.py",
  },
  peakEquity: {
    label: "Peak equity",
    unit: "dollars",
    higherIsBetter: true,
    formula: "Highest equity at a close, in dollars.",
    source: "backtesting.py",
  },
  sessions: {
    label: "Sessions",
    unit: "sessions",
    higherIsBetter: null,
    formula: "Sessions from the first to the last of the range, those without a position included.",
    source: "backtesting.py",
  },
  buyAndHold: {
    label: "Buy and hold",
    unit: "fraction",
    higherIsBetter: null,
    formula: "Return of the ticker from the first close to the last, without costs; with `dividends`, with their cash.",
    source: "backtesting.py",
  },
  alpha: {
    label: "Alpha",
    unit: "fraction",
    higherIsBetter: true,
    formula:
      "(1 + mean of ((R - r) - beta × (B - r)))^252 - 1, where B are the ticker's own returns, 0 in the first session.",
    source: "empyrical",
  },
  beta: {
    label: "Beta",
    unit: "ratio",
    higherIsBetter: null,
    formula: "Covariance of R and B ÷ variance of B.",
    source: "empyrical",
  },
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metricDefinitions;
export type Metrics = Record<MetricName, number | null>;
