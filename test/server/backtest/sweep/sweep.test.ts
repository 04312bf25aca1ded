import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { runBacktest } from "../../../../server/backtest/backtest.ts";
import { sampleBars } from "../../../../server/backtest/checks/sample-bars.ts";
import { tickerStrategies } from "../../../../server/backtest/strategies/index.ts";
import { type Collected, createCollector } from "../../../../server/backtest/sweep/collect.ts";
import { createEvaluator, readMetrics } from "../../../../server/backtest/sweep/evaluate.ts";
import { mapOffset } from "../../../../server/backtest/sweep/heat-map.ts";
import { metricNames } from "../../../../server/backtest/sweep/metric-names.ts";
import { barsOf, walkWindows } from "../../../../server/backtest/sweep/segments.ts";
import { createSpace, paramsAt } from "../../../../server/backtest/sweep/space.ts";
import { runSweep } from "../../../../server/backtest/sweep/sweep.ts";
import { createTickerSubject } from "../../../../server/backtest/sweep/ticker-subject.ts";
import { outcomes, type SweepPlan } from "../../../../server/backtest/sweep/types.ts";
import { configure, settingsWith } from "../support.ts";

const bars = sampleBars(600, 3);
const settings = {
  ...settingsWith({ commission: { bps: 5, perShare: 0, perOrder: 1 }, slippage: { bps: 2 }, side: "long_short" }),
  riskFree: 0.01,
};

const planOf = (changes: Partial<SweepPlan> = {}): SweepPlan => ({
  strategy: "momentum",
  fixed: { rsiPeriod: 10 },
  axes: [
    { name: "shortWindow", values: [5, 10, 20, 30] },
    { name: "longWindow", values: [10, 25, 40] },
    { name: "rsiOverbought", values: [70, 90] },
  ],
  search: { kind: "grid" },
  score: "totalReturn",
  settings,
  survivorsOnly: false,
  inSample: { from: 0, to: 400 },
  outOfSample: { from: 400, to: 600 },
  windows: [],
  ...changes,
});

const strategyOf = (id: string) => {
  const strategy = tickerStrategies.find((candidate) => candidate.id === id);
  if (!strategy) throw new Error(`there is no ${id}`);
  return strategy;
};
const subjectOf = (plan: SweepPlan, given = bars) => createTickerSubject(given, strategyOf(plan.strategy), plan);
const sweep = (plan: SweepPlan, given = bars) => runSweep(subjectOf(plan, given), plan);

const swept: [string, SweepPlan["axes"]][] = [
  ["momentum", planOf().axes],
  [
    "mean_reversion",
    [
      { name: "window", values: [5, 20, 60] },
      { name: "deviations", values: [1, 1.5, 2] },
    ],
  ],
  [
    "macd",
    [
      { name: "fast", values: [5, 12] },
      { name: "slow", values: [10, 26] },
      { name: "signal", values: [3, 9] },
    ],
  ],
  [
    "rsi",
    [
      { name: "period", values: [2, 14, 30] },
      { name: "oversold", values: [20, 40] },
    ],
  ],
  [
    "donchian",
    [
      { name: "entry", values: [10, 20, 55] },
      { name: "exit", values: [5, 10] },
    ],
  ],
  ["buy_and_hold", []],
];

const oneOfEach = <Value>(...values: Value[]) => fc.constantFrom(...values);
const stop = fc.option(fc.double({ min: 0.01, max: 0.2, noNaN: true }));
const anySettings: fc.Arbitrary<SweepPlan["settings"]> = fc.record({
  capital: oneOfEach(100, 10_000),
  sizing: oneOfEach<SweepPlan["settings"]["sizing"]>(
    { kind: "equity", fraction: 1 },
    { kind: "equity", fraction: 0.5 },
    { kind: "shares", shares: 3 },
    { kind: "cash", cash: 500 },
  ),
  fractional: fc.boolean(),
  side: oneOfEach("long" as const, "long_short" as const),
  commission: fc.record({ bps: oneOfEach(0, 20), perShare: oneOfEach(0, 0.01), perOrder: oneOfEach(0, 1) }),
  slippage: fc.record({ bps: oneOfEach(0, 5) }),
  stops: fc.record({ loss: stop, profit: stop, trailing: stop }),
  riskFree: oneOfEach(0, 0.02),
});
/** With dividends, splits and sessions without trading here and there. */
const anyMarket = fc.record({ seed: fc.nat(1000), every: fc.integer({ min: 7, max: 90 }) }).map(({ seed, every }) => {
  const market = sampleBars(600, seed);
  const isMarked = (session: number) => session % every === 0;
  return {
    ...market,
    dividends: market.close.map((price, session) => (isMarked(session) ? price * 0.01 : 0)),
    volume: market.volume.map((volume, session) => (isMarked(session + 1) ? 0 : volume)),
    splitFactor: market.splitFactor.map((_, session) => (session < 5 * every ? 1.5 : 1)),
  };
});

describe("a sweep", () => {
  test("has every strategy of one ticker among those that are tried here", () => {
    expect(tickerStrategies.map(({ id }) => id).filter((id) => !swept.some(([name]) => name === id))).toEqual([]);
  });

  test.each(swept)("of %s finds at each point, to the last digit, what a run of it finds", (id, axes) => {
    const plan = planOf({ strategy: id, fixed: {}, axes });
    const part = barsOf(sampleBars(600, 3), plan.inSample);
    const evaluate = createEvaluator(subjectOf(plan), plan);
    const space = createSpace(axes, plan.search);
    const places = new Int32Array(axes.length);
    const points = axes.reduce((product, { values }) => product * values.length, 1);
    const chunk = evaluate(0, points);
    let ran = 0;
    for (let point = 0; point < points; point++) {
      if (chunk.outcomes[point] !== outcomes.ran) continue;
      ran++;
      space(point, places);
      const { metrics } = runBacktest(part, configure(id, paramsAt(axes, places)), settings);
      const row = chunk.metrics.subarray(point * metricNames.length, (point + 1) * metricNames.length);
      expect([...row].map((value) => (Number.isNaN(value) ? null : value))).toEqual(
        metricNames.map((name) => metrics[name]),
      );
    }
    expect(ran).toBeGreaterThan(0);
  });

  test("finds at each point, to the last digit, what a run of it finds, whatever the market and the settings are", () => {
    fc.assert(
      fc.property(anySettings, anyMarket, fc.constantFrom(...swept), (chosen, market, [id, axes]) => {
        const plan = planOf({ strategy: id, fixed: {}, axes, settings: chosen });
        const part = barsOf(market, plan.inSample);
        const points = axes.reduce((product, { values }) => product * values.length, 1);
        const chunk = createEvaluator(subjectOf(plan, market), plan)(0, points);
        const places = new Int32Array(axes.length);
        for (let point = 0; point < points; point++) {
          if (chunk.outcomes[point] !== outcomes.ran) continue;
          createSpace(axes, plan.search)(point, places);
          const { metrics } = runBacktest(part, configure(id, paramsAt(axes, places)), chosen);
          expect(readMetrics(chunk.metrics, point * metricNames.length)).toEqual(metrics);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("is the same in whatever chunks, and in whatever order they come", () => {
    const plan = planOf({ windows: walkWindows(600, 3, false) });
    const whole = createCollector(plan);
    whole.add(createEvaluator(subjectOf(plan), plan)(0, 24));
    const parts = createCollector(plan);
    const evaluate = createEvaluator(subjectOf(plan), plan);
    for (const first of [20, 5, 10, 0, 15]) parts.add(evaluate(first, Math.min(5, 24 - first)));
    expect(parts.done()).toBe(24);
    const [one, other] = [parts.finish(), whole.finish()];
    const figuresOf = ({ tally, scored, sharpe, windows, best }: Collected) => {
      return { tally, scored, sharpe, windows, best: best.map(({ point, rank }) => [point, rank]) };
    };
    expect(figuresOf(one)).toEqual(figuresOf(other));
    // Byte by byte, as NaN equals nothing.
    expect(new Uint8Array(one.maps.values.buffer)).toEqual(new Uint8Array(other.maps.values.buffer));
  });

  test("counts points whose parameters do not go together, and goes on", () => {
    // Short windows 10 with long 10; 20 with 10; 30 with 10 and 25: four of twelve pairs, each with two ceilings.
    expect(sweep(planOf()).tally).toEqual({ points: 24, ran: 16, invalid: 8, cold: 0 });
  });

  test("counts points that do not get warm in the part where parameters are chosen", () => {
    const axes = [{ name: "longWindow", values: [50, 399, 400] }];
    // A window of 399 needs 398 sessions to warm up, one to give a signal, one to fill it: 400.
    expect(sweep(planOf({ axes })).tally).toEqual({ points: 3, ran: 2, invalid: 0, cold: 1 });
  });

  test("ranks by the score, of equal ones the earlier point, and what is better low from low to high", () => {
    const { best } = sweep(planOf());
    const scores = best.map(({ inSample }) => inSample.totalReturn ?? 0);
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    const calm = sweep(planOf({ score: "volatility" })).best.map(({ inSample }) => inSample.volatility ?? 0);
    expect(calm).toEqual(calm.toSorted((a, b) => a - b));
    const level = sweep(planOf({ score: "buyAndHold" })).best.map(({ params }) => params);
    expect(level[0]).toEqual({ shortWindow: 5, longWindow: 10, rsiOverbought: 70 });
  });

  test("without a point whose score is defined has no best one", () => {
    const flat = { ...bars, open: bars.open.map(() => 10), close: bars.close.map(() => 10) };
    const result = sweep(planOf({ score: "sharpe" }), flat);
    expect(result).toMatchObject({ scored: 0, best: [], deflated: null, equity: null });
    expect(result.tally.ran).toBe(16);
  });
});

describe("the in-sample part", () => {
  test("alone chooses: what comes after it changes no choice", () => {
    const later = sampleBars(600, 9);
    const changed = { ...bars };
    for (const column of ["open", "high", "low", "close"] as const) {
      changed[column] = bars[column].slice();
      changed[column].set(later[column].subarray(400), 400);
    }
    const [before, after] = [bars, changed].map((given) => sweep(planOf(), given));
    expect(after?.best.map(({ params, inSample }) => ({ params, inSample }))).toEqual(
      before?.best.map(({ params, inSample }) => ({ params, inSample })) ?? [],
    );
    expect(after?.best[0]?.outOfSample).not.toEqual(before?.best[0]?.outOfSample);
    expect(after?.deflated).toEqual(before?.deflated ?? null);
  });

  test("leaves the rest to be run from cash, with indicators that are warm from its first session on", () => {
    const plan = planOf({ axes: [{ name: "shortWindow", values: [10] }], fixed: { longWindow: 199 } });
    const [best] = sweep(plan).best;
    // By itself the second part would only just get warm at its end.
    expect(best?.outOfSample?.exposure).toBeGreaterThan(0.2);
  });
});

describe("a heat map", () => {
  const plan = planOf();
  const { maps, best } = sweep(plan);
  const at = (pair: number, layer: number, metric: (typeof metricNames)[number]) => {
    const place = { pair, layer, metric: metricNames.indexOf(metric), metrics: metricNames.length };
    const offset = mapOffset(maps.pairs, place);
    const { columns = 0, rows = 0 } = maps.pairs[pair] ?? {};
    return maps.values.subarray(offset, offset + columns * rows);
  };
  const metricOf = (params: Record<string, number>, metric: "totalReturn" | "sharpe") =>
    runBacktest(barsOf(bars, plan.inSample), configure("momentum", { ...plan.fixed, ...params }), settings).metrics[
      metric
    ];

  test("there is of each pair of parameters", () => {
    expect(maps.pairs.map(({ x, y, columns, rows }) => ({ x, y, columns, rows }))).toEqual([
      { x: 1, y: 0, columns: 3, rows: 4 },
      { x: 2, y: 0, columns: 2, rows: 4 },
      { x: 2, y: 1, columns: 2, rows: 3 },
    ]);
  });

  test("shows the mean over the other parameters, or the point with the best score", () => {
    const ceilings = [70, 90].map((rsiOverbought) => ({ shortWindow: 10, longWindow: 40, rsiOverbought }));
    const returns = ceilings.map((params) => metricOf(params, "totalReturn") ?? 0);
    const sharpes = ceilings.map((params) => metricOf(params, "sharpe") ?? 0);
    const cell = 1 * 3 + 2;
    expect(at(0, 0, "sharpe")[cell]).toBeCloseTo(((sharpes[0] ?? 0) + (sharpes[1] ?? 0)) / 2, 6);
    const better = (returns[0] ?? 0) >= (returns[1] ?? 0) ? 0 : 1;
    expect(at(0, 1, "sharpe")[cell]).toBeCloseTo(sharpes[better] ?? 0, 6);
  });

  test("has nothing where parameters do not go together", () => {
    expect(at(0, 0, "totalReturn")[2 * 3 + 0]).toBeNaN();
  });

  test("holds the best point of all", () => {
    const highest = at(0, 1, "totalReturn")
      .filter((value) => !Number.isNaN(value))
      .reduce((most, value) => Math.max(most, value));
    expect(highest).toBeCloseTo(best[0]?.inSample.totalReturn ?? 0, 6);
  });

  test("of long axes puts neighbours together, so that it stays a picture", () => {
    const long = sweep(
      planOf({ axes: [{ name: "longWindow", values: Array.from({ length: 250 }, (_, n) => n + 21) }] }),
    );
    expect(long.maps.pairs).toEqual([{ x: 0, y: 0, columns: 84, rows: 1, columnSize: 3, rowSize: 1 }]);
  });
});

describe("a walk-forward test", () => {
  const windows = walkWindows(600, 3, false);
  const plan = planOf({ windows, outOfSample: null, inSample: { from: 0, to: 600 } });
  const { walkForward, best } = sweep(plan);

  test("cuts the sessions into parts, each chosen on the one before it, or on all of them", () => {
    expect(windows.map(({ choose, run }) => [choose.from, choose.to, run.from, run.to])).toEqual([
      [0, 150, 150, 300],
      [150, 300, 300, 450],
      [300, 450, 450, 600],
    ]);
    expect(walkWindows(600, 3, true).map(({ choose }) => choose)).toEqual([
      { from: 0, to: 150 },
      { from: 0, to: 300 },
      { from: 0, to: 450 },
    ]);
    expect(walkWindows(10, 3, false).map(({ run }) => run)).toEqual([
      { from: 3, to: 5 },
      { from: 5, to: 8 },
      { from: 8, to: 10 },
    ]);
  });

  test("chooses on each part what is best there", () => {
    // On the first part, which needs no earlier sessions, that is a sweep of it.
    const alone = sweep(planOf({ inSample: { from: 0, to: 150 }, outOfSample: null }));
    expect(walkForward?.steps[0]?.params).toEqual(alone.best[0]?.params ?? {});
    expect(walkForward?.steps[0]?.score).toBe(alone.best[0]?.inSample.totalReturn ?? 0);
    expect(best.length).toBeGreaterThan(0);
  });

  test("knows nothing of later parts", () => {
    const cut = barsOf(bars, { from: 0, to: 450 });
    const shorter = sweep({ ...plan, inSample: { from: 0, to: 450 }, windows: windows.slice(0, 2) }, cut);
    expect(shorter.walkForward?.steps).toEqual(walkForward?.steps.slice(0, 2) ?? []);
    expect([...(shorter.walkForward?.equity ?? [])]).toEqual([...(walkForward?.equity.subarray(0, 300) ?? [])]);
  });

  test("carries one equity through all parts", () => {
    expect(walkForward).toMatchObject({ from: 150 });
    expect(walkForward?.equity).toHaveLength(450);
    expect(walkForward?.equity[0]).toBe(settings.capital);
    expect(walkForward?.equity.at(-1)).toBe(walkForward?.metrics.finalEquity ?? 0);
  });

  test("holds nothing in a part that had no choice before it", () => {
    const slow = sweep({ ...plan, axes: [{ name: "longWindow", values: [200] }], fixed: { shortWindow: 20 } });
    expect(slow.walkForward?.steps.map(({ params }) => params)).toEqual([
      null,
      { longWindow: 200 },
      { longWindow: 200 },
    ]);
    expect(slow.walkForward?.steps[0]?.outOfSample.exposure).toBe(0);
    expect(new Set(slow.walkForward?.equity.subarray(0, 150))).toEqual(new Set([settings.capital]));
  });
});
