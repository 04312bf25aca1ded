import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { returnsByMonth, returnsByQuarter, returnsByWeek, returnsByYear } from "../../../server/backtest/periods.ts";

describe("returns by period", () => {
  const dates = ["2019-12-30", "2019-12-31", "2020-01-02", "2020-01-31", "2020-03-02"];
  const equity = Float64Array.from([1000, 1100, 1210, 1210, 605]);

  test("are from the last close before a month to the last one in it", () => {
    expect(returnsByMonth(dates, equity, 1000)).toEqual([
      { period: "2019-12", return: expect.closeTo(0.1, 12) },
      { period: "2020-01", return: expect.closeTo(0.1, 12) },
      { period: "2020-03", return: -0.5 },
    ]);
  });

  test("are by year too", () => {
    expect(returnsByYear(dates, equity, 1000)).toEqual([
      { period: "2019", return: expect.closeTo(0.1, 12) },
      { period: "2020", return: expect.closeTo(-0.45, 12) },
    ]);
  });

  test("are by quarter, and by week from Monday on, across the end of a year", () => {
    expect(returnsByQuarter(dates, equity, 1000).map(({ period }) => period)).toEqual(["2019-Q4", "2020-Q1"]);
    expect(returnsByWeek(dates, equity, 1000)).toEqual([
      { period: "2019-12-30", return: expect.closeTo(0.21, 12) },
      { period: "2020-01-27", return: 0 },
      { period: "2020-03-02", return: -0.5 },
    ]);
  });

  test("are not defined on what is not above zero", () => {
    expect(returnsByMonth(["2020-01-02", "2020-02-03"], Float64Array.from([-5, 10]), 1000)).toEqual([
      { period: "2020-01", return: -1.005 },
      { period: "2020-02", return: null },
    ]);
  });

  test("multiply to the whole", () => {
    const values = fc.array(fc.double({ min: 1, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 40 }), (curve, step) => {
        const days = curve.map((_, session) =>
          new Date(Date.UTC(2019, 10, 20 + session * step)).toISOString().slice(0, 10),
        );
        for (const periods of [returnsByMonth, returnsByYear]) {
          const product = periods(days, Float64Array.from(curve), 1000).reduce(
            (all, row) => all * (1 + (row.return ?? 0)),
            1,
          );
          expect(product / ((curve.at(-1) ?? 0) / 1000)).toBeCloseTo(1, 9);
        }
      }),
    );
  });
});
