import { expect, test } from "bun:test";
import fc from "fast-check";
import { fitGrowth } from "./fit.ts";

const cost = (rates: readonly number[], drivers: readonly number[]) =>
  rates.reduce((sum, rate, driver) => sum + rate * (drivers[driver] ?? 0), 0);

test("what grows by drivers alone is found again, whatever their size", () => {
  const rates = [2e4, 50, 0.03];
  const points = [
    [1, 250, 250_000],
    [1, 750, 750_000],
    [1, 2500, 2_500_000],
    [1, 250, 1_000_000],
  ].map((drivers) => ({ drivers, cost: cost(rates, drivers) }));
  const fit = fitGrowth(points);
  for (const [driver, rate] of rates.entries()) expect((fit.rates[driver] ?? 0) / rate).toBeCloseTo(1, 4);
  expect(fit.worstMiss).toBeLessThan(1e-6);
});

test("one point alone is taken to grow by its last driver, and nothing at all to cost nothing", () => {
  expect(fitGrowth([{ drivers: [1, 50], cost: 100 }])).toEqual({ rates: [0, 2], worstMiss: 0 });
  expect(fitGrowth([{ drivers: [1, 50], cost: 0 }])).toEqual({ rates: [0, 0], worstMiss: 0 });
  expect(fitGrowth([])).toEqual({ rates: [], worstMiss: 0 });
});

test("no rate is below zero, also where the costs fall; the miss says so", () => {
  const falling = [
    { drivers: [1, 1], cost: 10 },
    { drivers: [1, 2], cost: 8 },
  ];
  const fit = fitGrowth(falling);
  expect(fit.rates[1]).toBe(0);
  expect(fit.worstMiss).toBeGreaterThan(0.05);
});

test("any costs have rates that are numbers from zero on", () => {
  const point = fc.record({
    drivers: fc.tuple(fc.constant(1), fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 10_000_000 })),
    cost: fc.double({ min: 0, max: 1e12, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(point, { minLength: 1, maxLength: 6 }), (points) => {
      const { rates, worstMiss } = fitGrowth(points);
      expect([...rates, worstMiss].every((value) => value >= 0 && Number.isFinite(value))).toBe(true);
    }),
  );
});
