import { describe, expect, test } from "bun:test";
import { sampleBars } from "../../../server/backtest/checks/sample-bars.ts";
import { drawdownsOf } from "../../../server/backtest/curve.ts";
import { type MetricName, metricDefinitions } from "../../../server/backtest/definitions.ts";
import { simulate } from "../../../server/backtest/engine.ts";
import { buyAndHoldOf, compare, measure } from "../../../server/backtest/metrics.ts";
import { barsOf, commission, configure, settingsWith, targetsOf } from "./support.ts";

/** Two closed trades and an open one: +20 %, -25 %, and one worth +10 % at the last close. */
const bars = barsOf({ close: [100, 100, 120, 120, 90, 90, 99] });
const targets = targetsOf(1, 0, 1, 0, 1, 1, 1);
const run = simulate(bars, targets, settingsWith());
const metrics = measure(bars, run, { capital: 1000, riskFree: 0 });
const returns = [0, 0, 0.2, 0, -0.25, 0, 0.1];
const mean = returns.reduce((sum, value) => sum + value) / 7;
const variance = returns.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 6;

const expectMetric = (name: MetricName, value: number) => expect(metrics[name] ?? Number.NaN).toBeCloseTo(value, 12);

describe("the metrics", () => {
  test("are told of the run that they are computed on", () => {
    expect([...run.equity].map((value) => Math.round(value))).toEqual([1000, 1000, 1200, 1200, 900, 900, 990]);
  });

  test("compound over all sessions of 252 a year", () => {
    expectMetric("totalReturn", -0.01);
    expectMetric("annualReturn", 0.99 ** (252 / 7) - 1);
    expectMetric("cagr", 0.99 ** (252 / 7) - 1);
  });

  test("take risk from all sessions' returns", () => {
    expectMetric("volatility", Math.sqrt(variance) * Math.sqrt(252));
    expectMetric("sharpe", (mean / Math.sqrt(variance)) * Math.sqrt(252));
    expectMetric("sortino", (mean / Math.sqrt(0.25 ** 2 / 7)) * Math.sqrt(252));
  });

  test("take a risk-free rate by the year", () => {
    const free = 1.05 ** (1 / 252) - 1;
    const { sharpe } = measure(bars, run, { capital: 1000, riskFree: 0.05 });
    expect(sharpe ?? Number.NaN).toBeCloseTo(((mean - free) / Math.sqrt(variance)) * Math.sqrt(252), 12);
  });

  test("measure drawdown from the highest equity, and its length until it is made up", () => {
    expectMetric("maxDrawdown", -0.25);
    expectMetric("calmar", (0.99 ** (252 / 7) - 1) / 0.25);
    // The peak is last seen in session 3; it is not reached again by session 6.
    expectMetric("maxDrawdownSessions", 3);
    expectMetric("peakEquity", 1200);
    expectMetric("finalEquity", 990);
  });

  test("end a drawdown with the session that makes it up", () => {
    const lengthOf = (...close: number[]) => {
      const path = barsOf({ close: [10, ...close] });
      const held = simulate(
        path,
        Int8Array.from(path.close, () => 1),
        settingsWith(),
      );
      return measure(path, held, { capital: 1000, riskFree: 0 }).maxDrawdownSessions;
    };
    expect(lengthOf(10, 11, 12)).toBe(0);
    expect(lengthOf(10, 9, 8, 10, 9)).toBe(3);
    expect(lengthOf(10, 9, 10, 12, 11, 11, 11)).toBe(3);
  });

  test("count closed trades only", () => {
    expectMetric("trades", 2);
    expectMetric("winRate", 0.5);
    expectMetric("bestTrade", 0.2);
    expectMetric("worstTrade", -0.25);
    expectMetric("profitFactor", 0.8);
    expectMetric("averageTrade", Math.sqrt(1.2 * 0.75) - 1);
    expectMetric("expectancy", -0.025);
    // Profits 200 and -300: mean -50, deviation √(2 × 250²).
    expectMetric("sqn", (Math.SQRT2 * -50) / Math.sqrt(2 * 250 ** 2));
    expectMetric("kelly", 0.5 - 0.5 / (200 / 300));
    // From session 1 to 2, and from 3 to 4.
    expectMetric("longestTrade", 1);
    expectMetric("averageTradeSessions", 1);
  });

  test("take the mean of all drawdowns, each from its peak until it is made up", () => {
    // Two of them: 100 to 80 and back in 3 sessions, then 120 to 90 and not back in 2.
    const path = barsOf({ close: [100, 100, 80, 90, 100, 120, 108, 90] });
    const held = simulate(path, targetsOf(1, 1, 1, 1, 1, 1, 1, 1), settingsWith());
    const { averageDrawdown, averageDrawdownSessions, maxDrawdown, maxDrawdownSessions } = measure(path, held, {
      capital: 1000,
      riskFree: 0,
    });
    expect(averageDrawdown ?? Number.NaN).toBeCloseTo((-0.2 - 0.25) / 2, 12);
    expect(averageDrawdownSessions).toBe(2.5);
    expect(maxDrawdown).toBe(-0.25);
    expect(maxDrawdownSessions).toBe(3);
  });

  test("tell how much was held and traded", () => {
    expectMetric("exposure", 6 / 7);
    // Bought 1000 and 1200 and 900, sold 1200 and 900.
    expectMetric("turnover", (5200 / 2 / (7190 / 7)) * (252 / 7));
    expectMetric("costs", 0);
    expectMetric("sessions", 7);
  });

  test("tell commission, slippage and dividends apart", () => {
    const paying = barsOf({ close: [100, 100, 100], dividends: [0, 0, 3] });
    const settings = settingsWith({
      sizing: { kind: "shares", shares: 4 },
      commission: commission({ perOrder: 2 }),
      slippage: { bps: 100 },
    });
    const measured = measure(paying, simulate(paying, targetsOf(1, 0, 0), settings), { capital: 1000, riskFree: 0 });
    expect(measured).toMatchObject({ commission: 4, slippage: 8, costs: 12, dividends: 12 });
  });

  test("compare with the ticker held", () => {
    expectMetric("buyAndHold", -0.01);
    // The ticker's returns are those of the run here.
    expectMetric("beta", 1);
    expectMetric("alpha", 0);
  });

  test("count the dividends of the ticker held where they are paid", () => {
    const paying = barsOf({ close: [100, 100, 110], dividends: [50, 4, 0] });
    const { buyAndHold } = measure(paying, simulate(paying, targetsOf(0, 0, 0), settingsWith()), {
      capital: 1000,
      riskFree: 0,
    });
    expect(buyAndHold ?? Number.NaN).toBeCloseTo(0.14, 12);
  });

  test("halve beta with half the money, and tell the rest as alpha", () => {
    const idle = barsOf({ close: [100, 100, 110, 99, 108.9] });
    const half = simulate(idle, targetsOf(1, 1, 1, 1, 1), settingsWith({ sizing: { kind: "equity", fraction: 0.5 } }));
    const { alpha, beta } = measure(idle, half, { capital: 1000, riskFree: 0 });
    // Returns of the run 0, 0, 50/1000, -55/1050, 49.5/995; of the ticker 0, 0, 0.1, -0.1, 0.1.
    const own = [0, 0, 0.05, -55 / 1050, 49.5 / 995];
    const held = [0, 0, 0.1, -0.1, 0.1];
    const average = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const joint = average(own.map((value, i) => (value - average(own)) * ((held[i] ?? 0) - average(held))));
    const slope = joint / average(held.map((value) => (value - average(held)) ** 2));
    expect(beta ?? Number.NaN).toBeCloseTo(slope, 10);
    expect(alpha ?? Number.NaN).toBeCloseTo((1 + average(own) - slope * average(held)) ** 252 - 1, 10);
  });
});

describe("a comparison", () => {
  const equity = Float64Array.from([1000, 1050, 1020, 1100]);
  const settings = { capital: 1000, riskFree: 0.03 };

  test("has the figures of what is compared with, by the same definitions", () => {
    const other = Float64Array.from([1000, 900, 990, 1200]);
    const { metrics: compared } = compare(equity, other, settings);
    expect(compared.totalReturn).toBeCloseTo(0.2, 12);
    expect(compared.maxDrawdown).toBeCloseTo(-0.1, 12);
    expect(compared.maxDrawdownSessions).toBe(3);
    expect(compared.finalEquity).toBe(1200);
  });

  test("has the alpha and beta of the run against it", () => {
    const path = sampleBars(300, 5);
    const run = simulate(path, configure("rsi").signals(path), settingsWith());
    const measured = measure(path, run, settings);
    const compared = compare(run.equity, buyAndHoldOf(path, 1000), settings);
    expect(compared.beta ?? 0).toBeCloseTo(measured.beta ?? 1, 10);
    expect(compared.alpha ?? 0).toBeCloseTo(measured.alpha ?? 1, 10);
    expect(compare(equity, equity, settings)).toMatchObject({
      beta: expect.closeTo(1, 12),
      alpha: expect.closeTo(0, 12),
    });
  });

  test("with what does not move has neither", () => {
    expect(compare(equity, new Float64Array(4).fill(1000), settings)).toMatchObject({ alpha: null, beta: null });
  });
});

describe("a run without one ticker", () => {
  test("is compared with nothing", () => {
    const measured = measure(null, run, { capital: 1000, riskFree: 0 });
    expect(measured).toEqual({ ...metrics, buyAndHold: null, alpha: null, beta: null });
  });
});

describe("what is not defined", () => {
  const undefinedIn = (close: number[], ...wanted: number[]) => {
    const flat = barsOf({ close });
    const measured = measure(flat, simulate(flat, targetsOf(...wanted), settingsWith()), {
      capital: 1000,
      riskFree: 0,
    });
    return Object.entries(measured)
      .filter(([, value]) => value === null)
      .map(([name]) => name);
  };

  test("is null where nothing was traded", () => {
    expect(undefinedIn([10, 11, 12], 0, 0, 0)).toEqual([
      ...["sharpe", "sortino", "calmar", "averageDrawdown", "averageDrawdownSessions", "winRate", "profitFactor"],
      ...["bestTrade", "worstTrade", "averageTrade", "expectancy", "sqn", "kelly"],
      ...["longestTrade", "averageTradeSessions"],
    ]);
  });

  test("is null for a benchmark that does not move", () => {
    expect(undefinedIn([10, 10, 10], 1, 1, 1)).toContain("beta");
    expect(undefinedIn([10, 10, 10], 1, 1, 1)).toContain("alpha");
  });

  test("is null for what needs a loss, or two trades", () => {
    expect(undefinedIn([10, 10, 20, 20], 1, 0, 0, 0)).toEqual([
      ...["sortino", "calmar", "averageDrawdown", "averageDrawdownSessions", "profitFactor", "sqn", "kelly"],
    ]);
  });

  test("is never infinite, nor NaN, nor left out", () => {
    for (const close of [
      [10, 10, 1e-9, 1e9],
      [1, 1],
      [1e-300, 1e-300, 1e300],
      [10, 10, 0, 0],
    ]) {
      const path = barsOf({ close });
      const settings = settingsWith({ side: "long_short", commission: commission({ perOrder: 1 }) });
      for (const target of [1, -1]) {
        const measured = measure(
          path,
          simulate(
            path,
            Int8Array.from(close, () => target),
            settings,
          ),
          {
            capital: 1000,
            riskFree: 0,
          },
        );
        expect(Object.keys(measured).toSorted()).toEqual(Object.keys(metricDefinitions).toSorted());
        expect(Object.values(measured).every((value) => value === null || Number.isFinite(value))).toBe(true);
      }
    }
  });
});

describe("the definitions", () => {
  const definitions = Object.entries(metricDefinitions);

  test("name each figure once, and tell its formula in words that end", () => {
    const labels = definitions.map(([, { label }]) => label);
    expect(labels).toEqual([...new Set(labels)]);
    for (const [, { formula }] of definitions) expect(formula).toMatch(/^\S.*\.$/);
  });

  test("have the names of the contract", () => {
    const contract = [
      ...["totalReturn", "cagr", "annualReturn", "volatility", "sharpe", "sortino", "calmar", "maxDrawdown"],
      ...["maxDrawdownSessions", "exposure", "trades", "winRate", "profitFactor", "bestTrade", "worstTrade"],
      ...["averageTrade", "expectancy", "sqn", "kelly", "turnover", "costs", "finalEquity", "peakEquity"],
      ...["buyAndHold", "alpha", "beta"],
    ];
    expect(Object.keys(metricDefinitions)).toEqual(expect.arrayContaining(contract));
  });
});

describe("drawdowns", () => {
  test("count from the capital where equity never was higher", () => {
    expect([...drawdownsOf(Float64Array.from([900, 1000, 1100, 550]), 1000)]).toEqual([
      -0.09999999999999998, 0, 0, -0.5,
    ]);
  });
});
