import { describe, expect, test } from "bun:test";
import { deflatedSharpe, expectedMaximum, shapeOf } from "../../../../server/backtest/sweep/deflated-sharpe.ts";
import { normalProbability, normalQuantile } from "../../../../server/backtest/sweep/normal.ts";

describe("the normal distribution", () => {
  test.each([
    // Abramowitz and Stegun, Handbook of Mathematical Functions, table 26.1.
    [0, 0.5],
    [1, 0.841344746068543],
    [2, 0.977249868051821],
    [3, 0.99865010196837],
    [-1, 0.158655253931457],
    [5, 0.999999713348428],
  ])("at %p is %p", (x, probability) => {
    expect(normalProbability(x)).toBeCloseTo(probability, 14);
  });

  test("is 0 and 1 where it ends", () => {
    expect([normalProbability(-40), normalProbability(40)]).toEqual([0, 1]);
  });

  test.each([0.001, 0.3, 0.5, 0.99, 1 - 1e-6])("is undone by its inverse at %p", (probability) => {
    expect(normalProbability(normalQuantile(probability))).toBeCloseTo(probability, 14);
  });

  test("has its known quantiles", () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 10);
    expect(normalQuantile(0.5)).toBeCloseTo(0, 12);
  });
});

/**
 * The example of Bailey and López de Prado (2014), "a numerical example": five years of 250 daily returns with an annual Sharpe
 * ratio of 2.5, skewness -3 and kurtosis 10; the trials' annual ratios have a variance of 1/2.
 */
const example = { sharpe: 2.5 / Math.sqrt(250), variance: 0.5 / 250, skewness: -3, kurtosis: 10, sessions: 1250 };

describe("the deflated Sharpe ratio", () => {
  test("of the paper's example with 100 trials is 0.9004, against an expected maximum of 0.1132", () => {
    expect(expectedMaximum({ trials: 100, variance: 0.5 / 250 })).toBeCloseTo(0.1132, 4);
    expect(deflatedSharpe({ ...example, trials: 100 })).toBeCloseTo(0.9004, 4);
  });

  test("of the paper's example is 0.9505 with 46 trials, or with 88 of normal returns", () => {
    expect(deflatedSharpe({ ...example, trials: 46 })).toBeCloseTo(0.9505, 4);
    expect(deflatedSharpe({ ...example, trials: 88, skewness: 0, kurtosis: 3 })).toBeCloseTo(0.9505, 4);
  });

  test("of one trial is the probability that the ratio is above zero", () => {
    expect(expectedMaximum({ trials: 1, variance: 1 })).toBe(0);
    // Z(0.1 × √100 ÷ √(1 + 2/4 × 0.01)) = Z(1 ÷ √1.005) = Z(0.99751).
    const single = { sharpe: 0.1, trials: 1, variance: 0, skewness: 0, kurtosis: 3, sessions: 101 };
    expect(deflatedSharpe(single)).toBeCloseTo(normalProbability(0.997509), 6);
  });

  test("falls with every further trial", () => {
    const at = (trials: number) => deflatedSharpe({ ...example, trials });
    expect([2, 10, 1000, 1e6].map(at).every((value, index, all) => index === 0 || value < (all[index - 1] ?? 0))).toBe(
      true,
    );
  });

  test("is not defined for returns that never change", () => {
    const shape = shapeOf(Float64Array.of(0, 0, 0));
    expect(deflatedSharpe({ ...example, ...shape, sharpe: Number.NaN, trials: 5 })).toBeNaN();
  });
});

describe("the shape of returns", () => {
  test("is skewness and kurtosis by population moments", () => {
    // Mean 2; distances -1, -1, -1, 3; squares 12 / 4 = 3; cubes 24 / 4 = 6; fourth powers 84 / 4 = 21.
    const { skewness, kurtosis } = shapeOf(Float64Array.of(1, 1, 1, 5));
    expect(skewness).toBeCloseTo(6 / 3 ** 1.5, 12);
    expect(kurtosis).toBeCloseTo(21 / 9, 12);
  });
});
