import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { runBacktest } from "../../../server/backtest/backtest.ts";
import { inUnits, sampleBars } from "../../../server/backtest/checks/sample-bars.ts";
import { simulate, simulateInto } from "../../../server/backtest/engine.ts";
import { firstBars } from "../../../server/backtest/look-ahead.ts";
import { sharesOfDay } from "../../../server/backtest/shares.ts";
import { tickerStrategies } from "../../../server/backtest/strategies/index.ts";
import { at } from "../../../server/backtest/strategy.ts";
import type { Bars, ExitReason, Settings, Simulation } from "../../../server/backtest/types.ts";
import { referenceRun } from "./reference.ts";
import { barsOf, commission, configured, settingsWith } from "./support.ts";

/** Most are small, so that positions live to see some bars before a stop. */
const move = fc.oneof(
  { weight: 3, arbitrary: fc.double({ min: 0.97, max: 1.03, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: 0.6, max: 1.6, noNaN: true }) },
);
const reach = fc.oneof(
  { weight: 3, arbitrary: fc.double({ min: 0, max: 0.02, noNaN: true }) },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 0.3, noNaN: true }) },
);

/**
 * Bars with gaps overnight, moves by day and ranges around them, targets that want anything; now and then a dividend, a split, or a
 * session in which nothing is traded; some tickers are delisted.
 */
const market = fc
  .tuple(
    fc.array(
      fc.record({
        gap: move,
        day: move,
        above: reach,
        below: reach,
        target: fc.constantFrom(-1, 0, 1, 1),
        dividend: fc.constantFrom(0, 0, 0, 0, 0.01),
        split: fc.constantFrom(...Array<number>(12).fill(1), 2, 1.5, 0.1, 0.04),
        volume: fc.constantFrom(0, 100, 100, 100, 100, 100),
      }),
      { minLength: 2, maxLength: 60 },
    ),
    fc.boolean(),
  )
  .map(([sessions, delisted]) => {
    let price = 50;
    // Shares of that day that one share of the last day was: the splits after it.
    let factor = sessions.reduce((product, { split }, session) => (session > 0 ? product / split : product), 1);
    const rows = sessions.map(({ gap, day, above, below, dividend, volume, split }, session) => {
      const open = price * gap;
      price = open * day;
      const high = Math.max(open, price) * (1 + above);
      const low = Math.min(open, price) * (1 - below);
      if (session > 0) factor *= split;
      return { open, high, low, close: price, dividend: dividend * open, volume, factor };
    });
    const bars = barsOf({
      open: rows.map((row) => row.open),
      high: rows.map((row) => row.high),
      low: rows.map((row) => row.low),
      close: rows.map((row) => row.close),
      volume: rows.map((row) => row.volume),
      dividends: rows.map((row) => row.dividend),
      splitFactor: rows.map((row) => row.factor),
      delisted,
    });
    return { bars, targets: Int8Array.from(sessions, ({ target }) => target) };
  });

const bps = fc.integer({ min: 0, max: 300 });
const level = fc.option(fc.double({ min: 0.01, max: 0.5, noNaN: true }));
const stops: fc.Arbitrary<Settings["stops"]> = fc.record({ loss: level, profit: level, trailing: level });
const noStops = { loss: null, profit: null, trailing: null };
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
  stops: fc.oneof(fc.constant(noStops), stops),
});

const each = (check: (bars: Bars, targets: Int8Array, settings: Settings) => void) =>
  fc.assert(
    fc.property(market, settings, ({ bars, targets }, chosen) => check(bars, targets, chosen)),
    { numRuns: 300 },
  );

const hasStops = ({ stops: { loss, profit, trailing } }: Settings) => (loss ?? profit ?? trailing) !== null;

/** By no order: nothing was traded. */
const isSettled = ({ reason }: { reason: ExitReason }) => reason === "delisted" || reason === "cash_in_lieu";

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

  test("is what the rules give, taken one by one", () => {
    each((bars, targets, chosen) => {
      const run = simulate(bars, targets, chosen);
      const expected = referenceRun(bars, targets, chosen);
      const got = run.trades.map(({ entrySession, shares, exit }) => ({
        ...{ entry: entrySession, exit: exit?.session ?? null, price: exit?.price ?? Number.NaN },
        ...{ shares, reason: exit?.reason ?? null },
      }));
      expect(got.map(({ entry, exit, reason }) => [entry, exit, reason])).toEqual(
        expected.trades.map(({ entry, exit, reason }) => [entry, exit, reason]),
      );
      for (const [index, { price, shares }] of expected.trades.entries()) {
        if (!Number.isNaN(price)) expect((got[index]?.price ?? 0) / price).toBeCloseTo(1, 9);
        expect((got[index]?.shares ?? 0) / shares).toBeCloseTo(1, 9);
      }
      const scale = scaleOf(run);
      for (const [session, worth] of expected.equity.entries()) {
        expect(Math.abs(at(run.equity, session) - worth)).toBeLessThan(1e-9 * scale);
      }
    });
  });

  test("knows nothing of later sessions: a shorter history gives the same up to its end", () => {
    each((bars, targets, chosen) => {
      const whole = simulate(bars, targets, chosen);
      const length = Math.ceil(bars.close.length / 2);
      const part = simulate(firstBars(bars, length), targets.slice(0, length), chosen);
      expect([...part.equity]).toEqual([...whole.equity.subarray(0, length)]);
    });
  });

  test("enters by the signal of the session before, at its own open, and leaves by one or at a stop", () => {
    each((bars, targets, chosen) => {
      for (const { entrySession, entryPrice, shares, exit } of simulate(bars, targets, chosen).trades) {
        const direction = Math.sign(shares);
        expect(targets[entrySession - 1]).toBe(direction);
        const slip = 1 + (direction * chosen.slippage.bps) / 10_000;
        expect(entryPrice / at(bars.open, entrySession)).toBeCloseTo(slip, 12);
        if (exit?.reason === "signal") expect(targets[exit.session - 1]).not.toBe(direction);
        if (exit?.reason === "signal" || exit?.reason === "margin") expect(exit.session).toBeGreaterThan(entrySession);
      }
    });
  });

  test("fills nothing in a session without trading", () => {
    each((bars, targets, chosen) => {
      for (const { entrySession, exit } of simulate(bars, targets, chosen).trades) {
        expect(at(bars.volume, entrySession)).toBeGreaterThan(0);
        if (exit !== null && !isSettled(exit)) expect(at(bars.volume, exit.session)).toBeGreaterThan(0);
      }
    });
  });

  test("leaves at no price outside of the bar's range, but for slippage", () => {
    each((bars, targets, chosen) => {
      for (const { shares, exit } of simulate(bars, targets, chosen).trades) {
        if (exit === null || exit.reason === "cash_in_lieu") continue;
        const slip = exit.reason === "delisted" ? 0 : (-Math.sign(shares) * chosen.slippage.bps) / 10_000;
        const price = exit.price / (1 + slip);
        expect(price).toBeGreaterThanOrEqual(at(bars.low, exit.session) * (1 - 1e-12));
        expect(price).toBeLessThanOrEqual(at(bars.high, exit.session) * (1 + 1e-12));
      }
    });
  });

  test("loses by a stop loss that no gap has passed no more than it says", () => {
    each((bars, targets, chosen) => {
      const { loss } = chosen.stops;
      if (loss === null) return;
      for (const { entryPrice, shares, exit } of simulate(bars, targets, chosen).trades) {
        if (exit?.reason !== "stop_loss") continue;
        const direction = Math.sign(shares);
        const stop = entryPrice * (1 - direction * loss);
        const isGap = direction * (at(bars.open, exit.session) - stop) <= 0;
        const slip = 1 - (direction * chosen.slippage.bps) / 10_000;
        if (isGap) expect(direction * (exit.price / slip - stop)).toBeLessThanOrEqual(1e-9 * stop);
        else expect(exit.price / slip / stop).toBeCloseTo(1, 12);
      }
    });
  });

  test("is the same in columns that another run has used, and changes none of what it reads", () => {
    each((bars, targets, chosen) => {
      const copy = structuredClone({ bars, targets, chosen });
      const run = simulate(bars, targets, chosen);
      const used = () => new Float64Array(bars.close.length).fill(Number.NaN);
      const columns = { equity: used(), cash: used(), shares: used() };
      const again: Simulation = { ...simulateInto(columns, bars, targets, chosen), ...columns };
      expect(again).toEqual(run);
      const { cash: _, shares: __, ...outcome } = run;
      expect(simulateInto({ equity: used() }, bars, targets, chosen)).toEqual(outcome);
      expect({ bars, targets, chosen }).toEqual(copy);
    });
  });

  test("never spends more cash than there is, nor holds other than it may", () => {
    each((bars, targets, chosen) => {
      const run = simulate(bars, targets, { ...chosen, side: "long" });
      expect(Math.min(...run.cash)).toBeGreaterThanOrEqual(0);
      expect(Math.min(...run.shares)).toBeGreaterThanOrEqual(0);
      const ofDay = run.shares.map((shares, session) => sharesOfDay(shares, at(bars.splitFactor, session)));
      if (!chosen.fractional) expect(ofDay.every(Number.isInteger)).toBe(true);
    });
  });

  /**
   * It holds for longs in fractional shares with costs that grow with the order. A fee by the order, or whole shares, may leave no
   * entry into what then falls; slippage moves the entry price and with it the stops, which may then miss a low or catch one.
   */
  test("is not better for costs", () => {
    each((bars, targets, chosen) => {
      const same = { ...chosen, fractional: true, side: "long" as const };
      const free = simulate(bars, targets, { ...same, commission: commission({}), slippage: { bps: 0 } });
      const charged = { ...same, commission: { ...chosen.commission, perOrder: 0 } };
      for (const dear of [
        simulate(bars, targets, { ...charged, slippage: { bps: 0 } }),
        ...(hasStops(chosen) ? [] : [simulate(bars, targets, charged)]),
      ]) {
        for (const session of dear.equity.keys()) {
          expect(at(dear.equity, session)).toBeLessThanOrEqual(at(free.equity, session) * (1 + 1e-12));
        }
      }
    });
  });

  test("takes no notice of splits where only parts of the equity and basis points count", () => {
    each((bars, targets, chosen) => {
      const { sizing, commission } = chosen;
      const same = { ...chosen, fractional: true, commission: { ...commission, perShare: 0 } };
      if (sizing.kind === "shares") return;
      const unsplit = { ...bars, splitFactor: bars.splitFactor.map(() => 1) };
      expect(simulate(bars, targets, same)).toEqual(simulate(unsplit, targets, same));
    });
  });

  test("sees the same in other units: prices times k change nothing but the shares", () => {
    each((bars, targets, chosen) => {
      const same = { ...chosen, fractional: true, commission: { ...chosen.commission, perShare: 0 } };
      if (same.sizing.kind === "shares") return;
      // A power of two, so that not even rounding differs.
      const run = simulate(bars, targets, same);
      const scaled = simulate(inUnits(bars, 4), targets, same);
      expect([...scaled.equity]).toEqual([...run.equity]);
      expect([...scaled.shares]).toEqual([...run.shares].map((shares) => shares / 4));
      expect(scaled.trades.map((trade) => trade.exit?.return)).toEqual(run.trades.map((trade) => trade.exit?.return));
    });
  });
});

describe.each(tickerStrategies.map((strategy) => [strategy.id, strategy] as const))("%s", (_id, strategy) => {
  test("gives the same result in other units", () => {
    const bars = sampleBars(400, 7);
    const settings = { ...settingsWith({ side: "long_short" }), riskFree: 0 };
    const run = runBacktest(bars, configured(strategy), settings);
    expect(runBacktest(inUnits(bars, 0.125), configured(strategy), settings).metrics).toEqual(run.metrics);
  });
});
