import { describe, expect, test } from "bun:test";
import type { Bars } from "../../../../server/backtest/types.ts";
import { heldEquity } from "../../../../server/research/backtests/benchmark.ts";

/** Bars of which only dates, closes and dividends are looked at. */
function bars(closes: Record<string, number>, paid: Record<string, number> = {}): Bars {
  const dates = Object.keys(closes);
  const close = Float64Array.from(Object.values(closes));
  return {
    ...{ dates, open: close, high: close, low: close, close, volume: close, delisted: false },
    splitFactor: new Float64Array(dates.length).fill(1),
    dividends: Float64Array.from(dates, (date) => paid[date] ?? 0),
  };
}

describe("a benchmark", () => {
  test("is bought at the close of the first session with all of the capital", () => {
    const held = heldEquity(
      bars({ "2024-01-02": 50, "2024-01-03": 55, "2024-01-04": 40 }),
      ["2024-01-02", "2024-01-03", "2024-01-04"],
      1000,
    );
    expect([...held]).toEqual([1000, 1100, 800]);
  });

  test("is worth its last close in sessions that it has no bar of, before the first one too", () => {
    const halted = bars({ "2023-12-29": 50, "2024-01-03": 60, "2024-01-05": 75 });
    const held = heldEquity(halted, ["2024-01-02", "2024-01-03", "2024-01-04", "2024-01-05"], 100);
    expect([...held]).toEqual([100, 120, 120, 150]);
  });

  test("moves over sessions that the run has no bar of", () => {
    const market = bars({ "2024-01-02": 10, "2024-01-03": 99, "2024-01-04": 12 });
    expect([...heldEquity(market, ["2024-01-02", "2024-01-04"], 10)]).toEqual([10, 12]);
  });

  test("keeps its dividends as cash, those after the first session only", () => {
    const paying = bars(
      { "2023-12-29": 10, "2024-01-02": 10, "2024-01-03": 9, "2024-01-04": 9, "2024-01-05": 8 },
      { "2023-12-29": 5, "2024-01-02": 5, "2024-01-03": 1, "2024-01-04": 2 },
    );
    // That of 4 January, on which the run has no session, is there in the next.
    expect([...heldEquity(paying, ["2024-01-02", "2024-01-03", "2024-01-05"], 100)]).toEqual([100, 100, 110]);
  });
});
