import { expect, test } from "bun:test";
import fc from "fast-check";
import { type TimelineBar, ticksBetween, toLanes } from "../../../views/pipeline/timeline-lanes.ts";

const bars = fc.array(
  fc
    .record({ from: fc.nat(1000), took: fc.nat(200) })
    .map(({ from, took }): TimelineBar => ({ from, to: from + took, state: "success", label: "", href: "/" })),
  { maxLength: 60 },
);

test("lanes hold every bar once, in order, and none over another", () => {
  fc.assert(
    fc.property(bars, (given) => {
      const lanes = toLanes(given);
      expect(lanes.flat().toSorted((a, b) => a.from - b.from || a.to - b.to)).toEqual(
        given.toSorted((a, b) => a.from - b.from || a.to - b.to),
      );
      for (const lane of lanes) {
        for (const [index, bar] of lane.slice(1).entries())
          expect(bar.from).toBeGreaterThanOrEqual(lane[index]?.to ?? 0);
      }
    }),
  );
});

test("there are as many lanes as bars lie over each other at the most", () => {
  const bar = (from: number, to: number): TimelineBar => ({ from, to, state: "success", label: "", href: "/" });
  expect(toLanes([bar(0, 10), bar(5, 15), bar(10, 20), bar(12, 13)]).map((lane) => lane.length)).toEqual([2, 1, 1]);
});

test("ticks are few, even, and within", () => {
  fc.assert(
    fc.property(fc.nat(2_000_000_000), fc.integer({ min: 1, max: 90_000_000 }), (from, length) => {
      const ticks = ticksBetween(from, from + length, 6);
      expect(ticks.length).toBeLessThanOrEqual(7);
      for (const tick of ticks) expect(tick >= from && tick <= from + length).toBe(true);
      const [first = 0, second = 0] = ticks;
      for (const [index, tick] of ticks.entries()) expect(tick).toBe(first + index * (second - first));
    }),
  );
});
