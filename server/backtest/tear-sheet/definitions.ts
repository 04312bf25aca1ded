import { metricDefinitions } from "../definitions.ts";
import { days, monthlyMove, monthlyPart, monthlyRatio, move, part, ratio, sessions } from "./definition.ts";

/**
 * What each figure of a tear sheet is, by the groups and in the order in which they are shown: those of QuantStats' full report. R are the returns from
 * close to close, one a session, the first from the starting capital, sessions without a position included; r is the risk-free
 * rate of one session. Where QuantStats counts otherwise than is meant, the definition is another one and says why.
 */

const { totalReturn, cagr, volatility, sharpe, sortino, calmar, maxDrawdown, alpha } = metricDefinitions;

const returnDefinitions = {
  exposure: monthlyPart(
    "Time in market",
    "own",
    "Part of the sessions in which a position was held. QuantStats counts sessions with a return other than 0, and rounds up to a whole percent.",
  ),
  totalReturn: monthlyMove("Cumulative return", "empyrical", totalReturn.formula),
  cagr: monthlyMove(
    "Compound annual growth",
    "empyrical",
    `${cagr.formula.split(".")[0]}. Earlier versions of QuantStats count calendar days instead of sessions.`,
  ),
  sharpe: ratio("Sharpe ratio", "empyrical", sharpe.formula),
  probabilisticSharpe: part(
    "Probabilistic Sharpe ratio",
    "quantstats",
    "Φ(S ÷ √((1 - skew × S + (kurtosis + 2) ÷ 4 × S²) ÷ (n - 1))), S being the Sharpe ratio of one session: how likely a true one is above 0. Bailey and López de Prado, 2012.",
  ),
  smartSharpe: ratio(
    "Smart Sharpe ratio",
    "quantstats",
    "Sharpe ratio ÷ √(1 + 2 × Σ (n - k) ÷ n × c^k), k from 1 to n - 1, c being |correlation of R with the session before|.",
  ),
  sortino: ratio("Sortino ratio", "empyrical", sortino.formula),
  smartSortino: ratio("Smart Sortino ratio", "quantstats", "Sortino ratio, divided as the smart Sharpe ratio is."),
  adjustedSortino: ratio("Sortino ÷ √2", "quantstats", "Sortino ratio ÷ √2, to stand beside a Sharpe ratio."),
  smartAdjustedSortino: ratio("Smart Sortino ÷ √2", "quantstats", "Smart Sortino ratio ÷ √2."),
  omega: ratio("Omega", "empyrical", "Sum of R - r where above 0 ÷ |sum of R - r where below 0|."),
};

const riskDefinitions = {
  volatility: part("Annual volatility", "empyrical", volatility.formula),
  calmar: ratio("Calmar ratio", "empyrical", calmar.formula),
  skew: ratio("Skew", "quantstats", "Third moment of R, n ÷ ((n - 1)(n - 2)) × Σ ((R - mean) ÷ deviation)³."),
  kurtosis: ratio(
    "Kurtosis",
    "quantstats",
    "Fourth moment of R without bias, above that of a normal distribution, which is 0.",
  ),
  ulcerPerformance: ratio("Ulcer performance index", "quantstats", "(Cumulative return - riskFree) ÷ Ulcer index."),
  riskAdjustedReturn: move(
    "Risk-adjusted return",
    "own",
    "Compound annual growth ÷ time in market. QuantStats divides by its time in market, which is rounded up to a percent, and takes r off each session.",
  ),
  riskReturn: ratio("Risk-return ratio", "quantstats", "Mean of R ÷ sample standard deviation of R, of one session."),
  valueAtRisk: move(
    "Daily value at risk",
    "quantstats",
    "Mean of R - 1.645 × sample standard deviation of R: 95 % of a normal distribution are above.",
  ),
  conditionalValueAtRisk: move(
    "Expected shortfall (CVaR)",
    "quantstats",
    "Mean of R - 2.063 × sample standard deviation of R: the mean of the 5 % of a normal distribution that are below the value at risk.",
  ),
  historicalValueAtRisk: move(
    "Daily value at risk, as it was",
    "empyrical",
    "5 % quantile of R, whatever the distribution.",
  ),
  historicalConditionalValueAtRisk: move(
    "Expected shortfall, as it was",
    "empyrical",
    "Mean of the worst ⌊(n - 1) × 5 %⌋ + 1 of R.",
  ),
};

const dayDefinitions = {
  averageReturn: move("Avg. return", "quantstats", "Mean of R where it is not 0."),
  averageWin: move("Avg. win", "quantstats", "Mean of R above 0."),
  averageLoss: move("Avg. loss", "quantstats", "Mean of R below 0."),
  payoffRatio: ratio(
    "Payoff ratio",
    "quantstats",
    "Avg. win ÷ |avg. loss|; QuantStats tells it as win/loss ratio too.",
  ),
  profitRatio: ratio(
    "Profit ratio",
    "quantstats",
    "(Mean of R from 0 up ÷ their number) ÷ |mean of R below 0 ÷ their number|.",
  ),
  dailyProfitFactor: ratio("Profit factor, by days", "quantstats", "Sum of R above 0 ÷ |sum of R below 0|."),
  gainToPain: ratio("Gain/pain ratio", "quantstats", "Sum of R ÷ |sum of R below 0|."),
  dailyKelly: move(
    "Kelly criterion, by days",
    "quantstats",
    "w - (1 - w) ÷ payoff ratio, w being win days. That of the trades is among the figures of the run.",
  ),
  riskOfRuin: part("Risk of ruin", "quantstats", "((1 - w) ÷ (1 + w))^sessions, w being win days: 0 for any long run."),
  winDays: part("Win days", "quantstats", "Part of R above 0 among those that are not 0."),
  consecutiveWins: sessions("Most wins in a row", "quantstats", "Most sessions after each other with R above 0."),
  consecutiveLosses: sessions("Most losses in a row", "quantstats", "Most sessions after each other with R below 0."),
  cpcIndex: ratio("CPC index", "quantstats", "Profit factor by days × win days × payoff ratio."),
  tailRatio: ratio("Tail ratio", "empyrical", "|95 % quantile of R ÷ 5 % quantile of R|."),
  commonSenseRatio: ratio("Common sense ratio", "quantstats", "Profit factor by days × tail ratio."),
  outlierWin: ratio("Outlier win ratio", "quantstats", "99 % quantile of R ÷ mean of R from 0 up."),
  outlierLoss: ratio("Outlier loss ratio", "quantstats", "1 % quantile of R ÷ mean of R below 0."),
};

const drawdownDefinitions = {
  maxDrawdown: move("Max. drawdown", "empyrical", maxDrawdown.formula),
  longestDrawdown: days(
    "Longest drawdown",
    "quantstats",
    "Most calendar days from the first to the last session below a peak of equity, both counted.",
  ),
  averageDrawdown: move("Avg. drawdown", "quantstats", "Mean of the depths of all drawdowns."),
  averageDrawdownDays: days("Avg. drawdown days", "quantstats", "Mean of the calendar days of all drawdowns."),
  recoveryFactor: ratio(
    "Recovery factor",
    "own",
    "Cumulative return ÷ |max. drawdown|. QuantStats adds R up instead of compounding it, and leaves the sign of a loss out.",
  ),
  ulcerIndex: part("Ulcer index", "quantstats", "√(sum of the squares of each session's drawdown ÷ (n - 1))."),
  serenityIndex: ratio(
    "Serenity index",
    "quantstats",
    "(Sum of R - riskFree) ÷ (Ulcer index × pitfall); pitfall is the expected shortfall of the sessions' drawdowns, by a normal distribution, ÷ deviation of R.",
  ),
};

const periodDefinitions = {
  expectedDaily: move("Expected day", "quantstats", "Geometric mean of R: (1 + cumulative return)^(1 ÷ sessions) - 1."),
  expectedMonthly: monthlyMove(
    "Expected month",
    "quantstats",
    "(1 + cumulative return)^(1 ÷ calendar months) - 1; a month that the run begins or ends in counts as a whole one.",
  ),
  expectedYearly: monthlyMove("Expected year", "quantstats", "The same by calendar years."),
  bestDay: move("Best day", "quantstats", "Highest R."),
  worstDay: move("Worst day", "quantstats", "Lowest R."),
  bestMonth: monthlyMove("Best month", "quantstats", "Highest return of a calendar month."),
  worstMonth: monthlyMove("Worst month", "quantstats", "Lowest return of a calendar month."),
  bestYear: monthlyMove("Best year", "quantstats", "Highest return of a calendar year."),
  worstYear: monthlyMove("Worst year", "quantstats", "Lowest return of a calendar year."),
  averageUpMonth: monthlyMove("Avg. up month", "quantstats", "Mean of the months' returns above 0."),
  averageDownMonth: monthlyMove("Avg. down month", "quantstats", "Mean of the months' returns below 0."),
  winMonths: monthlyPart("Win months", "quantstats", "Part of the months above 0 among those that are not 0."),
  winQuarters: monthlyPart("Win quarters", "quantstats", "The same by calendar quarters."),
  winYears: monthlyPart("Win years", "quantstats", "The same by calendar years."),
  monthlyGainToPain: monthlyRatio(
    "Gain/pain ratio, by months",
    "own",
    "Sum of the months' returns ÷ |sum of those below 0|, as Schwager has it. QuantStats adds up the days of a month instead of compounding them.",
  ),
};

const trailingFormula =
  "From the last close on or before the same day so long before; null where the run begins later.";
const trailingDefinitions = {
  monthToDate: monthlyMove("Month to date", "quantstats", "From the last close before the month of the last session."),
  threeMonths: move("3 months", "own", `${trailingFormula} QuantStats begins a session earlier where that day is one.`),
  sixMonths: move("6 months", "own", "As 3 months."),
  yearToDate: monthlyMove("Year to date", "quantstats", "From the last close before the year of the last session."),
  oneYear: move("1 year", "own", "As 3 months."),
  threeYears: move(
    "3 years (annual)",
    "own",
    `A year, by 252 sessions. ${trailingFormula} QuantStats goes back 35 months.`,
  ),
  fiveYears: move("5 years (annual)", "own", "As 3 years; QuantStats goes back 59 months."),
  tenYears: move("10 years (annual)", "own", "As 3 years; QuantStats goes back 119 months."),
};

/** By the names of figures of a run against what it is compared with. */
export const relativeDefinitions = {
  beta: ratio("Beta", "empyrical", "Covariance of R and B ÷ variance of B, B being the returns of the benchmark."),
  alpha: move(
    "Alpha",
    "empyrical",
    `${alpha.formula.split(", where")[0]}. QuantStats neither compounds it nor takes r off.`,
  ),
  correlation: ratio("Correlation", "quantstats", "Correlation of R and B."),
  rSquared: ratio("R²", "quantstats", "Square of the correlation."),
  informationRatio: ratio(
    "Information ratio",
    "quantstats",
    "Mean of (R - B) ÷ sample standard deviation of (R - B), of one session.",
  ),
  treynor: ratio(
    "Treynor ratio",
    "own",
    "(Compound annual growth - riskFree) ÷ beta. QuantStats takes the cumulative return, which grows with the length of the run.",
  ),
};

/** By the names of figures of one curve: the run's, and that of what it is compared with. */
export const figureDefinitions = {
  ...returnDefinitions,
  ...riskDefinitions,
  ...dayDefinitions,
  ...drawdownDefinitions,
  ...periodDefinitions,
  ...trailingDefinitions,
};

export type FigureName = keyof typeof figureDefinitions;
export type RelativeName = keyof typeof relativeDefinitions;

const namesOf = <Name extends string>(definitions: Record<Name, unknown>) => Object.keys(definitions) as Name[];

/** The figures of one curve as they stand together. */
export const figureGroups: readonly { id: string; title: string; names: readonly FigureName[] }[] = [
  { id: "return", title: "Return", names: namesOf(returnDefinitions) },
  { id: "risk", title: "Risk", names: namesOf(riskDefinitions) },
  { id: "drawdown", title: "Drawdown", names: namesOf(drawdownDefinitions) },
  { id: "days", title: "Days", names: namesOf(dayDefinitions) },
  { id: "periods", title: "Months and years", names: namesOf(periodDefinitions) },
  { id: "trailing", title: "To the last session", names: namesOf(trailingDefinitions) },
];
export const relativeNames = namesOf(relativeDefinitions);
