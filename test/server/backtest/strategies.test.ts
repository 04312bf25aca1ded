import { describe, expect, test } from "bun:test";
import { barsOf, configure } from "./support.ts";

const signals = (id: string, parameters: Record<string, number>, columns: Parameters<typeof barsOf>[0]) => [
  ...configure(id, parameters).signals(barsOf(columns)),
];

describe("momentum", () => {
  const parameters = { shortWindow: 1, longWindow: 2, rsiPeriod: 2, rsiOverbought: 80 };

  test("is long while the short average is above the long one and the index below the ceiling", () => {
    // Session 2 up 2 after down 1: RSI 66.7, long. 3 up 8: RSI 100, over the ceiling. 4 down: falling, RSI 72.7 > 20, short.
    const close = [10, 9, 11, 19, 16, 16];
    expect(signals("momentum", parameters, { close })).toEqual([0, 0, 1, 0, -1, 0]);
  });

  test("is not short where the index is at the floor", () => {
    expect(signals("momentum", parameters, { close: [10, 9, 8, 7] })).toEqual([0, 0, 0, 0]);
  });

  test("takes an index exactly at the ceiling for overbought", () => {
    // Changes -1, +4: RSI 80.
    expect(signals("momentum", parameters, { close: [10, 9, 13] })).toEqual([0, 0, 0]);
    expect(signals("momentum", { ...parameters, rsiOverbought: 81 }, { close: [10, 9, 13] })).toEqual([0, 0, 1]);
  });

  test("gives no signal on a flat price, whatever its averages round to", () => {
    const close = Array.from({ length: 120 }, () => 10.1);
    expect(new Set(signals("momentum", {}, { close }))).toEqual(new Set([0]));
  });

  test("waits for its slowest indicator", () => {
    expect(configure("momentum").warmup).toBe(49);
    expect(configure("momentum", { shortWindow: 2, longWindow: 5 }).warmup).toBe(14);
  });
});

describe("mean reversion", () => {
  const parameters = { window: 3, deviations: 1 };

  test("buys below the lower band and sells at the middle", () => {
    // Session 3: 10, 10, 7: mean 9, deviation 1.41, 7 is below 7.59. 4: 10, 7, 8: mean 8.33, held. 5: 7, 8, 9: above 8, and over 8.82: out.
    expect(signals("mean_reversion", parameters, { close: [10, 10, 10, 7, 8, 9] })).toEqual([0, 0, 0, 1, 1, -1]);
  });

  test("holds until a close at the middle, and no longer", () => {
    // Session 3 buys as above; then 7.5 with 10, 7: mean 8.17; then 7.25 with 7, 7.5: mean 7.25, at the middle.
    expect(signals("mean_reversion", parameters, { close: [10, 10, 10, 7, 7.5, 7.25] })).toEqual([0, 0, 0, 1, 1, 0]);
  });

  test("gives no signal on a flat price", () => {
    expect(signals("mean_reversion", parameters, { close: [10.1, 10.1, 10.1, 10.1] })).toEqual([0, 0, 0, 0]);
  });
});

describe("MACD", () => {
  test("is long above its signal line and short below", () => {
    // Fast 1, slow 2 (weight 2/3), signal 2. Slow: -, 10, 11.33, 13.78, 11.26; line: -, 0, 0.67, 1.22, -1.26;
    // signal: -, -, 0.33, 0.93, -0.53.
    const close = [10, 10, 12, 15, 10];
    expect(signals("macd", { fast: 1, slow: 2, signal: 2 }, { close })).toEqual([0, 0, 1, 1, -1]);
  });

  test("waits for the signal line", () => {
    expect(configure("macd").warmup).toBe(33);
  });
});

describe("RSI", () => {
  test("is long from oversold until overbought", () => {
    // Windows of two: session 2 RSI 0; 3: 1 of 2, 50; 4: 100; 5: 2 of 3, 66.7.
    const close = [10, 9, 8, 9, 11, 10];
    expect(signals("rsi", { period: 2, oversold: 30, overbought: 70 }, { close })).toEqual([0, 0, 1, 1, -1, -1]);
  });
});

describe("Donchian", () => {
  test("enters above the highest high before, leaves below the lowest low before", () => {
    const high = [10, 11, 11, 14, 14, 12, 12];
    const low = [9, 9, 10, 11, 12, 10, 10];
    // 12 breaks the 11 of two sessions; 13 holds; 11.5 is below the 12 of the session before, and not below the 11 of two.
    const close = [9.5, 10, 11, 12, 13, 11.5, 11];
    expect(signals("donchian", { entry: 2, exit: 1 }, { close, high, low })).toEqual([0, 0, 0, 1, 1, 0, 0]);
  });

  test("takes a close at the highest high for no breakout", () => {
    expect(signals("donchian", { entry: 2, exit: 2 }, { close: [10, 10, 10, 11] })).toEqual([0, 0, 0, 1]);
  });
});

describe("buy and hold", () => {
  test("is long from the first session", () => {
    expect(signals("buy_and_hold", {}, { close: [3, 2, 1] })).toEqual([1, 1, 1]);
  });
});
