import { describe, expect, test } from "bun:test";
import { sampleBars } from "../../../server/backtest/checks/sample-bars.ts";
import {
  deviation,
  exponentialAverage,
  highest,
  keepIndicators,
  lowest,
  relativeStrength,
  simpleAverage,
} from "../../../server/backtest/indicators.ts";

const values = (...numbers: number[]) => Float64Array.from(numbers);
const cold = Number.NaN;

describe("a simple average", () => {
  test("is the mean of its window, and nothing before the window is full", () => {
    expect([...simpleAverage(values(1, 2, 6, 4), 3)]).toEqual([cold, cold, 3, 4]);
  });

  test("of one session is the value", () => {
    expect([...simpleAverage(values(1, 2, 6), 1)]).toEqual([1, 2, 6]);
  });

  test("never gets warm on less than a window", () => {
    expect([...simpleAverage(values(1, 2), 3)]).toEqual([cold, cold]);
  });
});

describe("a deviation", () => {
  test("divides by n", () => {
    // Mean 5; squares 9, 1, 1, 1, 0, 0, 4, 16; their mean is 4.
    expect(deviation(values(2, 4, 4, 4, 5, 5, 7, 9), 8)[7]).toBe(2);
  });

  test("of a flat price is zero", () => {
    expect(deviation(values(3, 3, 3), 3)[2]).toBe(0);
  });
});

describe("an exponential average", () => {
  test("begins with the simple average and moves by 2 / (period + 1)", () => {
    // Begins at (2 + 4) / 2 = 3; weight 2/3: 3 + 2/3 × 6 = 7; 7 + 2/3 × (1 - 7) = 3.
    expect([...exponentialAverage(values(2, 4, 9, 1), 2)]).toEqual([cold, 3, 7, 3]);
  });

  test("warms up after what it averages", () => {
    expect([...exponentialAverage(values(cold, cold, 2, 4, 9), 2)]).toEqual([cold, cold, cold, 3, 7]);
  });

  test("never gets warm on less than a period", () => {
    expect([...exponentialAverage(values(cold, 2), 2)]).toEqual([cold, cold]);
  });
});

describe("the relative strength index", () => {
  test("is the gains' part of all moves in its rolling window", () => {
    // Changes +3, -1, +1, -1. Windows of two: 3/4; 1/2; 1/2.
    expect([...relativeStrength(values(10, 13, 12, 13, 12), 2)]).toEqual([cold, cold, 75, 50, 50]);
  });

  test("forgets what left the window, as Wilder's does not", () => {
    const recent = [50, 51, 50, 52];
    const last = (...before: number[]) => relativeStrength(values(...before, ...recent), 3).at(-1);
    expect(last(1, 50)).toBe(last(99, 50));
  });

  test("is 100 without a loss, 0 without a gain, 50 where nothing moves", () => {
    expect(relativeStrength(values(1, 2, 3), 2)[2]).toBe(100);
    expect(relativeStrength(values(3, 2, 1), 2)[2]).toBe(0);
    expect(relativeStrength(values(0.1, 0.1, 0.1), 2)[2]).toBe(50);
  });
});

describe("the extremes", () => {
  test("are those of the window, this session included", () => {
    expect([...highest(values(1, 3, 2, 1), 2)]).toEqual([cold, 3, 3, 2]);
    expect([...lowest(values(1, 3, 2, 5), 2)]).toEqual([cold, 1, 2, 2]);
  });
});

describe("a column that is kept", () => {
  const indicators = { simpleAverage, deviation, exponentialAverage, relativeStrength, highest, lowest };
  const { close } = sampleBars(300);

  test.each(Object.entries(indicators))("has the same %s, to the last digit, as one that is not", (_, indicator) => {
    const column = close.slice();
    keepIndicators(column);
    for (const window of [1, 2, 20, 299, 400]) {
      for (const _again of [1, 2]) expect([...indicator(column, window)]).toEqual([...indicator(close, window)]);
    }
  });

  test("has each indicator once for each window", () => {
    const column = close.slice();
    keepIndicators(column);
    const first = simpleAverage(column, 20);
    expect(simpleAverage(column, 20)).toBe(first);
    expect(simpleAverage(column, 21)).not.toBe(first);
    expect(highest(column, 20)).not.toBe(first);
    expect(simpleAverage(close, 20)).not.toBe(simpleAverage(close, 20));
  });

  test("keeps no more than it may, and goes on", () => {
    const column = new Float64Array(1_000_000).fill(1);
    keepIndicators(column);
    const first = highest(column, 1);
    for (let window = 2; window < 9; window++) highest(column, window);
    expect(highest(column, 1)).not.toBe(first);
    expect(highest(column, 1)).toEqual(first);
  });
});
