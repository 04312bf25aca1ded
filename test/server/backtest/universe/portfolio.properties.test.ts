import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { at } from "../../../../server/backtest/strategy.ts";
import { simulatePortfolio } from "../../../../server/backtest/universe/portfolio.ts";
import type { HeldBars, PortfolioSettings, Selection } from "../../../../server/backtest/universe/types.ts";
import { referencePortfolio } from "./reference.ts";

const tickers = 5;

/** Sessions of a few tickers that pause, end, pay and are not traded now and then, and what is wanted after some of them. */
const market = fc
  .record({
    length: fc.integer({ min: 2, max: 25 }),
    paths: fc.array(
      fc.record({
        moves: fc.array(fc.double({ min: 0.7, max: 1.4, noNaN: true }), { minLength: 25, maxLength: 25 }),
        states: fc.array(fc.constantFrom("bar", "bar", "bar", "bar", "pays", "none", "untraded", "splits", "merges"), {
          minLength: 25,
          maxLength: 25,
        }),
        life: fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 5, max: 30 })),
        delisted: fc.boolean(),
      }),
      { minLength: tickers, maxLength: tickers },
    ),
    wanted: fc.array(fc.option(fc.subarray([0, 1, 2, 3, 4]), { freq: 2 }), { minLength: 25, maxLength: 25 }),
  })
  .map(({ length, paths, wanted }) => ({
    length,
    bars: paths.map((path) => barsOf(path, length)),
    selections: wanted.flatMap((tickers, session): Selection[] => (tickers === null ? [] : [{ session, tickers }])),
  }));

type Path = { moves: number[]; states: string[]; life: [number, number]; delisted: boolean };

function barsOf({ moves, states, life: [first, last], delisted }: Path, length: number): HeldBars {
  let price = 20;
  // The first day's shares are the unit here: a split makes more of each.
  let factor = 1;
  const rows = moves.flatMap((move, session) => {
    const open = price * Math.sqrt(move);
    price *= move;
    const state = states[session];
    if (state === "splits") factor *= 3;
    if (state === "merges") factor /= 40;
    if (session < first || session > last || session >= length || state === "none") return [];
    return [
      { session, open: state === "untraded" ? 0 : open, close: price, dividend: state === "pays" ? 0.3 : 0, factor },
    ];
  });
  return {
    sessions: Int32Array.from(rows, (row) => row.session),
    open: Float64Array.from(rows, (row) => row.open),
    close: Float64Array.from(rows, (row) => row.close),
    dividends: Float64Array.from(rows, (row) => row.dividend),
    splitFactor: Float64Array.from(rows, (row) => row.factor),
    delisted,
  };
}

const settings: fc.Arbitrary<PortfolioSettings> = fc.record({
  capital: fc.constantFrom(3, 100, 10_000),
  fraction: fc.double({ min: 0.1, max: 1, noNaN: true }),
  fractional: fc.boolean(),
  commission: fc.record({
    bps: fc.integer({ min: 0, max: 200 }),
    perShare: fc.constantFrom(0, 0.01),
    perOrder: fc.constantFrom(0, 1),
  }),
  slippage: fc.record({ bps: fc.integer({ min: 0, max: 200 }) }),
});

type Market = { length: number; bars: HeldBars[]; selections: Selection[] };

const simulate = ({ length, bars, selections }: Market, chosen: PortfolioSettings) =>
  simulatePortfolio(length, selections, new Map(bars.entries()), chosen);

const each = (check: (market: Market, settings: PortfolioSettings) => void) =>
  fc.assert(
    fc.property(market, settings, (given, chosen) => check(given, chosen)),
    { numRuns: 300 },
  );

/** But for rounding. Everything may be lost to commissions, so that it is measured by the capital. */
const expectClose = (a: number, b: number, { capital }: PortfolioSettings) =>
  expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-9 * Math.max(capital, Math.abs(b)));

/** A market that ends after so many sessions; who is delisted later is not yet. */
const until = ({ bars, selections }: Market, length: number): Market => ({
  length,
  selections: selections.filter(({ session }) => session < length),
  bars: bars.map((own) => {
    const count = own.sessions.filter((session) => session < length).length;
    return {
      sessions: own.sessions.slice(0, count),
      open: own.open.slice(0, count),
      close: own.close.slice(0, count),
      dividends: own.dividends.slice(0, count),
      splitFactor: own.splitFactor.slice(0, count),
      delisted: own.delisted && count === own.sessions.length,
    };
  }),
});

test("the portfolios here do trade", () => {
  let count = 0;
  each((given, chosen) => {
    count += simulate(given, chosen).trades.length;
  });
  expect(count).toBeGreaterThan(300);
});

describe("every portfolio", () => {
  test("is what the rules give, taken one by one", () => {
    each((given, chosen) => {
      const run = simulate(given, chosen);
      const expected = referencePortfolio(given.length, given.selections, given.bars, chosen);
      for (const [session, worth] of expected.equity.entries()) expectClose(at(run.equity, session), worth, chosen);
      const held = Object.fromEntries(run.holdings.map(({ ticker, shares }) => [ticker, expect.closeTo(shares, 6)]));
      expect(expected.held).toEqual(held);
    });
  });

  test("has as equity its cash and its holdings, and knows nothing of later sessions, at every bar", () => {
    each((given, chosen) => {
      const whole = simulate(given, chosen);
      for (let length = 1; length <= given.length; length++) {
        const { equity, cash, holdings } = simulate(until(given, length), chosen);
        expect([...equity]).toEqual([...whole.equity.subarray(0, length)]);
        const worth = holdings.reduce((sum, { shares, price }) => sum + shares * price, 0);
        expectClose(at(equity, length - 1), at(cash, length - 1) + worth, chosen);
      }
    });
  });

  test("never spends more cash than there is, and ends with the capital plus what its trades made", () => {
    each((given, chosen) => {
      const run = simulate(given, chosen);
      expect(Math.min(...run.cash)).toBeGreaterThanOrEqual(0);
      if (run.holdings.length > 0) return;
      const made = run.trades.reduce((sum, { exit }) => sum + (exit?.profit ?? 0), 0);
      expectClose(chosen.capital + made, run.equity.at(-1) ?? Number.NaN, chosen);
    });
  });

  test("enters only in the session after one that wanted the ticker", () => {
    each((given, chosen) => {
      const wanted = new Map(given.selections.map(({ session, tickers }) => [session, tickers]));
      for (const { ticker, entrySession } of simulate(given, chosen).trades) {
        expect(wanted.get(entrySession - 1)).toContain(ticker);
      }
    });
  });

  test("takes no notice of splits where only parts of the equity and basis points count", () => {
    each((given, chosen) => {
      const same = { ...chosen, fractional: true, commission: { ...chosen.commission, perShare: 0 } };
      const unsplit = given.bars.map((own) => ({ ...own, splitFactor: own.splitFactor.map(() => 1) }));
      const [run, without] = [simulate(given, same), simulate({ ...given, bars: unsplit }, same)];
      for (const [session, worth] of without.equity.entries()) expectClose(at(run.equity, session), worth, same);
      expect(run.trades.map(({ ticker, entrySession }) => [ticker, entrySession])).toEqual(
        without.trades.map(({ ticker, entrySession }) => [ticker, entrySession]),
      );
    });
  });

  test("holds whole shares of the day where it may not hold parts", () => {
    each((given, chosen) => {
      for (const { shares } of simulate(given, { ...chosen, fractional: false }).holdings) {
        expect(Number.isInteger(shares)).toBe(true);
      }
    });
  });

  test("is the same in other units: prices times k change nothing but the shares", () => {
    each((given, chosen) => {
      const same = { ...chosen, fractional: true, commission: { ...chosen.commission, perShare: 0 } };
      const scaled = given.bars.map((own) => ({
        ...own,
        open: own.open.map((price) => price * 4),
        close: own.close.map((price) => price * 4),
        dividends: own.dividends.map((amount) => amount * 4),
      }));
      expect([...simulate({ ...given, bars: scaled }, same).equity]).toEqual([...simulate(given, same).equity]);
    });
  });
});
