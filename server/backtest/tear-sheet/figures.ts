import { measureCurve, riskFreeOf, spreadOf, walkCurve } from "../curve.ts";
import { mean, sampleDeviation } from "../statistics.ts";
import { normalProbability } from "../sweep/normal.ts";
import type { CurveData } from "./curve-data.ts";
import { type Signs, signsOf, winRateOf } from "./days.ts";
import type { FigureName } from "./definitions.ts";
import { daysOf } from "./drawdowns.ts";
import { autocorrelationPenalty, kurtosisOf, quantileOf, skewOf } from "./moments.ts";
import { trailingFigures } from "./trailing.ts";

/** Part of the returns that a value at risk leaves below it. */
const tail = 0.05;
/** The 5 % quantile of the standard normal distribution, and by how many deviations the mean of what is below it is below the mean. */
const normalTail = -1.6448536269514722;
const normalShortfall = Math.exp(-0.5 * normalTail * normalTail) / Math.sqrt(2 * Math.PI) / tail;

/** What the groups of figures share. */
type Shared = {
  data: CurveData;
  curve: ReturnType<typeof measureCurve>;
  signs: Signs;
  sorted: Float64Array;
  center: number;
  deviation: number;
  ulcer: number;
};

/** Every figure of one curve as `figureDefinitions` has it, NaN or infinite where it is not defined. */
export function figuresOfCurve(data: CurveData): Record<FigureName, number> {
  const { equity, returns, settings, underwater } = data;
  const walk = walkCurve(equity, settings.capital);
  const squares = underwater.reduce((sum, depth) => sum + depth * depth, 0);
  const shared: Shared = {
    data,
    curve: measureCurve(equity, walk, spreadOf(walk, settings.riskFree, null), settings),
    signs: signsOf(returns),
    sorted: returns.toSorted(),
    center: walk.meanReturn,
    deviation: sampleDeviation(returns, walk.meanReturn),
    ulcer: Math.sqrt(squares / (returns.length - 1)),
  };
  return {
    ...returnFigures(shared),
    ...riskFigures(shared),
    ...drawdownFigures(shared),
    ...dayFigures(shared),
    ...periodFigures(shared),
    ...trailingFigures(data),
  };
}

function returnFigures({ data, curve, deviation, center }: Shared) {
  const { excess, returns, exposure, settings } = data;
  const { totalReturn, cagr, sharpe, sortino } = curve;
  const penalty = autocorrelationPenalty(excess);
  const gains = signsOf(excess);
  const perSession = (center - riskFreeOf(settings.riskFree)) / deviation;
  const spread = 1 - skewOf(returns) * perSession + ((kurtosisOf(returns) + 2) / 4) * perSession ** 2;
  return {
    exposure,
    ...{ totalReturn, cagr, sharpe },
    probabilisticSharpe: probabilityOf(perSession / Math.sqrt(spread / (returns.length - 1))),
    smartSharpe: sharpe / penalty,
    sortino,
    smartSortino: sortino / penalty,
    adjustedSortino: sortino / Math.SQRT2,
    smartAdjustedSortino: sortino / penalty / Math.SQRT2,
    omega: gains.won / -gains.lost,
  };
}

const probabilityOf = (score: number): number => (Number.isFinite(score) ? normalProbability(score) : Number.NaN);

function riskFigures({ data, curve, sorted, center, deviation, ulcer }: Shared) {
  const { returns, settings, exposure } = data;
  const { volatility, calmar, totalReturn, cagr } = curve;
  const worst = sorted.subarray(0, Math.floor((sorted.length - 1) * tail) + 1);
  return {
    ...{ volatility, calmar },
    skew: skewOf(returns),
    kurtosis: kurtosisOf(returns),
    ulcerPerformance: (totalReturn - settings.riskFree) / ulcer,
    riskAdjustedReturn: cagr / exposure,
    riskReturn: center / deviation,
    valueAtRisk: center + normalTail * deviation,
    conditionalValueAtRisk: center - normalShortfall * deviation,
    historicalValueAtRisk: quantileOf(sorted, tail),
    historicalConditionalValueAtRisk: mean(worst),
  };
}

function dayFigures({ data: { returns }, signs, sorted }: Shared) {
  const { wins, losses, still, won, lost } = signs;
  const winDays = winRateOf(signs);
  const [averageWin, averageLoss] = [won / wins, lost / losses];
  const payoffRatio = averageWin / -averageLoss;
  const dailyProfitFactor = won / -lost;
  const tailRatio = Math.abs(quantileOf(sorted, 1 - tail) / quantileOf(sorted, tail));
  const notLost = wins + still;
  return {
    averageReturn: (won + lost) / (wins + losses),
    ...{ averageWin, averageLoss, payoffRatio },
    profitRatio: won / notLost / notLost / -(averageLoss / losses),
    dailyProfitFactor,
    gainToPain: (won + lost) / -lost,
    dailyKelly: winDays - (1 - winDays) / payoffRatio,
    riskOfRuin: ((1 - winDays) / (1 + winDays)) ** returns.length,
    winDays,
    ...{ consecutiveWins: signs.winsInARow, consecutiveLosses: signs.lossesInARow },
    cpcIndex: dailyProfitFactor * winDays * payoffRatio,
    tailRatio,
    commonSenseRatio: dailyProfitFactor * tailRatio,
    outlierWin: quantileOf(sorted, 0.99) / (won / notLost),
    outlierLoss: quantileOf(sorted, 0.01) / averageLoss,
  };
}

function drawdownFigures({ data, curve, signs, deviation, ulcer }: Shared) {
  const { drawdowns, dates, underwater, settings } = data;
  const lengths = drawdowns.map((drawdown) => daysOf(drawdown, dates));
  const depths = drawdowns.reduce((sum, { depth }) => sum + depth, 0);
  const pitfall = (normalShortfall * sampleDeviation(underwater) - mean(underwater)) / deviation;
  return {
    maxDrawdown: curve.maxDrawdown,
    longestDrawdown: lengths.reduce((most, days) => Math.max(most, days), 0),
    averageDrawdown: depths / drawdowns.length,
    averageDrawdownDays: lengths.reduce((sum, days) => sum + days, 0) / lengths.length,
    recoveryFactor: curve.totalReturn / -curve.maxDrawdown,
    ulcerIndex: ulcer,
    serenityIndex: (signs.won + signs.lost - settings.riskFree) / (ulcer * pitfall),
  };
}

function periodFigures({ data: { by, months, years, returns }, curve, signs }: Shared) {
  const ofMonths = signsOf(by.month);
  const ofYears = signsOf(by.year);
  const growth = (periods: number) => (1 + curve.totalReturn) ** (1 / periods) - 1;
  return {
    expectedDaily: growth(returns.length),
    expectedMonthly: growth(months.length),
    expectedYearly: growth(years.length),
    ...{ bestDay: signs.best, worstDay: signs.worst, bestMonth: ofMonths.best, worstMonth: ofMonths.worst },
    ...{ bestYear: ofYears.best, worstYear: ofYears.worst },
    averageUpMonth: ofMonths.won / ofMonths.wins,
    averageDownMonth: ofMonths.lost / ofMonths.losses,
    winMonths: winRateOf(ofMonths),
    winQuarters: winRateOf(signsOf(by.quarter)),
    winYears: winRateOf(ofYears),
    monthlyGainToPain: (ofMonths.won + ofMonths.lost) / -ofMonths.lost,
  };
}
