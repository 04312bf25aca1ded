import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { barsOf } from "../../../../views/market/chart/bars.ts";
import { measure, rebase } from "../../../../views/market/chart/measure.ts";
import { historyOf } from "./history.ts";

describe("rebasing", () => {
  test("makes 100 of the first value in sight, and leaves gaps", () => {
    expect(rebase([50, null, 200, 100, null], 1)).toEqual([25, null, 100, 50, null]);
    expect(rebase([null, 0, null], 0)).toEqual([null, null, null]);
  });

  test("keeps every ratio, whatever it begins with", () => {
    const values = fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(values, fc.nat(), (drawn, at) => {
        const from = at % drawn.length;
        const rebased = rebase(drawn, from);
        expect(rebased[from]).toBeCloseTo(100, 9);
        drawn.forEach((value, index) => {
          expect((rebased[index] ?? 0) / 100 / (value / (drawn[from] ?? 1))).toBeCloseTo(1, 9);
        });
      }),
    );
  });
});

describe("the difference between two bars", () => {
  const data = historyOf([100, 110, 121, 90, 95, 99, 110]);

  test("is told in dollars, percent, sessions and days, the earlier first", () => {
    const found = measure(barsOf(data, "day"), data, 6, 0);
    expect(found).toMatchObject({ from: "2024-01-01", to: "2024-01-09", change: 10, sessions: 6, days: 8 });
    expect(found?.fraction).toBeCloseTo(0.1, 12);
  });

  test("counts sessions between weeks too", () => {
    expect(measure(barsOf(data, "week"), data, 0, 1)).toMatchObject({
      from: "2024-01-05",
      to: "2024-01-09",
      sessions: 2,
    });
  });

  test("is no return from nought, or as traded across a split", () => {
    const split = { date: "2024-01-03", from: 1, to: 2 };
    const traded = { adjusted: false, splits: [split] };
    const bars = barsOf(data, "day");
    expect(measure(bars, traded, 0, 1)?.fraction).toBeCloseTo(0.1, 12);
    expect(measure(bars, traded, 1, 2)?.fraction).toBeNull();
    expect(measure(bars, { adjusted: true, splits: [split] }, 1, 2)?.fraction).toBeCloseTo(0.1, 12);
    expect(measure(barsOf(historyOf([0, 1]), "day"), data, 0, 1)?.fraction).toBeNull();
  });

  test("does not exist where there is no bar", () => {
    expect(measure(barsOf(data, "day"), data, 0, 7)).toBeNull();
  });
});
