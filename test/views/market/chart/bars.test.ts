import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { barAt, barsOf, firstFrom, spansOf } from "../../../../views/market/chart/bars.ts";
import { intervals } from "../../../../views/market/chart/state.ts";
import { historyOf } from "./history.ts";

const closes = fc.array(fc.double({ min: 0.0001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });
const sum = (values: readonly number[]) => values.reduce((one, other) => one + other, 0);

describe("bars of an interval", () => {
  test("begin with the week on Monday and with the month on its first session", () => {
    const dates = ["2024-01-04", "2024-01-05", "2024-01-08", "2024-01-31", "2024-02-01"];
    expect(spansOf(dates, "week")).toEqual([0, 2, 3, 5]);
    expect(spansOf(dates, "month")).toEqual([0, 4, 5]);
    expect(spansOf(dates, "day")).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("have the first open, the highest high, the lowest low, the last close and all shares", () => {
    const data = historyOf([10, 30, 20, 40, 50, 60]);
    data.indicators = [{ column: "x", label: "X", hint: "", kind: "number", pane: "x", values: [1, 2, 3, 4, null, 6] }];
    data.compare = [{ ticker: "B", close: [7, null, null, null, null, null] }];
    const bars = barsOf(data, "week");
    expect([bars.start, bars.date]).toEqual([
      ["2024-01-01", "2024-01-08"],
      ["2024-01-05", "2024-01-08"],
    ]);
    expect([bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.volume[0]]).toEqual([9.9, 51, 9.7, 50, 15]);
    expect([bars.indicators[0], bars.compare[0]]).toEqual([
      [4, 6],
      [7, null],
    ]);
    expect(bars.session).toEqual([4, 5]);
  });

  test("lose no session, no share, no high and no low", () => {
    fc.assert(
      fc.property(closes, fc.constantFrom(...intervals), (drawn, interval) => {
        const data = historyOf(drawn);
        const bars = barsOf(data, interval);
        expect(sum(bars.volume)).toBe(sum(data.volume));
        expect([Math.max(...bars.high), Math.min(...bars.low)]).toEqual([
          Math.max(...data.high),
          Math.min(...data.low),
        ]);
        expect([bars.open[0], bars.close.at(-1), bars.session.at(-1)]).toEqual([
          data.open[0],
          data.close.at(-1),
          data.date.length - 1,
        ]);
        bars.date.forEach((date, index) => {
          expect((bars.start[index] ?? "") <= date).toBe(true);
          expect(bars.low[index] ?? 0).toBeLessThanOrEqual(bars.close[index] ?? 0);
          expect(bars.high[index] ?? 0).toBeGreaterThanOrEqual(bars.close[index] ?? 0);
        });
      }),
    );
  });

  test("of days are the sessions themselves", () => {
    const data = historyOf([1, 2, 3]);
    const { date, open, close } = barsOf(data, "day");
    expect({ date, open, close }).toEqual({ date: data.date, open: data.open, close: data.close });
  });

  test("tell in which of them a date lies", () => {
    const bars = barsOf(historyOf([1, 2, 3, 4, 5, 6, 7]), "week");
    expect(["2023-01-01", "2024-01-03", "2024-01-06", "2024-01-09", "2024-01-10"].map((at) => barAt(bars, at))).toEqual(
      [0, 0, 1, 1, -1],
    );
    expect(firstFrom([], "2024-01-01")).toBe(-1);
  });
});
