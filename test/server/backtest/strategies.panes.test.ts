import { describe, expect, test } from "bun:test";
import { sampleBars } from "../../../server/backtest/checks/sample-bars.ts";
import { tickerStrategies } from "../../../server/backtest/strategies/index.ts";
import { barsOf, configure, configured } from "./support.ts";

const bars = sampleBars(120);

describe.each(tickerStrategies.map((strategy) => [strategy.id, strategy] as const))("%s", (_id, strategy) => {
  const panes = configured(strategy).panes(bars);

  test("tells each pane and line apart by its name", () => {
    const lines = panes.flatMap((pane) => pane.lines.map((line) => ({ ...line, pane: pane.id })));
    expect(new Set(lines.map(({ pane, label }) => `${pane} ${label}`)).size).toBe(lines.length);
    expect(new Set(panes.map(({ id }) => id)).size).toBe(panes.length);
  });
});

test("the channel that is drawn is the one that a close breaks", () => {
  const drawn = configure("donchian", { entry: 2, exit: 1 }).panes(
    barsOf({ close: [1, 2, 3, 4], high: [1, 5, 3, 9], low: [1, 2, 3, 4] }),
  );
  expect(drawn[0]?.lines.map(({ label, values }) => [label, values[3]])).toEqual([
    ["Highest of 2", 5],
    ["Lowest of 2", 2],
    ["Highest of 1", 3],
    ["Lowest of 1", 3],
  ]);
});

test("the bands that are drawn stand as far from the middle as the parameter says", () => {
  const [pane] = configure("mean_reversion", { window: 2, deviations: 3 }).panes(barsOf({ close: [1, 3] }));
  expect(pane?.overlay).toBe(true);
  expect(pane?.lines.map(({ values }) => values[1])).toEqual([5, 2, -1]);
});
