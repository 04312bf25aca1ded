import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { runBacktest } from "../../../server/backtest/backtest.ts";
import { simulate } from "../../../server/backtest/engine.ts";
import { tickerStrategies } from "../../../server/backtest/strategies/index.ts";
import { at } from "../../../server/backtest/strategy.ts";
import type { Bars, Settings, Simulation } from "../../../server/backtest/types.ts";
import { barsOf, commission, configured, settingsWith, wander } from "./support.ts";

const move = fc.double({ min: 0.6, max: 1.6, noNaN: true });

/** Bars with gaps overnight and moves by day, targets that want anything, now and then a dividend. */
const market = fc
  .array(
    fc.record({
      gap: move,
      day: move,
      target: fc.constantFrom(-1, 0, 1),
      dividend: fc.constantFrom(0, 0, 0, 0, 0.01),
    }),
    { minLength: 2, maxLength: 60 },
  )
  .map((sessions) => {
    let price = 50;
    const rows = sessions.map(({ gap, day, dividend }) => {
      const open = price * gap;
      price = open * day;
      return { open, close: price, dividend: dividend * open };
    });
    const bars = barsOf({
      open: rows.map((row) => row.open),
      close: rows.map((row) => row.close),
      dividends: rows.map((row) => row.dividend),
    });
    return { bars, targets: Int8Array.from(sessions, ({ target }) => target) };
  });

const bps = fc.integer({ min: 0, max: 300 });
const settings: fc.Arbitrary<Settings> = fc.record({
  capital: fc.constantFrom(10, 1000, 1e6),
  sizing: fc.oneof(
    fc.record({ kind: fc.constant("equity" as const), fraction: fc.double({ min: 0.01, max: 1, noNaN: true }) }),
    fc.record({ kind: fc.constant("shares" as const), shares: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ kind: fc.constant("cash" as const), cash: fc.integer({ min: 1, max: 5000 }) }),
  ),
  fractional: fc.boolean(),
  side: fc.constantFrom("long" as const, "long_short" as const),
  commission: fc.record({ bps, perShare: fc.constantFrom(0, 0.01), perOrder: fc.constantFrom(0, 1) }),
  slippage: fc.record({ bps }),
  stops: fc.constant({ loss: null, profit: null, trailing: null }),
});

const each = (check: (bars: Bars, targets: Int8Array, settings: Settings) => void) =>
  fc.assert(
    fc.property(market, settings, ({ bars, targets }, chosen) => check(bars, targets, chosen)),
    { numRuns: 300 },
  );

const scaleOf = (run: Simulation) => Math.max(...run.equity.map(Math.abs), 1);

describe("every run", () => {
  test("has as equity its cash and its holdings, at every bar", () => {
    each((bars, targets, chosen) => {
      const run = simulate(bars, targets, chosen);
      for (const session of run.equity.keys()) {
        expect(at(run.equity, session)).toBe(at(run.cash, session) + at(run.shares, session) * at(bars.close, session));
      }
    });
  });

  test("ends with the capital plus what its trades made", () => {
    each((bars, targets, chosen) => {
      const run = simulate(bars, targets, { ...chosen, sizing: { kind: "equity", fraction: 1 } });
      if (run.trades.some((trade) => trade.exit === null)) return;
      const made = run.trades.reduce((sum, trade) => sum + (trade.exit?.profit ?? 0), 0);
      expect(Math.abs((run.equity.at(-1) ?? 0) - chosen.capital - made)).toBeLessThan(1e-9 * scaleOf(run));
    });
  });

  test("enters and leaves by the signal of the session before, at its own open", () => {
    each((bars, targets, chosen) => {
      for (const { entrySession, entryPrice, shares, exit } of simulate(bars, targets, chosen).trades) {
        expect(targets[entrySession - 1]).toBe(Math.sign(shares));
        expect(entryPrice / at(bars.open, entrySession) - 1).toBeCloseTo(
          (Math.sign(shares) * chosen.slippage.bps) / 10_000,
          12,
        );
        if (exit?.reason === "signal") expect(targets[exit.session - 1]).not.toBe(Math.sign(shares));
        if (exit !== null) expect(exit.session).toBeGreaterThan(entrySession);
      }
    });
  });

  test("never spends more cash than there is, nor holds other than it may", () => {
    each((bars, targets, chosen) => {
      const run = simulate(bars, targets, { ...chosen, side: "long" });
      expect(Math.min(...run.cash)).toBeGreaterThanOrEqual(0);
      expect(Math.min(...run.shares)).toBeGreaterThanOrEqual(0);
      if (!chosen.fractional) expect(run.shares.every(Number.isInteger)).toBe(true);
    });
  });

  test("is not better for costs", () => {
    each((bars, targets, chosen) => {
      // What is bought has to be all that the money buys: fewer shares of what falls are better for being fewer.
      const sizing = { kind: "equity", fraction: 1 } as const;
      const same = { ...chosen, sizing, fractional: true, side: "long" as const };
      const dear = simulate(bars, targets, { ...same, commission: { ...chosen.commission, perOrder: 0 } });
      const free = simulate(bars, targets, { ...same, commission: commission({}), slippage: { bps: 0 } });
      for (const session of dear.equity.keys()) {
        expect(at(dear.equity, session)).toBeLessThanOrEqual(at(free.equity, session) * (1 + 1e-12));
      }
    });
  });

  test("sees the same in other units: prices times k change nothing but the shares", () => {
    each((bars, targets, chosen) => {
      const same = { ...chosen, fractional: true, commission: { ...chosen.commission, perShare: 0 } };
      if (same.sizing.kind === "shares") return;
      // A power of two, so that not even rounding differs.
      const run = simulate(bars, targets, same);
      const scaled = simulate(times(bars, 4), targets, same);
      expect([...scaled.equity]).toEqual([...run.equity]);
      expect([...scaled.shares]).toEqual([...run.shares].map((shares) => shares / 4));
      expect(scaled.trades.map((trade) => trade.exit?.return)).toEqual(run.trades.map((trade) => trade.exit?.return));
    });
  });
});

describe.each(tickerStrategies.map((strategy) => [strategy.id, strategy] as const))("%s", (_id, strategy) => {
  test("gives the same result in other units", () => {
    const bars = wander(400, 7);
    const settings = { ...settingsWith({ side: "long_short" }), riskFree: 0 };
    const run = runBacktest(bars, configured(strategy), settings);
    expect(runBacktest(times(bars, 0.125), configured(strategy), settings).metrics).toEqual(run.metrics);
  });
});

const times = (bars: Bars, factor: number): Bars => ({
  dates: bars.dates,
  open: bars.open.map((price) => price * factor),
  high: bars.high.map((price) => price * factor),
  low: bars.low.map((price) => price * factor),
  close: bars.close.map((price) => price * factor),
  volume: bars.volume,
  dividends: bars.dividends.map((amount) => amount * factor),
  delisted: bars.delisted,
});
