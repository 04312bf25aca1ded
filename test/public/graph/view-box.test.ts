import { expect, test } from "bun:test";
import fc from "fast-check";
import { panned, zoomed } from "../../../public/graph/view-box.ts";

const whole = { x: 0, y: 0, width: 1800, height: 900 };
const point = fc.record({ x: fc.integer({ min: 0, max: 1800 }), y: fc.integer({ min: 0, max: 900 }) });
const move = fc.record({ x: fc.integer({ min: -3000, max: 3000 }), y: fc.integer({ min: -3000, max: 3000 }) });
const factor = fc.double({ min: 0.05, max: 20, noNaN: true });

const holds = (inner: typeof whole) => {
  expect(inner.x).toBeGreaterThanOrEqual(-1e-6);
  expect(inner.y).toBeGreaterThanOrEqual(-1e-6);
  expect(inner.x + inner.width).toBeLessThanOrEqual(whole.width + 1e-6);
  expect(inner.y + inner.height).toBeLessThanOrEqual(whole.height + 1e-6);
  expect(inner.width / inner.height).toBeCloseTo(2, 6);
};

test("whatever is zoomed and dragged, what is seen lies within the whole and keeps its shape", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ factor, at: point, by: move }), { maxLength: 12 }), (steps) => {
      let seen = whole;
      for (const { factor: by, at, by: shift } of steps) {
        seen = panned(zoomed(seen, whole, by, at), whole, shift);
        holds(seen);
      }
    }),
  );
});

test("the point under the pointer stays under it", () => {
  const closer = zoomed(whole, whole, 0.5, { x: 450, y: 300 });
  expect(closer).toEqual({ x: 225, y: 150, width: 900, height: 450 });
  expect((450 - closer.x) / closer.width).toBeCloseTo(450 / 1800);
});

test("there is a closest look, and the farthest is the whole", () => {
  expect(zoomed(whole, whole, 0.0001, { x: 0, y: 0 }).width).toBe(150);
  expect(zoomed({ ...whole, width: 900, height: 450 }, whole, 50, { x: 0, y: 0 })).toEqual(whole);
});
