import { type CurveSettings, drawdownsOf, returnsOf, riskFreeOf } from "../curve.ts";
import { type PeriodReturn, returnsByMonth, returnsByQuarter, returnsByWeek, returnsByYear } from "../periods.ts";
import { type Drawdown, listDrawdowns } from "./drawdowns.ts";

/** A curve of equity by session, in dollars, and the part of its sessions in which something was held. */
export type MeasuredCurve = { equity: Float64Array; exposure: number };

/** What the figures of a curve are made of, each of it once. */
export type CurveData = MeasuredCurve & {
  dates: readonly string[];
  settings: CurveSettings;
  /** By session, the first from the capital. */
  returns: Float64Array;
  /** Those without what was free of risk; the same ones where that is nothing. */
  excess: Float64Array;
  /** By session, the fraction below the highest equity so far. */
  underwater: Float64Array;
  drawdowns: Drawdown[];
  months: readonly PeriodReturn[];
  years: readonly PeriodReturn[];
  /** Returns of whole periods that are defined, oldest first. */
  by: Record<"week" | "month" | "quarter" | "year", Float64Array>;
};

const definedOf = (returns: readonly PeriodReturn[]): Float64Array =>
  Float64Array.from(returns.flatMap((period) => (period.return === null ? [] : [period.return])));

export function toCurveData(curve: MeasuredCurve, dates: readonly string[], settings: CurveSettings): CurveData {
  const { equity } = curve;
  const { capital, riskFree } = settings;
  const returns = returnsOf(equity, capital);
  const free = riskFreeOf(riskFree);
  const underwater = drawdownsOf(equity, capital);
  const months = returnsByMonth(dates, equity, capital);
  const years = returnsByYear(dates, equity, capital);
  return {
    ...{ ...curve, dates, settings, returns, underwater, months, years },
    excess: free === 0 ? returns : returns.map((value) => value - free),
    drawdowns: listDrawdowns(underwater),
    by: {
      week: definedOf(returnsByWeek(dates, equity, capital)),
      month: definedOf(months),
      quarter: definedOf(returnsByQuarter(dates, equity, capital)),
      year: definedOf(years),
    },
  };
}
