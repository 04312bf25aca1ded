import {
  type CurveSettings,
  measureAgainst,
  referenceOf,
  riskFreeOf,
  sessionsAYear,
  spreadOf,
  walkCurve,
} from "../curve.ts";
import { definedOnly } from "../metrics.ts";
import type { PeriodReturn } from "../periods.ts";
import { mean, sampleDeviation } from "../statistics.ts";
import { at } from "../strategy.ts";
import { type CurveData, type MeasuredCurve, toCurveData } from "./curve-data.ts";
import { type FigureName, figureDefinitions, type RelativeName } from "./definitions.ts";
import { type Distribution, distributionOf, type Histogram, histogramsOf } from "./distribution.ts";
import { type DatedDrawdown, worstDrawdowns } from "./drawdowns.ts";
import { figuresOfCurve } from "./figures.ts";
import { correlationOf } from "./moments.ts";
import { rollingBeta, rollingRisk } from "./rolling.ts";

/** What a run is compared with. One that is known at the ends of months alone brings its own alpha and beta, null where they are not defined. */
export type ReferenceCurve = { equity: Float64Array } & (
  | { knownBy: "session" }
  | { knownBy: "month"; alpha: number | null; beta: number | null }
);

const spans = ["day", "week", "month", "quarter", "year"] as const;
export type Span = (typeof spans)[number];

/** One curve's part of a tear sheet; null stands where nothing is known or defined. */
export type CurveSheet = {
  figures: Record<FigureName, number | null>;
  months: readonly PeriodReturn[];
  years: readonly PeriodReturn[];
  /** Null where it is known at the ends of months alone. */
  distributions: Record<Span, Distribution | null>;
  /** Of the months' returns, over the same classes as the other curve's. */
  monthHistogram: Histogram | null;
  drawdowns: DatedDrawdown[];
  /** By session, the fraction below the highest equity so far; null where sessions are not known. */
  underwater: Float64Array | null;
  /** By session, NaN where not defined; null where sessions are not known. */
  rolling: { sharpe: Float64Array; volatility: Float64Array } | null;
};

export type TearSheet = {
  run: CurveSheet;
  benchmark: CurveSheet | null;
  /** The run against the benchmark. */
  relative: Record<RelativeName, number | null> | null;
  /** By session, NaN where not defined; null without a benchmark that is known by session. */
  rollingBeta: Float64Array | null;
};

const drawdownsListed = 10;

/** All that a tear sheet tells of a run, and of what it is compared with over the same sessions. Both start from the capital. */
export function measureTearSheet(
  run: MeasuredCurve & { dates: readonly string[] },
  reference: ReferenceCurve | null,
  settings: CurveSettings,
): TearSheet {
  const own = toCurveData(run, run.dates, settings);
  const other = reference && toCurveData({ equity: reference.equity, exposure: 1 }, run.dates, settings);
  const [histogram = null, otherHistogram = null] =
    histogramsOf([own.by.month, ...(other ? [other.by.month] : [])]) ?? [];
  const isKnown = reference?.knownBy === "session";
  return {
    run: sheetOf(own, histogram, true),
    benchmark: other && sheetOf(other, otherHistogram, isKnown),
    relative: reference && other && relativeOf(own, other, reference),
    rollingBeta: other && isKnown ? rollingBeta(own.returns, other.returns) : null,
  };
}

function sheetOf(data: CurveData, monthHistogram: Histogram | null, isKnownBySession: boolean): CurveSheet {
  const figures = definedOnly(figuresOfCurve(data));
  if (!isKnownBySession) {
    for (const name of Object.keys(figures) as FigureName[]) {
      if (figureDefinitions[name].knownBy === "session") figures[name] = null;
    }
  }
  const { by, returns, months, years } = data;
  const bySession = isKnownBySession ? { day: distributionOf(returns), week: distributionOf(by.week) } : null;
  return {
    ...{ figures, months, years, monthHistogram },
    distributions: {
      ...(bySession ?? { day: null, week: null }),
      ...{ month: distributionOf(by.month), quarter: distributionOf(by.quarter), year: distributionOf(by.year) },
    },
    drawdowns: isKnownBySession ? worstDrawdowns(data.drawdowns, data.dates, drawdownsListed) : [],
    underwater: isKnownBySession ? data.underwater : null,
    rolling: isKnownBySession ? rollingRisk(returns, riskFreeOf(data.settings.riskFree)) : null,
  };
}

function relativeOf(own: CurveData, other: CurveData, reference: ReferenceCurve): TearSheet["relative"] {
  const { capital, riskFree } = own.settings;
  const growth = (at(own.equity, own.equity.length - 1) / capital) ** (sessionsAYear / own.equity.length) - 1;
  const treynorOf = (beta: number) => (growth - riskFree) / beta;
  if (reference.knownBy === "month") {
    const [alpha, beta] = [reference.alpha ?? Number.NaN, reference.beta ?? Number.NaN];
    const unknown = { correlation: Number.NaN, rSquared: Number.NaN, informationRatio: Number.NaN };
    return definedOnly({ alpha, beta, ...unknown, treynor: treynorOf(beta) });
  }
  const [walk, held] = [walkCurve(own.equity, capital), referenceOf(walkCurve(other.equity, capital))];
  const { alpha, beta } = measureAgainst(walk, spreadOf(walk, riskFree, held), held, riskFree);
  const correlation = correlationOf(own.returns, other.returns);
  const ahead = own.returns.map((value, session) => value - at(other.returns, session));
  return definedOnly({
    ...{ beta, alpha, correlation, rSquared: correlation ** 2 },
    informationRatio: mean(ahead) / sampleDeviation(ahead),
    treynor: treynorOf(beta),
  });
}
