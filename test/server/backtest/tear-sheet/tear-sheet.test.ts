import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { sessionsBetween } from "../../../../jobs/market/calendar.ts";
import {
  figureDefinitions,
  figureGroups,
  relativeDefinitions,
} from "../../../../server/backtest/tear-sheet/definitions.ts";
import { histogramsOf } from "../../../../server/backtest/tear-sheet/distribution.ts";
import { measureTearSheet, type ReferenceCurve } from "../../../../server/backtest/tear-sheet/tear-sheet.ts";

const sessions = sessionsBetween("2020-01-02", "2020-12-31");
const settings = { capital: 100, riskFree: 0 };
const sheetOf = (equity: readonly number[], reference: ReferenceCurve | null = null) =>
  measureTearSheet(
    { dates: sessions.slice(0, equity.length), equity: Float64Array.from(equity), exposure: 1 },
    reference,
    settings,
  );

describe("a tear sheet", () => {
  test("has null where a figure is not defined: one session, and a run that never moved", () => {
    const { figures, rolling, drawdowns } = sheetOf([100]).run;
    expect(figures).toMatchObject({ totalReturn: 0, sharpe: null, skew: null, winDays: null, averageDrawdown: null });
    expect(figures).toMatchObject({ threeMonths: null, tenYears: null, calmar: null, riskOfRuin: null });
    expect([...(rolling?.sharpe ?? [])]).toEqual([Number.NaN]);
    expect(drawdowns).toEqual([]);
    const still = sheetOf(Array.from({ length: 200 }, () => 100)).run;
    expect(still.figures).toMatchObject({ volatility: 0, sharpe: null, omega: null, tailRatio: null, kurtosis: null });
    expect(still.rolling?.sharpe.every(Number.isNaN)).toBe(true);
    expect(still.rolling?.volatility.at(-1)).toBe(0);
  });

  test("has no figure that is not finite, whatever the equity became", () => {
    const equity = fc.array(fc.oneof(fc.double({ min: -50, max: 1e6, noNaN: true }), fc.constantFrom(0, 100)), {
      ...{ minLength: 1, maxLength: 200 },
    });
    fc.assert(
      fc.property(equity, equity, (own, other) => {
        const length = Math.min(own.length, other.length);
        const reference = { equity: Float64Array.from(other.slice(0, length)), knownBy: "session" } as const;
        const { run, benchmark, relative } = sheetOf(own.slice(0, length), reference);
        const all = [run.figures, benchmark?.figures ?? {}, relative ?? {}, ...Object.values(run.distributions)];
        const values = all.flatMap((figures) => Object.values(figures ?? {}));
        expect(values.filter((value) => value !== null && !Number.isFinite(value))).toEqual([]);
      }),
    );
  });

  test("does not change the curves that it is given", () => {
    const equity = Float64Array.of(100, 90, 110);
    measureTearSheet({ dates: sessions.slice(0, 3), equity, exposure: 1 }, { equity, knownBy: "session" }, settings);
    expect([...equity]).toEqual([100, 90, 110]);
  });

  test("lists drawdowns by depth, the first session among them, and one that lasts as without recovery", () => {
    const { drawdowns } = sheetOf([95, 100, 110, 99, 88, 112, 111]).run;
    expect(drawdowns.map(({ depth }) => Number(depth.toFixed(4)))).toEqual([-0.2, -0.05, -0.0089]);
    const [deepest, first, last] = drawdowns;
    expect(deepest).toMatchObject({ start: "2020-01-07", valley: "2020-01-08", end: "2020-01-08", days: 2 });
    expect(deepest?.recovery).toBe("2020-01-09");
    expect(first).toMatchObject({ start: "2020-01-02", end: "2020-01-02", recovery: "2020-01-03", days: 1 });
    expect(last?.recovery).toBeNull();
  });

  test("tells of a benchmark that is known by month what months tell, and nothing else", () => {
    const rising = sessions.map((_, session) => 100 + session);
    const reference = Float64Array.from(sessions, (date) => 100 + Number(date.slice(5, 7)));
    const sheet = sheetOf(rising, { equity: reference, knownBy: "month", alpha: 0.1, beta: 2 });
    const figures = sheet.benchmark?.figures;
    expect(figures).toMatchObject({ sharpe: null, maxDrawdown: null, winDays: null, threeMonths: null, winMonths: 1 });
    expect(figures?.totalReturn).toBeCloseTo(0.12, 12);
    expect(sheet.benchmark).toMatchObject({ drawdowns: [], underwater: null, rolling: null });
    expect(sheet.benchmark?.distributions.day).toBeNull();
    expect(sheet.benchmark?.distributions.month?.count).toBe(12);
    expect(sheet.rollingBeta).toBeNull();
    expect(sheet.relative).toMatchObject({ alpha: 0.1, beta: 2, correlation: null, informationRatio: null });
    expect(sheet.relative?.treynor).toBeCloseTo((sheet.run.figures.cagr ?? 0) / 2, 12);
  });
});

describe("definitions of a tear sheet", () => {
  test("stand in one group each, with a sentence", () => {
    const grouped = figureGroups.flatMap(({ names }) => names);
    expect(grouped.toSorted()).toEqual((Object.keys(figureDefinitions) as typeof grouped).toSorted());
    for (const { formula, label } of Object.values({ ...figureDefinitions, ...relativeDefinitions })) {
      expect(formula).toEndWith(".");
      expect(label).not.toBe("");
    }
  });
});

describe("histograms", () => {
  test("share classes with round limits, the upper one not included", () => {
    const [own, other] = histogramsOf([Float64Array.of(-0.021, 0, 0.01), Float64Array.of(0.019)]) ?? [];
    expect(own?.width).toBe(0.0025);
    expect(own?.from).toBeCloseTo(-0.0225, 12);
    expect(own?.counts.reduce((sum, count) => sum + count)).toBe(3);
    expect(other?.counts).toHaveLength(own?.counts.length ?? 0);
    expect(histogramsOf([new Float64Array(0)])).toBeNull();
    expect(histogramsOf([Float64Array.of(0.5)])?.[0]?.counts).toEqual([1]);
  });
});
