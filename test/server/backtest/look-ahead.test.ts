import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { sampleBars } from "../../../server/backtest/checks/sample-bars.ts";
import { findColdSignal, findLookAhead } from "../../../server/backtest/look-ahead.ts";
import { at, decideEach, defineStrategy } from "../../../server/backtest/strategy.ts";
import type { Bars, Targets } from "../../../server/backtest/types.ts";
import { configured } from "./support.ts";

const bars = sampleBars(260);

const cheat = (signals: (bars: Bars) => Targets) =>
  configured(
    defineStrategy({
      id: "cheat",
      name: "Cheat",
      description: "Knows what it cannot know.",
      parameters: z.strictObject({}),
      warmup: () => 5,
      signals,
    }),
  );

describe("the look-ahead check", () => {
  test("catches a strategy that knows tomorrow's close", () => {
    const prophet = cheat(({ close }) =>
      decideEach(close.length, 5, (session) => (at(close, session + 1) > at(close, session) ? 1 : 0)),
    );
    const caught = findLookAhead(prophet, bars);
    expect(caught).toMatchObject({ before: 0, after: 1 });
    expect(caught?.session).toBe((caught?.length ?? 0) - 1);
  });

  test("catches one that compares with the average of the whole history", () => {
    const historian = cheat(({ close }) => {
      const average = close.reduce((sum, price) => sum + price, 0) / close.length;
      return decideEach(close.length, 5, (session) => (at(close, session) < average ? 1 : 0));
    });
    expect(findLookAhead(historian, bars)).not.toBeNull();
  });

  test("catches one that leaves out signals of short histories", () => {
    const late = cheat(({ close }) => new Int8Array(Math.max(0, close.length - 3)));
    expect(findLookAhead(late, bars)).not.toBeNull();
  });
});

describe("the warm-up check", () => {
  test("names the first signal before the strategy is warm", () => {
    const eager = cheat(({ close }) => decideEach(close.length, 2, () => 1));
    expect(findColdSignal(eager, bars)).toBe(2);
  });
});
