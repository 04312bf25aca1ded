import { describe, expect, test } from "bun:test";
import { simulate } from "../../../server/backtest/engine.ts";
import type { Settings } from "../../../server/backtest/types.ts";
import { barsOf, commission, settingsWith, targetsOf } from "./support.ts";

const stops = (changes: Partial<Settings["stops"]>): Settings["stops"] => ({
  loss: null,
  profit: null,
  trailing: null,
  ...changes,
});

/** One bar a row: open, high, low, close. */
const barsFrom = (...rows: [open: number, high: number, low: number, close: number][]) =>
  barsOf({
    open: rows.map((row) => row[0]),
    high: rows.map((row) => row[1]),
    low: rows.map((row) => row[2]),
    close: rows.map((row) => row[3]),
  });

const quiet = (price: number): [number, number, number, number] => [price, price, price, price];

const long = (bars: ReturnType<typeof barsFrom>, chosen: Partial<Settings["stops"]>, changes: Partial<Settings> = {}) =>
  simulate(
    bars,
    Int8Array.from(bars.close, () => 1),
    settingsWith({ stops: stops(chosen), ...changes }),
  );

const short = (bars: ReturnType<typeof barsFrom>, chosen: Partial<Settings["stops"]>) =>
  simulate(
    bars,
    Int8Array.from(bars.close, () => -1),
    settingsWith({ stops: stops(chosen), side: "long_short" }),
  );

describe("a stop loss", () => {
  test("fills at its price where the bar passes it after the open", () => {
    // Bought at 100: 10 shares; the stop is at 90.
    const run = long(barsFrom(quiet(100), quiet(100), [98, 99, 85, 95], quiet(95)), { loss: 0.1 });
    expect(run.trades[0]?.exit).toEqual({ session: 2, price: 90, profit: -100, return: -0.1, reason: "stop_loss" });
    expect([...run.equity]).toEqual([1000, 1000, 900, 900]);
    expect([...run.shares]).toEqual([0, 10, 0, 0]);
  });

  test("fills at the open where a gap has passed it", () => {
    const run = long(barsFrom(quiet(100), quiet(100), [80, 95, 78, 95], quiet(95)), { loss: 0.1 });
    expect(run.trades[0]?.exit).toMatchObject({ session: 2, price: 80, reason: "stop_loss" });
    expect(run.equity.at(-1)).toBe(800);
  });

  test("is reached by a low that equals it, and by none above it", () => {
    const reached = (low: number) => long(barsFrom(quiet(100), quiet(100), [95, 95, low, 95]), { loss: 0.1 }).trades[0];
    expect(reached(90)?.exit?.price).toBe(90);
    expect(reached(90.01)?.exit).toBeNull();
  });

  test("holds in the entry's own bar, whose open comes first", () => {
    const run = long(barsFrom(quiet(100), [100, 101, 88, 99], quiet(99)), { loss: 0.1 });
    expect(run.trades[0]).toMatchObject({ entrySession: 1, exit: { session: 1, price: 90 } });
    expect(run.sessionsHeld).toBe(1);
  });

  test("does nothing where the strategy leaves at the open of that bar", () => {
    const bars = barsFrom(quiet(100), quiet(100), [98, 99, 85, 95]);
    const run = simulate(bars, targetsOf(1, 0, 0), settingsWith({ stops: stops({ loss: 0.1 }) }));
    expect(run.trades[0]?.exit).toMatchObject({ price: 98, reason: "signal" });
  });

  test("of a short is above its entry", () => {
    // Sold 10 at 100; bought back at 110: cash 2000 - 1100.
    const run = short(barsFrom(quiet(100), quiet(100), [105, 112, 104, 106], quiet(106)), { loss: 0.1 });
    expect(run.trades[0]?.exit?.price).toBeCloseTo(110, 12);
    expect(run.trades[0]?.exit?.reason).toBe("stop_loss");
    expect(run.equity.at(-1)).toBeCloseTo(900, 10);
    const gap = short(barsFrom(quiet(100), quiet(100), [130, 131, 104, 106]), { loss: 0.1 });
    expect(gap.trades[0]?.exit?.price).toBe(130);
  });

  test("pays commission, and slippage below its price", () => {
    const run = long(
      barsFrom(quiet(100), quiet(100), [98, 99, 85, 95]),
      { loss: 0.1 },
      {
        sizing: { kind: "shares", shares: 5 },
        slippage: { bps: 100 },
        commission: commission({ perOrder: 2 }),
      },
    );
    // Bought at 101; the stop at 90.9 is sold at 89.991.
    expect(run.trades[0]?.exit?.price).toBeCloseTo(89.991, 12);
    expect(run.commission).toBe(4);
    expect(run.costs).toBeCloseTo(4 + 5 * 1 + 5 * 0.909, 12);
    expect(run.equity.at(-1)).toBeCloseTo(1000 - 505 - 2 + 449.955 - 2, 10);
  });
});

describe("a dividend", () => {
  test("moves no stop", () => {
    // The price falls by the 9 that are paid out, and the stop at 90 is not 81 for it.
    const rows = barsFrom(quiet(100), quiet(100), [91, 91, 89, 90], quiet(90));
    const bars = { ...rows, dividends: Float64Array.from([0, 0, 9, 0]) };
    const run = long(bars, { loss: 0.1 });
    expect(run.trades[0]?.exit).toMatchObject({ session: 2, price: 90, profit: -100 + 90, reason: "stop_loss" });
    expect(run.equity.at(-1)).toBe(990);
  });
});

describe("a take profit", () => {
  test("fills at its price where the bar passes it after the open", () => {
    const run = long(barsFrom(quiet(100), quiet(100), [110, 130, 109, 112], quiet(112)), { profit: 0.25 });
    expect(run.trades[0]?.exit).toEqual({ session: 2, price: 125, profit: 250, return: 0.25, reason: "take_profit" });
    expect(run.equity.at(-1)).toBe(1250);
  });

  test("fills at the open where a gap has passed it", () => {
    const run = long(barsFrom(quiet(100), quiet(100), [140, 141, 100, 112]), { profit: 0.25 });
    expect(run.trades[0]?.exit).toMatchObject({ price: 140, reason: "take_profit" });
  });

  test("of a short is below its entry, and is never reached from 1 on", () => {
    const bars = barsFrom(quiet(100), quiet(100), [90, 90, 70, 80]);
    expect(short(bars, { profit: 0.25 }).trades[0]?.exit).toMatchObject({ price: 75, reason: "take_profit" });
    expect(short(bars, { profit: 1 }).trades[0]?.exit).toBeNull();
  });
});

describe("a stop loss and a take profit in one bar", () => {
  test("fill the stop, as the order within the bar is not known", () => {
    const wide = barsFrom(quiet(100), quiet(100), [100, 130, 80, 120]);
    expect(long(wide, { loss: 0.1, profit: 0.1 }).trades[0]?.exit).toMatchObject({ price: 90, reason: "stop_loss" });
    expect(short(wide, { loss: 0.1, profit: 0.1 }).trades[0]?.exit?.reason).toBe("stop_loss");
  });

  test("fill the profit that the open has reached, as the open came first", () => {
    const gap = barsFrom(quiet(100), quiet(100), [115, 130, 80, 120]);
    expect(long(gap, { loss: 0.1, profit: 0.1 }).trades[0]?.exit).toMatchObject({ price: 115, reason: "take_profit" });
  });
});

describe("a trailing stop", () => {
  test("follows the highest high up to the bar before", () => {
    // Bought at 100, then a high of 150: the stop is at 120 from the next bar on.
    const run = long(barsFrom(quiet(100), quiet(100), [110, 150, 110, 140], [130, 131, 119, 125], quiet(125)), {
      trailing: 0.2,
    });
    expect(run.trades[0]?.exit).toMatchObject({ session: 3, price: 120, reason: "trailing_stop" });
  });

  test("is not drawn up by the bar that reaches it", () => {
    // The high of 150 and the low of 115 are of one bar: 120 is not known to have come after 150.
    const run = long(barsFrom(quiet(100), quiet(100), [110, 150, 115, 140], quiet(140)), { trailing: 0.2 });
    expect(run.trades[0]?.exit).toBeNull();
  });

  test("starts at the entry price, and never falls", () => {
    const bars = barsFrom(quiet(100), [100, 100, 95, 95], [90, 92, 88, 90], [90, 90, 79, 85]);
    expect(long(bars, { trailing: 0.2 }).trades[0]?.exit).toMatchObject({ session: 3, price: 80 });
  });

  test("fills at the open where a gap has passed it", () => {
    const run = long(barsFrom(quiet(100), [100, 150, 100, 150], [100, 110, 95, 100]), { trailing: 0.2 });
    expect(run.trades[0]?.exit).toMatchObject({ price: 100, reason: "trailing_stop" });
  });

  test("of a short follows the lowest low", () => {
    const run = short(barsFrom(quiet(100), quiet(100), [90, 90, 50, 52], [52, 61, 51, 55]), { trailing: 0.2 });
    expect(run.trades[0]?.exit).toMatchObject({ session: 3, price: 60, reason: "trailing_stop" });
  });

  test("is told by the one of two stops that is nearer to the price", () => {
    const bars = barsFrom(quiet(100), [100, 120, 100, 120], [110, 110, 80, 100]);
    expect(long(bars, { loss: 0.1, trailing: 0.2 }).trades[0]?.exit).toMatchObject({
      price: 96,
      reason: "trailing_stop",
    });
    expect(long(bars, { loss: 0.01, trailing: 0.2 }).trades[0]?.exit).toMatchObject({ price: 99, reason: "stop_loss" });
  });
});

describe("after a stop", () => {
  const bars = barsFrom(quiet(100), quiet(100), [100, 100, 80, 100], ...Array.from({ length: 4 }, () => quiet(100)));
  const entries = (side: Settings["side"], ...targets: number[]) =>
    simulate(bars, targetsOf(...targets), settingsWith({ side, stops: stops({ loss: 0.1 }) })).trades.map(
      ({ entrySession, shares }) => [entrySession, Math.sign(shares)],
    );

  test("the position is not entered again while the strategy wants the same", () => {
    expect(entries("long", 1, 1, 1, 1, 1, 1, 1)).toEqual([[1, 1]]);
  });

  test("it is, once the strategy has wanted nothing and wants it anew", () => {
    expect(entries("long", 1, 1, 0, 1, 1, 1, 1)).toEqual([
      [1, 1],
      [4, 1],
    ]);
  });

  test("the opposite may be entered at the next open, and then the same again", () => {
    expect(entries("long_short", 1, 1, -1, 1, 1, 1, 1)).toEqual([
      [1, 1],
      [3, -1],
      [4, 1],
    ]);
  });

  test("a change that falls into a session without trading counts", () => {
    const paused = { ...bars, volume: Float64Array.from([9, 9, 9, 0, 9, 9, 9]) };
    const run = simulate(paused, targetsOf(1, 1, 0, 1, 1, 1, 1), settingsWith({ stops: stops({ loss: 0.1 }) }));
    expect(run.trades.map((trade) => trade.entrySession)).toEqual([1, 4]);
  });
});

describe("a session in which nothing was traded", () => {
  test("fills no order: it waits for the next one", () => {
    const bars = { ...barsFrom(quiet(10), quiet(20), quiet(25), quiet(30)), volume: Float64Array.from([9, 0, 9, 9]) };
    expect(simulate(bars, targetsOf(1, 1, 1, 1), settingsWith()).trades).toMatchObject([
      { entrySession: 2, entryPrice: 25 },
    ]);
  });

  test("reaches no stop", () => {
    const rows = barsFrom(quiet(100), quiet(100), [80, 80, 80, 80], quiet(85));
    const run = long({ ...rows, volume: Float64Array.from([9, 9, 0, 9]) }, { loss: 0.1 });
    expect(run.trades[0]?.exit).toMatchObject({ session: 3, price: 85 });
  });

  test("moves no trailing stop", () => {
    const rows = barsFrom(quiet(100), quiet(100), [100, 200, 100, 100], [100, 100, 90, 95]);
    expect(long({ ...rows, volume: Float64Array.from([9, 9, 0, 9]) }, { trailing: 0.2 }).trades[0]?.exit).toBeNull();
    expect(long(rows, { trailing: 0.2 }).trades[0]?.exit).toMatchObject({ session: 3, price: 100 });
  });
});

describe("a delisting", () => {
  const rows = [quiet(100), quiet(100), [110, 120, 105, 108]] as [number, number, number, number][];

  test("pays out at the last close what is still held, without an order", () => {
    const bars = { ...barsFrom(...rows), delisted: true };
    const charged = { slippage: { bps: 100 }, commission: commission({ perOrder: 1 }) };
    const run = simulate(bars, targetsOf(1, 1, 1), settingsWith({ sizing: { kind: "shares", shares: 5 }, ...charged }));
    expect(run.trades[0]?.exit).toMatchObject({ session: 2, price: 108, reason: "delisted" });
    // Bought for 505 and 1; paid out 540.
    expect(run.equity.at(-1)).toBe(1034);
    expect(run.shares.at(-1)).toBe(0);
    expect(run.commission).toBe(1);
  });

  test("has a short buy back at the last close", () => {
    const bars = { ...barsFrom(...rows), delisted: true };
    const run = simulate(bars, targetsOf(-1, -1, -1), settingsWith({ side: "long_short" }));
    expect(run.trades[0]?.exit).toMatchObject({ price: 108, profit: -80, reason: "delisted" });
  });

  test("comes after what the last bar's open and range did", () => {
    const bars = { ...barsFrom(...rows), delisted: true };
    expect(simulate(bars, targetsOf(1, 0, 0), settingsWith()).trades[0]?.exit).toMatchObject({ price: 110 });
    expect(long(bars, { profit: 0.125 }).trades[0]?.exit).toMatchObject({ price: 112.5, reason: "take_profit" });
  });

  test("leaves a position open where the ticker only is not read further", () => {
    expect(simulate(barsFrom(...rows), targetsOf(1, 1, 1), settingsWith()).trades[0]?.exit).toBeNull();
  });
});
