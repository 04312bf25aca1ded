import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatTicks } from "../../views/format.ts";
import { linearTicks, logTicks } from "../../views/ticks.ts";

const scale = fc
  .tuple(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), fc.double({ min: 1.001, max: 1e5, noNaN: true }))
  .map(([min, ratio]) => ({ min, max: min * ratio }));

describe("marks of a scale", () => {
  test("stand at even numbers", () => {
    expect(linearTicks(0, 10, 5)).toEqual([0, 2, 4, 6, 8, 10].slice(0, 6));
    expect(linearTicks(597_000, 623_000, 4)).toEqual([600_000, 610_000, 620_000]);
    expect(linearTicks(-0.12, 0.31, 5)).toEqual([-0.1, 0, 0.1, 0.2, 0.3]);
    expect(linearTicks(5, 5, 5)).toEqual([]);
  });

  test("stand at digits of the decades where the scale is logarithmic", () => {
    expect(logTicks(0.9, 110, 9)).toEqual([1, 2, 5, 10, 20, 50, 100]);
    expect(logTicks(1, 1e6, 3)).toEqual([1, 1000, 1e6]);
    expect(logTicks(150, 250, 6)).toEqual([160, 180, 200, 220, 240]);
    expect(logTicks(0, 10, 5)).toEqual([]);
  });

  test("are ascending, within the scale, and no more than were asked for", () => {
    fc.assert(
      fc.property(scale, fc.integer({ min: 2, max: 12 }), ({ min, max }, most) => {
        for (const marks of [linearTicks(min, max, most), logTicks(min, max, most)]) {
          // A step that divides the scale has a mark at both of its ends.
          expect(marks.length).toBeLessThanOrEqual(most + 1);
          marks.forEach((mark, index) => {
            expect(mark).toBeGreaterThanOrEqual(min * (1 - 1e-6) - (max - min) * 1e-6);
            expect(mark).toBeLessThanOrEqual(max * (1 + 1e-6));
            if (index > 0) expect(mark).toBeGreaterThan(marks[index - 1] ?? 0);
          });
        }
      }),
    );
  });
});

describe("the texts of marks", () => {
  test("have one unit and as many digits as the finest needs", () => {
    expect(formatTicks([8000, 9000, 10_000, 11_000])).toEqual(["8,000", "9,000", "10,000", "11,000"]);
    expect(formatTicks([0, 0.5, 1])).toEqual(["0.0", "0.5", "1.0"]);
    expect(formatTicks([0, 500_000, 1_000_000])).toEqual(["0.0M", "0.5M", "1.0M"]);
    expect(formatTicks([600_000, 610_000])).toEqual(["600,000", "610,000"]);
    expect(formatTicks([-2, 0])).toEqual(["\u22122", "0"]);
  });

  test("have digits of their own over many decades, and tell the smallest", () => {
    expect(formatTicks([0.001, 0.1, 10, 1000])).toEqual(["0.001", "0.1", "10", "1,000"]);
    expect(formatTicks([0.00002, 0.00004])).toEqual(["0.00002", "0.00004"]);
  });

  test("tell different marks apart", () => {
    fc.assert(
      fc.property(scale, fc.integer({ min: 2, max: 12 }), ({ min, max }, most) => {
        for (const marks of [linearTicks(min, max, most), logTicks(min, max, most)]) {
          expect(new Set(formatTicks(marks)).size).toBe(marks.length);
        }
      }),
    );
  });
});
