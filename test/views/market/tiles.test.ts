import { expect, test } from "bun:test";
import fc from "fast-check";
import { tilesOf } from "../../../views/market/tiles.ts";

const weights = fc
  .array(fc.double({ min: 0.01, max: 1000, noNaN: true }), { minLength: 1, maxLength: 40 })
  .map((drawn) => drawn.sort((one, other) => other - one));

test("tiles are as large as their weights, within the map, and none covers another", () => {
  fc.assert(
    fc.property(weights, fc.double({ min: 0.3, max: 5, noNaN: true }), (drawn, aspect) => {
      const tiles = tilesOf(drawn, aspect);
      const total = drawn.reduce((one, other) => one + other, 0);
      tiles.forEach((tile, index) => {
        expect(tile.width * tile.height).toBeCloseTo((drawn[index] ?? 0) / total, 9);
        expect(Math.min(tile.x, tile.y)).toBeGreaterThanOrEqual(-1e-9);
        expect(Math.max(tile.x + tile.width, tile.y + tile.height)).toBeLessThanOrEqual(1 + 1e-9);
        for (const other of tiles.slice(index + 1)) {
          const over = (at: "x" | "y", size: "width" | "height") =>
            Math.min(tile[at] + tile[size], other[at] + other[size]) - Math.max(tile[at], other[at]);
          expect(Math.min(over("x", "width"), over("y", "height"))).toBeLessThanOrEqual(1e-9);
        }
      });
    }),
  );
});

test("four alike are a square of squares", () => {
  expect(tilesOf([1, 1, 1, 1], 1)).toEqual([
    { x: 0, y: 0, width: 0.5, height: 0.5 },
    { x: 0, y: 0.5, width: 0.5, height: 0.5 },
    { x: 0.5, y: 0, width: 0.5, height: 0.5 },
    { x: 0.5, y: 0.5, width: 0.5, height: 0.5 },
  ]);
});
