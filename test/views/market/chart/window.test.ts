import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { barsOf } from "../../../../views/market/chart/bars.ts";
import {
  barsIn,
  clampWindow,
  moves,
  moveWindow,
  panWindow,
  windowOf,
  zoomOf,
  zoomWindow,
} from "../../../../views/market/chart/window.ts";
import { historyOf } from "./history.ts";

const position = fc.double({ min: -500, max: 3000, noNaN: true });
const drawn = fc.record({
  count: fc.integer({ min: 1, max: 2600 }),
  ends: fc.tuple(position, position).map(([one, other]) => ({ min: Math.min(one, other), max: Math.max(one, other) })),
});
const bars = barsOf(historyOf(Array.from({ length: 400 }, (_, index) => index + 1)), "day");

describe("a stretch of bars", () => {
  test("stays within them, whatever is done to it", () => {
    fc.assert(
      fc.property(drawn, position, fc.double({ min: 0.01, max: 100, noNaN: true }), ({ count, ends }, at, factor) => {
        const stretch = clampWindow(ends, count);
        const made = [
          stretch,
          panWindow(stretch, at, count),
          zoomWindow(stretch, factor, at, count),
          ...moves.map((move) => moveWindow(stretch, move, count)),
        ];
        for (const { min, max } of made) {
          expect(min).toBeGreaterThanOrEqual(-0.5);
          expect(max).toBeLessThanOrEqual(count - 0.5 + 1e-9);
          expect(max - min).toBeGreaterThanOrEqual(Math.min(5, count) - 1e-9);
        }
      }),
    );
  });

  test("keeps its width while it is moved", () => {
    fc.assert(
      fc.property(drawn, position, ({ count, ends }, by) => {
        const stretch = clampWindow(ends, count);
        const moved = panWindow(stretch, by, count);
        expect(moved.max - moved.min).toBeCloseTo(stretch.max - stretch.min, 6);
      }),
    );
  });

  test("is zoomed about the bar under the pointer, and back", () => {
    const stretch = { min: 99.5, max: 199.5 };
    const closer = zoomWindow(stretch, 0.5, 150, 400);
    expect((150 - closer.min) / (closer.max - closer.min)).toBeCloseTo(0.505, 9);
    const back = zoomWindow(closer, 2, 150, 400);
    expect([back.min, back.max].map((end) => Math.round(end * 1e6) / 1e6)).toEqual([99.5, 199.5]);
  });

  test("keeps the newest bar where it is zoomed by a button", () => {
    expect(moveWindow({ min: 299.5, max: 399.5 }, "in", 400)).toEqual({ min: 349.5, max: 399.5 });
    expect(moveWindow({ min: 99.5, max: 199.5 }, "in", 400)).toEqual({ min: 124.5, max: 174.5 });
    expect(moveWindow({ min: 99.5, max: 199.5 }, "later", 400)).toEqual({ min: 149.5, max: 249.5 });
  });

  test("is written as dates and read again", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 394 }), fc.integer({ min: 5, max: 400 }), (first, width) => {
        const stretch = clampWindow({ min: first - 0.5, max: first - 0.5 + width }, 400);
        expect(windowOf(bars, { zoom: zoomOf(bars, stretch), range: "1y" })).toEqual(stretch);
      }),
    );
  });

  test("is the range where the zoom shows nothing", () => {
    const all = { min: -0.5, max: 399.5 };
    expect(windowOf(bars, { zoom: { from: "1999-01-01", to: "1999-02-01" }, range: "all" })).toEqual(all);
    expect(windowOf(bars, { zoom: { from: "2030-01-01", to: "2031-02-01" }, range: "all" })).toEqual(all);
    // A weekend has no bar.
    expect(windowOf(bars, { zoom: { from: "2024-01-06", to: "2024-01-07" }, range: "all" })).toEqual(all);
  });

  test("says which bars it shows", () => {
    expect(barsIn({ min: 9.5, max: 19.5 }, 400)).toEqual({ first: 10, last: 19 });
    expect(barsIn({ min: -0.5, max: 0.5 }, 1)).toEqual({ first: 0, last: 0 });
  });
});
