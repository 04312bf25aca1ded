import { describe, expect, test } from "bun:test";
import { simulate } from "../../../server/backtest/engine.ts";
import { whyNothing } from "../../../server/backtest/nothing-bought.ts";
import type { Settings } from "../../../server/backtest/types.ts";
import { barsOf, commission, settingsWith, targetsOf } from "./support.ts";

/** Why the run over these bars, which buys nothing, buys nothing. */
function why(bars: ReturnType<typeof barsOf>, targets: number[], changes: Partial<Settings> = {}) {
  const settings = settingsWith(changes);
  expect(simulate(bars, targetsOf(...targets), settings).trades).toEqual([]);
  return whyNothing(bars, targetsOf(...targets), settings);
}

describe("a run that bought nothing", () => {
  const bars = barsOf({ close: [30, 20, 25, 40] });

  test("wanted nothing, or nothing that it may follow, or too late", () => {
    expect(why(bars, [0, 0, 0, 0])).toEqual({ kind: "not_wanted" });
    expect(why(bars, [0, -1, 0, 0])).toEqual({ kind: "short_only" });
    expect(why(bars, [0, 0, 0, 1])).toEqual({ kind: "last_close" });
  });

  test("found no session that was traded in", () => {
    const idle = barsOf({ close: [30, 20, 25, 40], open: [30, 20, 0, 40], volume: [10, 10, 10, 0] });
    expect(why(idle, [0, 1, 1, 1])).toEqual({ kind: "not_traded", wanted: 1 });
  });

  test("had too little for one whole share of the day, at the least", () => {
    const settings = { capital: 15, fractional: false, commission: commission({ perOrder: 1 }) };
    expect(why(bars, [1, 1, 1, 1], settings)).toEqual({ kind: "too_dear", session: 1, price: 21, budget: 15 });
    const part = { ...settings, capital: 1000, sizing: { kind: "equity", fraction: 0.01 } } as const;
    expect(why(bars, [0, 1, 1, 1], part)).toEqual({ kind: "too_dear", session: 2, price: 26, budget: 10 });
  });

  test("is told the price as it was quoted", () => {
    const grown = barsOf({ close: [30, 30, 30], splitFactor: [0.01, 0.01, 1] });
    expect(why(grown, [1, 0, 0], { fractional: false })).toEqual({
      ...{ kind: "too_dear", session: 1, price: 3000, budget: 1000 },
    });
  });

  test("asked for less than a whole share, or paid all of it in costs", () => {
    expect(why(bars, [1, 1, 1, 1], { fractional: false, sizing: { kind: "shares", shares: 0.5 } })).toEqual({
      ...{ kind: "below_one", shares: 0.5 },
    });
    expect(why(bars, [1, 1, 1, 1], { capital: 5, commission: commission({ perOrder: 6 }) })).toEqual({
      ...{ kind: "costs", commission: 6, budget: 5 },
    });
  });
});
