import { expect, test } from "bun:test";
import fc from "fast-check";
import { pixelColumns } from "../../../public/chart/columns.ts";

test("columns of pixels hold every bar once, in order, and are no more than bars or pixels", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 500 }),
      fc.integer({ min: 0, max: 3000 }),
      fc.double({ min: 0.05, max: 30, noNaN: true }),
      (from, count, step) => {
        const to = from + count - 1;
        const columns = pixelColumns(from, to, (bar) => bar * step);
        const bars = columns.flatMap(({ first, last }) =>
          Array.from({ length: last - first + 1 }, (_, at) => first + at),
        );
        expect(bars).toEqual(Array.from({ length: count }, (_, at) => from + at));
        expect(columns.length).toBeLessThanOrEqual(Math.min(count, Math.ceil(count * step) + 2));
      },
    ),
  );
});
