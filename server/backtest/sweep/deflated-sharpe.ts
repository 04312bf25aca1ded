import { mean } from "../statistics.ts";
import { normalProbability, normalQuantile } from "./normal.ts";

/** What the deflated Sharpe ratio of a choice is made from. Sharpe ratios are per session, not annual. */
export type Deflation = {
  /** Of the chosen point. */
  sharpe: number;
  /** Points that were tried. */
  trials: number;
  /** Sample variance of the tried points' Sharpe ratios. */
  variance: number;
  /** Of the chosen point's returns; 0 for a normal distribution. */
  skewness: number;
  /** Of the same; 3 for a normal distribution. */
  kurtosis: number;
  /** Returns that the chosen point's ratio was measured on. */
  sessions: number;
};

const eulerMascheroni = 0.5772156649015329;

/**
 * The highest Sharpe ratio to be expected of so many trials that are all worth nothing:
 * √V × ((1 - γ) × Z⁻¹(1 - 1/N) + γ × Z⁻¹(1 - 1/(N × e))), γ being Euler's and Mascheroni's constant. 0 for one trial.
 * Bailey and López de Prado, The Deflated Sharpe Ratio, Journal of Portfolio Management 40(5), 2014, equation 1.
 */
export function expectedMaximum({ trials, variance }: Pick<Deflation, "trials" | "variance">): number {
  if (trials < 2) return 0;
  const highest = (1 - eulerMascheroni) * normalQuantile(1 - 1 / trials);
  return Math.sqrt(variance) * (highest + eulerMascheroni * normalQuantile(1 - 1 / (trials * Math.E)));
}

/**
 * The probability that the chosen point's true Sharpe ratio is above what the best of so many worthless trials would show:
 * Z((SR - SR₀) × √(T - 1) ÷ √(1 - skewness × SR + (kurtosis - 1) ÷ 4 × SR²)), SR₀ from `expectedMaximum`. NaN where it is not
 * defined. Bailey and López de Prado 2014, equation 2.
 */
export function deflatedSharpe(deflation: Deflation): number {
  const { sharpe, skewness, kurtosis, sessions } = deflation;
  const spread = 1 - skewness * sharpe + ((kurtosis - 1) / 4) * sharpe ** 2;
  const distance = (sharpe - expectedMaximum(deflation)) * Math.sqrt(sessions - 1);
  return Number.isFinite(distance) && spread > 0 ? normalProbability(distance / Math.sqrt(spread)) : Number.NaN;
}

/** Skewness and kurtosis (not in excess of 3) of a population. NaN where all values are the same. */
export function shapeOf(values: Float64Array): { skewness: number; kurtosis: number } {
  const center = mean(values);
  let [second, third, fourth] = [0, 0, 0];
  for (const value of values) {
    const distance = value - center;
    second += distance ** 2;
    third += distance ** 3;
    fourth += distance ** 4;
  }
  const variance = second / values.length;
  return { skewness: third / values.length / variance ** 1.5, kurtosis: fourth / values.length / variance ** 2 };
}
