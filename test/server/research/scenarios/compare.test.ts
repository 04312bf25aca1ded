import { describe, expect, test } from "bun:test";
import { commonRange, compareMetrics, markBest, rebase } from "../../../../server/research/scenarios/compare.ts";

describe("markBest", () => {
  test("marks all that reach the best, and nothing where all are equal or one alone is known", () => {
    expect(markBest([1, 3, null, 3], true)).toEqual([false, true, false, true]);
    expect(markBest([1, 3, null, 3], false)).toEqual([true, false, false, false]);
    expect(markBest([2, 2], true)).toEqual([false, false]);
    expect(markBest([2, null], true)).toEqual([false, false]);
    expect(markBest([null, null], true)).toEqual([false, false]);
  });
});

describe("compareMetrics", () => {
  const run = (capital: number, metrics: Record<string, number>) => ({ capital, metrics });
  const bestOf = (name: string, runs: Parameters<typeof compareMetrics>[0]) =>
    compareMetrics(runs).find((line) => line.name === name)?.best;

  test("takes a drawdown nearer to zero and a lower volatility as better, and judges no number of trades", () => {
    const runs = [
      run(1, { maxDrawdown: -0.5, volatility: 0.1, trades: 9 }),
      run(1, { maxDrawdown: -0.1, volatility: 0.2, trades: 1 }),
    ];
    expect(bestOf("maxDrawdown", runs)).toEqual([false, true]);
    expect(bestOf("volatility", runs)).toEqual([true, false]);
    expect(bestOf("trades", runs)).toEqual([false, false]);
  });

  test("judges dollars only where the runs began with the same sum", () => {
    expect(bestOf("finalEquity", [run(1, { finalEquity: 5 }), run(1, { finalEquity: 7 })])).toEqual([false, true]);
    expect(bestOf("finalEquity", [run(1, { finalEquity: 5 }), run(2, { finalEquity: 7 })])).toEqual([false, false]);
  });
});

test("commonRange is what all ranges share", () => {
  expect(
    commonRange([
      { from: "2020-01-01", to: "2020-06-30" },
      { from: "2020-03-01", to: "2020-12-31" },
    ]),
  ).toEqual({
    from: "2020-03-01",
    to: "2020-06-30",
  });
  expect(
    commonRange([
      { from: "2020-01-01", to: "2020-02-01" },
      { from: "2020-03-01", to: "2020-12-31" },
    ]),
  ).toBeNull();
});

test("rebase lets every run begin at 1, on the sessions of all", () => {
  const curves = rebase([
    { name: "a", dates: ["2020-01-01", "2020-01-03"], equity: [200, 300] },
    { name: "b", dates: ["2020-01-02", "2020-01-03", "2020-01-04"], equity: [10, 5, 20] },
    { name: "none", dates: [], equity: [] },
  ]);
  expect(curves).toEqual({
    dates: ["2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04"],
    lines: [
      { name: "a", values: [1, 1, 1.5, null] },
      { name: "b", values: [null, 1, 0.5, 2] },
      { name: "none", values: [null, null, null, null] },
    ],
  });
});
