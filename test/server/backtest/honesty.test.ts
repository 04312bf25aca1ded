import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { badgesOf, universeBadgesOf } from "../../../server/backtest/badges.ts";
import { sampleBars } from "../../../server/backtest/checks/sample-bars.ts";
import { sampleMarket, sampleUniverse } from "../../../server/backtest/checks/sample-market.ts";
import { checkHonesty, findMemory } from "../../../server/backtest/honesty.ts";
import { simpleAverage } from "../../../server/backtest/indicators.ts";
import { tickerStrategies, universeStrategies } from "../../../server/backtest/strategies/index.ts";
import { at, decideEach, defineStrategy } from "../../../server/backtest/strategy.ts";
import type { Bars, Targets } from "../../../server/backtest/types.ts";
import { checkUniverseHonesty } from "../../../server/backtest/universe/honesty.ts";
import { defineUniverseStrategy } from "../../../server/backtest/universe/strategy.ts";
import type { CrossSection } from "../../../server/backtest/universe/types.ts";
import { configured } from "./support.ts";

const bars = sampleBars(900, 7);

const strategyOf = (signals: (bars: Bars) => Targets, warmup = 5) =>
  configured(
    defineStrategy({
      ...{ id: "cheat", name: "Cheat", description: "Knows what it cannot know." },
      parameters: z.strictObject({}),
      warmup: () => warmup,
      signals,
    }),
  );

describe.each(tickerStrategies.map((strategy) => [strategy.id, strategy] as const))("%s", (id, strategy) => {
  test("passes both checks, and says how it remembers", () => {
    const { lookAhead, warmup } = checkHonesty(configured(strategy), bars);
    expect(lookAhead).toMatchObject({ passed: true, found: null });
    expect(lookAhead.histories).toBeGreaterThanOrEqual(20);
    expect(warmup.passed).toBe(true);
    const remembers: Record<string, string> = { momentum: "exact", buy_and_hold: "exact", macd: "fades" };
    expect(warmup.memory).toBe((remembers[id] ?? "position") as "exact");
  });

  test("forgets what came before its warm-up, wherever its history begins", () => {
    const cuts = Array.from({ length: 40 }, (_, index) => 1 + index * 10);
    const { memory } = findMemory(configured(strategy), bars, cuts);
    expect(["exact", "position", "fades"]).toContain(memory);
  });
});

describe("the look-ahead check of a page", () => {
  const caught = (signals: (bars: Bars) => Targets) => !checkHonesty(strategyOf(signals), bars).lookAhead.passed;

  test("catches who peeks at tomorrow", () => {
    expect(
      caught(({ close }) => decideEach(close.length, 5, (day) => (at(close, day + 1) > at(close, day) ? 1 : 0))),
    ).toBe(true);
  });

  test("catches who peeks only before large moves", () => {
    const shrewd = ({ close }: Bars) =>
      decideEach(close.length, 5, (day) => (at(close, day + 1) > 1.03 * at(close, day) ? 1 : 0));
    expect(caught(shrewd)).toBe(true);
  });

  test("catches who normalises over the whole history", () => {
    const normalised = ({ close }: Bars) => {
      const highest = Math.max(...close);
      return decideEach(close.length, 5, (day) => (at(close, day) / highest > 0.8 ? 1 : 0));
    };
    expect(caught(normalised)).toBe(true);
  });

  test("catches who lets a session's own close decide what was wanted before its open", () => {
    // Filled at the open of the day, by what the day's close will be.
    const backdated = ({ open, close }: Bars) =>
      decideEach(close.length, 5, (day) => (at(close, day + 1) > at(open, day + 1) ? 1 : 0));
    expect(caught(backdated)).toBe(true);
  });

  test("catches who looks around the copy that it gets", () => {
    const sneaky = ({ close }: Bars) => {
      const beyond = new Float64Array(close.buffer);
      return decideEach(close.length, 5, (day) => (at(beyond, day + 1) > at(beyond, day) ? 1 : 0));
    };
    expect(caught(sneaky)).toBe(true);
  });
});

describe("the warm-up check of a page", () => {
  const check = (signals: (bars: Bars) => Targets, warmup: number) =>
    checkHonesty(strategyOf(signals, warmup), bars).warmup;
  const above = (average: (close: Float64Array) => Float64Array, from: number) => (given: Bars) => {
    const level = average(given.close);
    return decideEach(given.close.length, from, (day) => (at(given.close, day) > at(level, day) ? 1 : 0));
  };
  const averageSoFar = (close: Float64Array) => {
    let sum = 0;
    return close.map((price, day) => {
      sum += price;
      return sum / (day + 1);
    });
  };

  test("catches who remembers the whole history", () => {
    expect(check(above(averageSoFar, 20), 20)).toMatchObject({ passed: false, memory: "never" });
  });

  test("catches who looks further back than it says", () => {
    const patched = (close: Float64Array) => simpleAverage(close, 200).map((value, day) => value || at(close, day) - 1);
    expect(check(above(patched, 10), 10)).toMatchObject({ passed: false });
    expect(
      check(
        above((close) => simpleAverage(close, 200), 199),
        199,
      ),
    ).toMatchObject({ passed: true, memory: "exact" });
  });

  test("names a signal that comes too early", () => {
    expect(check(({ close }) => decideEach(close.length, 3, () => 1), 5)).toMatchObject({
      passed: false,
      coldSession: 3,
    });
  });

  test("does not judge where nothing is left to compare", () => {
    const { warmup } = checkHonesty(
      strategyOf(({ close }) => new Int8Array(close.length), 30),
      sampleBars(31),
    );
    expect(warmup).toMatchObject({ passed: true, memory: "unknown", cuts: 0 });
  });
});

describe("the badges", () => {
  test("say what was found, passed or not", () => {
    const momentum = tickerStrategies.find(({ id }) => id === "momentum");
    const [lookAhead, warmup] = badgesOf(checkHonesty(configured(momentum), bars));
    expect(lookAhead).toMatchObject({ label: "No look-ahead", passed: true });
    expect(warmup).toMatchObject({ label: "Warm-up holds", passed: true });
    expect(warmup?.detail).toBe(
      "No signal in its warm-up of 49 sessions. With the first sessions cut off, 6 times, signals from the warm-up on are the same.",
    );
    const prophet = strategyOf(({ close }) =>
      decideEach(close.length, 5, (day) => (at(close, day + 1) > at(close, day) ? 1 : 0)),
    );
    const [caught] = badgesOf(checkHonesty(prophet, bars));
    expect(caught).toMatchObject({ label: "Looks ahead", passed: false });
    expect(caught?.detail).toContain("it knows what came later");
  });
});

describe("strategies of the universe", () => {
  const market = sampleMarket(40, 300);
  const ready = (strategy: (typeof universeStrategies)[number], parameters: Record<string, number> = {}) => {
    const result = strategy.configure(parameters);
    if (!result.success) throw result.error;
    return result.strategy;
  };
  const cheat = (score: (section: CrossSection) => Float64Array) =>
    ready(
      defineUniverseStrategy({
        ...{ id: "cheat", name: "Cheat", description: "Keeps what it saw." },
        parameters: z.strictObject({}),
        lags: () => [10],
        holdings: () => 5,
        minimums: () => ({ price: 0, dollarVolume: 0 }),
        score,
      }),
    );

  test.each(universeStrategies.map((strategy) => [strategy.id, strategy] as const))("%s passes", (_id, strategy) => {
    const short = ready(strategy, { lookback: 60, skip: 5, holdings: 5 });
    const honesty = checkUniverseHonesty(short, sampleUniverse(market, short.lags));
    expect(honesty).toMatchObject({
      lookAhead: { passed: true, changed: null },
      warmup: { passed: true, sessions: 60 },
    });
    expect(universeBadgesOf(honesty).map(({ passed }) => passed)).toEqual([true, true]);
  });

  test.each(universeStrategies.map((strategy) => [strategy.id, strategy] as const))(
    "%s ranked then as it says now that it ranked",
    (_id, strategy) => {
      const short = ready(strategy, { lookback: 60, skip: 5, holdings: 5 });
      const whole = sampleUniverse(market, short.lags);
      for (const length of [100, 150, 151, 200, 299]) {
        const cut = sampleUniverse(market, short.lags, length);
        // The last section of a history values it; whether a month ended there is not known yet.
        for (const [index, section] of cut.sections.slice(0, -1).entries()) {
          expect([...short.score(section)]).toEqual([...short.score(whole.sections[index] ?? section)]);
        }
      }
    },
  );

  test("that keep what they saw of later rebalances are caught", () => {
    const best = new Map<number, number>();
    const collector = cheat(({ close }) => {
      for (const [ticker, price] of close.entries()) best.set(ticker, Math.max(price || 0, best.get(ticker) ?? 0));
      return close.map((price, ticker) => (best.get(ticker) ?? 0) / price);
    });
    const honesty = checkUniverseHonesty(collector, sampleUniverse(market, collector.lags));
    expect(honesty.lookAhead.passed).toBe(false);
    expect(universeBadgesOf(honesty)[0]?.detail).toContain("it chose differently");
  });

  test("that choose whom they know too little of are caught", () => {
    const hasty = cheat(({ close }) => close.map((price) => price));
    const honesty = checkUniverseHonesty(hasty, sampleUniverse(market, hasty.lags));
    expect(honesty.warmup.passed).toBe(false);
  });
});
