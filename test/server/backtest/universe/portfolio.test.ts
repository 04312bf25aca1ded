import { describe, expect, test } from "bun:test";
import { simulatePortfolio } from "../../../../server/backtest/universe/portfolio.ts";
import type { HeldBars, Selection } from "../../../../server/backtest/universe/types.ts";
import { heldBars, portfolioWith } from "./support.ts";

const run = (
  length: number,
  wanted: Record<number, number[]>,
  bars: HeldBars[],
  settings: Parameters<typeof portfolioWith>[0] = {},
) => {
  const selections: Selection[] = Object.entries(wanted).map(([session, tickers]) => ({
    session: Number(session),
    tickers,
  }));
  return simulatePortfolio(length, selections, new Map(bars.entries()), portfolioWith(settings));
};

describe("a portfolio", () => {
  test("buys at the open after the selection, in equal parts, and is valued at the close", () => {
    const result = run(3, { 0: [0, 1] }, [
      heldBars([9, 12, 13], { open: [9, 10, 12] }),
      heldBars([50, 45, 40], { open: [50, 50, 44] }),
    ]);
    // 500 each: 50 shares at 10, 10 shares at 50. Closes: 50 × 12 + 10 × 45; 50 × 13 + 10 × 40.
    expect([...result.equity]).toEqual([1000, 1050, 1050]);
    expect([...result.cash]).toEqual([1000, 0, 0]);
    expect([...result.shares]).toEqual([0, 2, 2]);
    const splitFactors = { entry: 1, exit: null };
    expect(result.trades).toEqual([
      { ticker: 0, entrySession: 1, entryPrice: 10, shares: 50, splitFactors, exit: null },
      { ticker: 1, entrySession: 1, entryPrice: 50, shares: 10, splitFactors, exit: null },
    ]);
    expect(result.traded).toBe(1000);
    expect(result.sessionsHeld).toBe(2);
  });

  test("is brought back to equal parts at each rebalance, and sells what is no longer wanted", () => {
    const result = run(5, { 0: [0, 1], 2: [0, 2] }, [
      heldBars([10, 10, 20, 20, 20]),
      heldBars([10, 10, 10, 10, 10]),
      heldBars([5, 5, 5, 5, 5]),
    ]);
    // 50 shares each of 10 dollars. At session 3 the equity is 50 × 20 + 50 × 10 = 1500: parts of 750. 37.5 shares of the first
    // remain, the second is sold, 150 of the third are bought.
    expect(result.equity.at(-1)).toBe(1500);
    expect(result.trades[0]).toMatchObject({ shares: 50, entryPrice: 10, exit: null });
    expect(result.trades[1]?.exit).toEqual({ session: 3, price: 10, profit: 0, return: 0, reason: "rebalance" });
    expect(result.trades[2]).toMatchObject({ ticker: 2, entrySession: 3, shares: 150, entryPrice: 5 });
    // 1000 bought; 250 + 500 sold, 750 bought.
    expect(result.traded).toBe(2500);
  });

  test("tells a trade by the averages of its purchases and of its sales", () => {
    const result = run(8, { 0: [0, 1], 2: [0, 1], 4: [0], 6: [] }, [
      heldBars([10, 10, 10, 10, 10, 10, 20, 20]),
      heldBars([10, 10, 30, 30, 30, 30, 30, 30]),
    ]);
    // 50 and 50 shares; at session 3 the equity is 2000, parts of 1000: 50 more of the first, 16.67 of the second sold. At 5 the rest of
    // the second is sold for 1000, and 100 more of the first are bought. At 7 all 200 are sold at 20.
    expect(result.trades[0]).toMatchObject({ ticker: 0, entrySession: 1, shares: 200, entryPrice: 10 });
    expect(result.trades[0]?.exit).toEqual({ session: 7, price: 20, profit: 2000, return: 1, reason: "rebalance" });
    expect(result.trades[1]?.exit?.price).toBeCloseTo(30, 10);
    expect(result.trades[1]?.exit?.profit).toBeCloseTo(1000, 10);
    expect(result.equity.at(-1)).toBeCloseTo(4000, 9);
  });

  test("cuts all purchases in proportion to what the cash pays for, costs included", () => {
    const result = run(2, { 0: [0, 1] }, [heldBars([10, 10]), heldBars([20, 20])], {
      commission: { bps: 100, perShare: 0, perOrder: 5 },
      slippage: { bps: 1000 },
    });
    // Orders of 50 shares at 11 and 25 at 22 cost 1100 and 11; with 10 for two orders, 990 is left for 1111: 99/111.1 of each.
    const part = 990 / 1111;
    expect(result.trades.map(({ shares }) => shares)).toEqual([50 * part, 25 * part]);
    expect(result.cash[1]).toBeCloseTo(0, 9);
    expect(result.commission).toBeCloseTo(10 + 11 * part, 9);
    expect(result.costs).toBeCloseTo(10 + 11 * part + 100 * part, 9);
  });

  test("buys whole shares where it is told to, and keeps the rest as cash", () => {
    const result = run(2, { 0: [0, 1] }, [heldBars([300, 300]), heldBars([7, 7])], { fractional: false });
    expect(result.trades.map(({ shares }) => shares)).toEqual([1, 71]);
    expect(result.cash[1]).toBe(1000 - 300 - 497);
  });

  test("invests the part that it is told to", () => {
    const result = run(2, { 0: [0] }, [heldBars([10, 10])], { fraction: 0.25 });
    expect(result.cash[1]).toBe(750);
  });

  test("closes what was delisted at its last price without costs, and keeps the cash until the next rebalance", () => {
    const result = run(
      6,
      { 0: [0, 1], 3: [1] },
      [heldBars([10, 10, 4, undefined, undefined, undefined], { delisted: true }), heldBars([10, 10, 10, 10, 10, 10])],
      { commission: { bps: 0, perShare: 0, perOrder: 1 } },
    );
    const shares = (500 * (998 / 1000)) / 10;
    expect(result.trades[0]?.exit).toEqual({
      session: 2,
      price: 4,
      profit: shares * 4 - shares * 10 - 1,
      return: (shares * 4 - shares * 10 - 1) / (shares * 10),
      reason: "delisted",
    });
    expect([...result.cash.slice(2)].map((cash) => Math.round(cash * 1e9) / 1e9)).toEqual([199.6, 199.6, 0, 0]);
    expect([...result.shares]).toEqual([0, 2, 1, 1, 1, 1]);
  });

  test("does not buy who is not traded in the next session, and leaves its part as cash", () => {
    const bars = [heldBars([10, undefined, 10]), heldBars([10, 10, 10]), heldBars([10, 10, 10], { open: [10, 0, 10] })];
    const result = run(3, { 0: [0, 1, 2] }, bars);
    expect(result.trades.map(({ ticker }) => ticker)).toEqual([1]);
    expect(result.cash[1]).toBeCloseTo(2000 / 3, 10);
  });

  test("sells who is not traded at the rebalance at its next open, and values it at the last close until then", () => {
    const result = run(6, { 0: [0], 2: [] }, [
      heldBars([10, 10, 12, undefined, undefined, 6], { open: [10, 10, 12, 0, 0, 7] }),
    ]);
    expect([...result.equity]).toEqual([1000, 1000, 1200, 1200, 1200, 700]);
    expect(result.trades[0]?.exit).toMatchObject({ session: 5, price: 7 });
  });

  test("pays dividends to who held at the close before", () => {
    const bars = [heldBars([10, 10, 10, 10], { dividends: [9, 9, 0.5, 0.25] })];
    const result = run(4, { 0: [0], 2: [] }, bars);
    // 100 shares bought at session 1, too late for its dividend; sold at the open of session 3, which pays who held before.
    expect([...result.cash]).toEqual([1000, 0, 50, 1075]);
    expect(result.trades[0]?.exit).toMatchObject({ profit: 75, return: 0.075 });
    expect(result.dividends).toBe(75);
  });

  test("has as much as it began with before anything is selected", () => {
    expect([...run(3, {}, []).equity]).toEqual([1000, 1000, 1000]);
  });
});
