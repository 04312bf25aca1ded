import { describe, expect, test } from "bun:test";
import { simulate } from "../../../server/backtest/engine.ts";
import { barsOf, commission, settingsWith, targetsOf } from "./support.ts";

describe("a fill", () => {
  const bars = barsOf({ open: [10, 20, 25, 50], close: [15, 24, 30, 40] });

  test("is at the open after the signal, and the position is worth its close", () => {
    const run = simulate(bars, targetsOf(1, 1, 0, 0), settingsWith());
    // 1000 / 20 = 50 shares at the second open; sold at the fourth for 50.
    expect(run.trades).toEqual([
      {
        entrySession: 1,
        entryPrice: 20,
        shares: 50,
        exit: { session: 3, price: 50, profit: 1500, return: 1.5, reason: "signal" },
      },
    ]);
    expect([...run.equity]).toEqual([1000, 1200, 1500, 2500]);
    expect([...run.cash]).toEqual([1000, 0, 0, 2500]);
    expect([...run.shares]).toEqual([0, 50, 50, 0]);
  });

  test("never happens for the last session's signal", () => {
    expect(simulate(bars, targetsOf(0, 0, 0, 1), settingsWith()).trades).toEqual([]);
  });

  test("leaves an open position at the last close, without an exit", () => {
    const run = simulate(bars, targetsOf(0, 0, 1, 1), settingsWith());
    expect(run.trades).toEqual([{ entrySession: 3, entryPrice: 50, shares: 20, exit: null }]);
    expect(run.equity.at(-1)).toBe(800);
  });

  test("counts the sessions of entry and exit as held", () => {
    expect(simulate(bars, targetsOf(1, 0, 0, 0), settingsWith()).sessionsHeld).toBe(2);
    expect(simulate(bars, targetsOf(1, 1, 1, 1), settingsWith()).sessionsHeld).toBe(3);
  });

  test("waits where a session has no price to trade at", () => {
    const broken = barsOf({ open: [10, 0, 25, 50], close: [15, 24, 30, 40] });
    expect(simulate(broken, targetsOf(1, 1, 1, 1), settingsWith()).trades[0]).toMatchObject({ entrySession: 2 });
  });
});

describe("the size of an entry", () => {
  const bars = barsOf({ close: [30, 30, 30] });
  const sharesWith = (changes: Parameters<typeof settingsWith>[0]) =>
    simulate(bars, targetsOf(1, 1, 1), settingsWith(changes)).shares[1];

  test("is a part of the equity", () => {
    expect(sharesWith({ sizing: { kind: "equity", fraction: 0.6 } })).toBe(20);
  });

  test("is a number of shares, cut down to what the cash pays for", () => {
    expect(sharesWith({ sizing: { kind: "shares", shares: 7 } })).toBe(7);
    expect(sharesWith({ sizing: { kind: "shares", shares: 100 }, capital: 900 })).toBe(30);
  });

  test("is an amount of cash, at most the cash there is", () => {
    expect(sharesWith({ sizing: { kind: "cash", cash: 300 } })).toBe(10);
    expect(sharesWith({ sizing: { kind: "cash", cash: 5000 }, capital: 900 })).toBe(30);
  });

  test("is rounded down to whole shares where parts are not traded", () => {
    expect(sharesWith({ fractional: false })).toBe(33);
    expect(sharesWith({ fractional: false, sizing: { kind: "shares", shares: 2.9 } })).toBe(2);
  });

  test("is whole where only rounding keeps it from that", () => {
    // 0.29 × 100 is 28.999999999999996.
    const dollar = barsOf({ close: [1, 1, 1] });
    const settings = settingsWith({ capital: 100, sizing: { kind: "equity", fraction: 0.29 }, fractional: false });
    expect(simulate(dollar, targetsOf(1, 1, 1), settings).shares[1]).toBe(29);
  });

  test("leaves room for the commission", () => {
    // 1000 = 5 + shares × (30 + 1.5 + 0.85) at 5 %, 0.85 a share and 5 an order.
    const charged = commission({ bps: 500, perShare: 0.85, perOrder: 5 });
    expect(sharesWith({ commission: charged })).toBeCloseTo(995 / 32.35, 12);
  });

  test("is tried again at the next open where one share costs more than there is", () => {
    const falling = barsOf({ close: [1200, 1200, 900, 900] });
    const run = simulate(falling, targetsOf(1, 1, 1, 1), settingsWith({ fractional: false }));
    expect([...run.shares]).toEqual([0, 0, 1, 1]);
  });

  test("is nothing where the commission takes all", () => {
    expect(sharesWith({ commission: commission({ perOrder: 1000 }) })).toBe(0);
  });
});

describe("costs", () => {
  const bars = barsOf({ close: [100, 100, 200, 200] });

  test("are charged on entry and exit", () => {
    const sizing = { kind: "shares", shares: 5 } as const;
    const charged = commission({ bps: 100, perShare: 0.1, perOrder: 2 });
    const run = simulate(bars, targetsOf(1, 0, 0, 0), settingsWith({ sizing, commission: charged }));
    // Bought for 500: 5 + 0.5 + 2. Sold for 1000 at the third open: 10 + 0.5 + 2.
    expect(run.costs).toBeCloseTo(20, 12);
    expect(run.traded).toBe(1500);
    expect(run.equity.at(-1)).toBeCloseTo(1480, 12);
    expect(run.trades[0]?.exit?.profit).toBeCloseTo(480, 12);
    expect(run.trades[0]?.exit?.return).toBeCloseTo(0.96, 12);
  });

  test("of slippage make both fills worse than the open", () => {
    const sizing = { kind: "shares", shares: 5 } as const;
    const run = simulate(bars, targetsOf(1, 0, 0, 0), settingsWith({ sizing, slippage: { bps: 100 } }));
    expect(run.trades[0]).toMatchObject({ entryPrice: 101, exit: { price: 198 } });
    expect(run.costs).toBeCloseTo(5 * 1 + 5 * 2, 12);
    expect(run.equity.at(-1)).toBeCloseTo(1485, 12);
  });

  test("of a sale are at most what the sale leaves", () => {
    const crash = barsOf({ close: [100, 100, 0.01, 0.01] });
    const run = simulate(crash, targetsOf(1, 0, 0, 0), settingsWith({ commission: commission({ perOrder: 100 }) }));
    expect(run.equity.at(-1)).toBe(0);
  });
});

describe("a short", () => {
  test("is not sold where only long positions are wanted", () => {
    const bars = barsOf({ close: [10, 10, 5] });
    expect(simulate(bars, targetsOf(-1, -1, -1), settingsWith()).trades).toEqual([]);
  });

  test("earns what the price falls, and counts negative shares", () => {
    const bars = barsOf({ close: [10, 10, 5, 5] });
    const run = simulate(bars, targetsOf(-1, -1, 0, 0), settingsWith({ side: "long_short" }));
    expect([...run.shares]).toEqual([0, -100, -100, 0]);
    expect([...run.cash]).toEqual([1000, 2000, 2000, 1500]);
    expect(run.trades[0]?.exit).toMatchObject({ price: 5, profit: 500, return: 0.5 });
  });

  test("pays slippage by selling lower and buying back higher", () => {
    const bars = barsOf({ close: [100, 100, 100] });
    const run = simulate(bars, targetsOf(-1, 0, 0), settingsWith({ side: "long_short", slippage: { bps: 100 } }));
    expect(run.trades[0]).toMatchObject({ entryPrice: 99, exit: { price: 101 } });
  });

  test("turns into a long position at one open, by two orders", () => {
    const bars = barsOf({ close: [10, 10, 8, 8] });
    const run = simulate(bars, targetsOf(-1, 1, 1, 1), settingsWith({ side: "long_short" }));
    expect([...run.shares]).toEqual([0, -100, 150, 150]);
    expect(run.trades.map(({ entrySession, exit }) => [entrySession, exit?.session])).toEqual([
      [1, 2],
      [2, undefined],
    ]);
  });

  test("is bought back once its margin is short, and not sold again until the target changes", () => {
    // 100 shares sold at 10: cash 2000. At 16: equity 400 of 1600, 25 %. Bought back at 17: 300 left.
    const bars = barsOf({ close: [10, 10, 16, 17, 10, 10, 10], open: [10, 10, 10, 17, 17, 10, 10] });
    const run = simulate(bars, targetsOf(-1, -1, -1, -1, 0, -1, -1), settingsWith({ side: "long_short" }));
    expect(run.trades[0]?.exit).toMatchObject({ session: 3, price: 17, reason: "margin" });
    expect([...run.shares]).toEqual([0, -100, -100, 0, 0, 0, -30]);
  });

  test("that a gap ruined leaves a debt, and nothing is entered on it", () => {
    const bars = barsOf({ close: [10, 10, 30, 30, 30, 30] });
    const run = simulate(bars, targetsOf(-1, -1, -1, 1, 1, 1), settingsWith({ side: "long_short" }));
    expect(run.equity.at(-1)).toBe(-1000);
    expect(run.trades).toHaveLength(1);
  });
});

describe("a dividend", () => {
  const bars = barsOf({ close: [10, 10, 10, 10], dividends: [7, 1, 2, 0] });

  test("is paid to who held at the close before, also when it is sold that day", () => {
    const run = simulate(bars, targetsOf(1, 0, 0, 0), settingsWith());
    // Entered on the ex-date of 1: not paid. Sold at the open of the ex-date of 2: paid.
    expect([...run.cash]).toEqual([1000, 0, 1200, 1200]);
    expect(run.trades[0]?.exit).toMatchObject({ profit: 200, return: 0.2 });
  });

  test("is paid by who is short", () => {
    const run = simulate(bars, targetsOf(-1, -1, -1, -1), settingsWith({ side: "long_short" }));
    expect(run.equity.at(-1)).toBe(800);
  });
});
