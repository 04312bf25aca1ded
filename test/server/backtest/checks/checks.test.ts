import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { checkStrategy } from "../../../../server/backtest/checks/checks.ts";
import { StrategyFault } from "../../../../server/backtest/checks/fault.ts";
import { strategies } from "../../../../server/backtest/strategies/index.ts";
import { at, decideEach, defineStrategy, type Pane } from "../../../../server/backtest/strategy.ts";
import type { Bars, Targets } from "../../../../server/backtest/types.ts";
import { defineUniverseStrategy } from "../../../../server/backtest/universe/strategy.ts";
import type { CrossSection } from "../../../../server/backtest/universe/types.ts";

type Signals = (bars: Bars) => Targets;

const named = { id: "own", name: "Own", description: "Somebody's own.", parameters: z.strictObject({}) };

const own = (signals: Signals, rest: { warmup?: number; panes?(bars: Bars): Pane[] } = {}) =>
  defineStrategy({ ...named, warmup: () => rest.warmup ?? 5, signals, ...(rest.panes && { panes: rest.panes }) });

const chooser = (score: (section: CrossSection) => Float64Array) =>
  defineUniverseStrategy({
    ...named,
    lags: () => [10],
    holdings: () => 5,
    minimums: () => ({ price: 0, dollarVolume: 0 }),
    score,
  });

const rising = ({ close }: Bars) =>
  decideEach(close.length, 5, (session) => (at(close, session) > at(close, session - 5) ? 1 : 0));

const failed = (strategy: Parameters<typeof checkStrategy>[0]) =>
  checkStrategy(strategy).flatMap(({ id, passed, detail }) => (passed ? [] : [{ id, detail }]));

describe.each(strategies.map((strategy) => [strategy.id, strategy] as const))("%s", (_id, strategy) => {
  test("passes everything that a file of the workspace is put to", () => {
    expect(failed(strategy)).toEqual([]);
  });
});

describe("the checks", () => {
  test("pass an honest strategy, and say the same each time", () => {
    expect(checkStrategy(own(rising)).map(({ id, passed }) => [id, passed])).toEqual([
      ["look-ahead", true],
      ["warm-up", true],
      ["repeatable", true],
      ["units", true],
    ]);
    expect(checkStrategy(own(rising))).toEqual(checkStrategy(own(rising)));
  });

  test("find who knows tomorrow, with the session and what was said of it", () => {
    const prophet = own(({ close }) =>
      decideEach(close.length, 5, (session) => (at(close, session + 1) > at(close, session) ? 1 : 0)),
    );
    const [found] = failed(prophet);
    expect(found?.id).toBe("look-ahead");
    expect(found?.detail).toMatch(/^Of session \d+ it said 0 when \d+ sessions were known, and says 1 now/);
  });

  test("find who draws what was not known", () => {
    const panes = ({ close }: Bars): Pane[] => {
      const highest = Math.max(...close);
      const values = close.map((price) => price / highest);
      return [{ id: "part", title: "Part", overlay: false, lines: [{ label: "Part", values }] }];
    };
    const [found] = failed(own(rising, { panes }));
    expect(found).toMatchObject({ id: "look-ahead", detail: expect.stringContaining("pane “Part”") });
  });

  test("find signals before the warm-up ends, and memory of what came before it", () => {
    expect(failed(own(({ close }) => decideEach(close.length, 2, () => 1)))).toEqual([
      { id: "warm-up", detail: expect.stringContaining("A signal in session 3 of a warm-up of 5.") },
    ]);
    const sinceEver: Signals = ({ close }) => {
      let sum = 0;
      return close.reduce((targets, price, session) => {
        sum += price;
        if (session >= 5 && price > sum / (session + 1)) targets[session] = 1;
        return targets;
      }, new Int8Array(close.length));
    };
    expect(failed(own(sinceEver)).map(({ id }) => id)).toContain("warm-up");
  });

  test("find who says something else each time, who changes the bars, and who counts in dollars", () => {
    let asked = 0;
    expect(
      failed(own(({ close }) => decideEach(close.length, 5, () => (asked++ % 2 ? 1 : 0)))).map(({ id }) => id),
    ).toContain("repeatable");
    const careless: Signals = (bars) => {
      bars.close.fill(1, 0, 1);
      return rising(bars);
    };
    expect(failed(own(careless))).toContainEqual({ id: "repeatable", detail: expect.stringContaining("`close`") });
    const dear: Signals = ({ close }) => decideEach(close.length, 5, (session) => (at(close, session) > 50 ? 1 : 0));
    expect(failed(own(dear)).map(({ id }) => id)).toEqual(["units"]);
  });

  test("find who keeps what it saw of other rebalances", () => {
    const best = new Map<number, number>();
    const collector = chooser(({ close }) => {
      for (const [ticker, price] of close.entries()) best.set(ticker, Math.max(price || 0, best.get(ticker) ?? 0));
      return close.map((price, ticker) => (best.get(ticker) ?? 0) / price);
    });
    expect(failed(collector).map(({ id }) => id)).toContain("look-ahead");
    expect(failed(chooser(({ returns: [since = new Float64Array()] }) => since))).toEqual([]);
  });
});

describe("what cannot be used", () => {
  const fault = (strategy: Parameters<typeof checkStrategy>[0]) => {
    try {
      checkStrategy(strategy);
    } catch (error) {
      if (error instanceof StrategyFault) return [error.at, error.message];
      throw error;
    }
    return null;
  };
  const wrongly = (answer: unknown) => own(() => answer as Targets);

  test.each([
    [
      "too few",
      own(({ close }) => new Int8Array(Math.max(0, close.length - 1))),
      "signals",
      /of 1 session it answered 0 values/,
    ],
    ["a plain list", wrongly([0]), "signals", /an Int8Array; it answered Array/],
    ["nothing", wrongly(undefined), "signals", /it answered undefined/],
    [
      "another target",
      own(({ close }) => new Int8Array(close.length).fill(2)),
      "signals",
      /of session 1 `signals` answered 2/,
    ],
    ["a broken warm-up", own(rising, { warmup: -1 }), "warmup", /from 0 on; it answered -1/],
    [
      "short lines",
      own(rising, {
        panes: () => [{ id: "a", title: "A", overlay: true, lines: [{ label: "B", values: new Float64Array(3) }] }],
      }),
      "panes",
      /“B” of the pane “a”/,
    ],
    ["too few scores", chooser(() => new Float64Array(2)), "score", /one score a ticker, 40; it answered 2 values/],
    [
      "no default",
      defineStrategy({
        ...named,
        parameters: z.strictObject({ window: z.number() }),
        warmup: () => 0,
        signals: rising,
      }),
      "parameters",
      /`window`/,
    ],
  ] as const)("is told by its part: %s", (_name, strategy, at, message) => {
    expect(fault(strategy)).toEqual([at, expect.stringMatching(message)]);
  });
});
