import { describe, expect, test } from "bun:test";
import { simulate } from "../../../server/backtest/engine.ts";
import { sharesOfDay } from "../../../server/backtest/shares.ts";
import { barsOf, commission, settingsWith, targetsOf } from "./support.ts";

/** Bars from quoted prices and what one share became at each session; told split-adjusted, as they are published. */
function quoted(
  prices: readonly number[],
  splits: Record<number, number> = {},
  options: { dividends?: number[] } = {},
) {
  let factor = 1;
  const splitFactor = prices.map(() => 1);
  for (let session = prices.length - 1; session >= 0; session--) {
    splitFactor[session] = factor;
    factor /= splits[session] ?? 1;
  }
  const adjusted = (price: number, session: number) => price * (splitFactor[session] ?? 1);
  return barsOf({
    close: prices.map(adjusted),
    dividends: (options.dividends ?? prices.map(() => 0)).map(adjusted),
    splitFactor,
  });
}

const sharesHeld = (bars: ReturnType<typeof quoted>, shares: Float64Array) =>
  [...shares].map((held, session) => sharesOfDay(held, bars.splitFactor[session] ?? 1));

describe("before splits, an order", () => {
  // 301.21 dollars a share, of which each became 4, and then 10: adjusted it is 7.53.
  const grown = quoted([301.21, 301.21, 76, 7.7], { 2: 4, 3: 10 });

  test("pays by the shares of its day: 33.2 of them, and not the 1,328 that they are today", () => {
    const run = simulate(
      grown,
      targetsOf(1, 1, 1, 1),
      settingsWith({ capital: 10_000, commission: commission({ perShare: 0.005 }) }),
    );
    expect(run.commission).toBeCloseTo((10_000 / 301.215) * 0.005, 10);
  });

  test("and pays for more of them after the split", () => {
    const run = simulate(
      grown,
      targetsOf(1, 1, 0, 0),
      settingsWith({ capital: 3012.1, fractional: false, commission: commission({ perShare: 0.01 }) }),
    );
    // 9 shares, as 10 would cost 3012.20; 9 × 4 × 10 are sold.
    expect(sharesHeld(grown, run.shares)).toEqual([0, 9, 36, 0]);
    expect(run.commission).toBeCloseTo(9 * 0.01 + 360 * 0.01, 10);
  });

  test("of a number of shares is of those that were traded", () => {
    const settings = settingsWith({ capital: 10_000, sizing: { kind: "shares", shares: 20 } });
    expect(sharesHeld(grown, simulate(grown, targetsOf(1, 1, 1, 1), settings).shares)).toEqual([0, 20, 80, 800]);
  });
});

describe("before reverse splits, whole shares", () => {
  test("can be bought, though one of today costs more than there is", () => {
    // 1 for 25, then 1 for 300: adjusted, 2 dollars are 15,000.
    const shrunk = quoted([2, 2, 60, 60, 15_000], { 2: 1 / 25, 4: 1 / 300 });
    const run = simulate(shrunk, targetsOf(1, 1, 1, 1, 1), settingsWith({ capital: 10_000, fractional: false }));
    expect(run.trades[0]?.entrySession).toBe(1);
    // 5000 became 200, which are two thirds of one: paid out at 60, the close before.
    expect(sharesHeld(shrunk, run.shares)).toEqual([0, 5000, 200, 200, 0]);
    expect([...run.cash]).toEqual([10_000, 0, 0, 0, 12_000]);
    expect(run.trades[0]?.exit).toMatchObject({ session: 4, reason: "cash_in_lieu", profit: 2000 });
  });

  test("leave parts of a share, which are settled at the close before, and stand in the trade's profit", () => {
    const shrunk = quoted([10, 10, 12, 40, 50, 50], { 3: 1 / 4 });
    const run = simulate(shrunk, targetsOf(1, 1, 1, 1, 0, 0), settingsWith({ capital: 105, fractional: false }));
    // 10 shares became 2 and a half; 0.5 × 4 × 12 dollars are paid, and 2 sold at 50.
    expect(sharesHeld(shrunk, run.shares)).toEqual([0, 10, 10, 2, 2, 0]);
    expect([...run.cash]).toEqual([105, 5, 5, 29, 29, 129]);
    expect(run.trades[0]).toMatchObject({ shares: 2.5, settledAtSplits: 0.5, exit: { profit: 24, reason: "signal" } });
  });

  test("are bought back in part by who is short", () => {
    const shrunk = quoted([10, 10, 12, 40, 50, 50], { 3: 1 / 4 });
    const settings = settingsWith({ capital: 105, fractional: false, side: "long_short" });
    const run = simulate(shrunk, targetsOf(-1, -1, -1, -1, 0, 0), settings);
    expect(sharesHeld(shrunk, run.shares)).toEqual([0, -10, -10, -2, -2, 0]);
    expect([...run.cash]).toEqual([105, 205, 205, 181, 181, 81]);
    expect(run.trades[0]?.exit).toMatchObject({ profit: -24 });
  });

  test("are held in parts where parts of shares are traded", () => {
    const shrunk = quoted([10, 10, 12, 40, 50, 50], { 3: 1 / 4 });
    const run = simulate(shrunk, targetsOf(1, 1, 1, 1, 1, 1), settingsWith({ capital: 105 }));
    expect(sharesHeld(shrunk, run.shares).slice(2, 4)).toEqual([10.5, 2.625]);
    expect(run.trades[0]?.settledAtSplits).toBeUndefined();
  });
});

test("a share that is worth trillions of today's dollars is filled like any other", () => {
  const shrunk = quoted([0.9, 0.9, 0.8, 0.8 * 1.5e13], { 3: 1 / 1.5e13 });
  const run = simulate(shrunk, targetsOf(1, 1, 0, 0), settingsWith({ capital: 1000, fractional: false }));
  expect(sharesHeld(shrunk, run.shares).slice(0, 3)).toEqual([0, 1111, 1111]);
});

test("a dividend on the day of a split is paid on the new shares", () => {
  const grown = quoted([100, 100, 50], { 2: 2 }, { dividends: [0, 0, 1] });
  const run = simulate(grown, targetsOf(1, 1, 1), settingsWith({ capital: 1000 }));
  expect(run.dividends).toBe(20);
});
