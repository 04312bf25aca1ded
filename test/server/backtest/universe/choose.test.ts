import { describe, expect, test } from "bun:test";
import { sampleUniverse } from "../../../../server/backtest/checks/sample-market.ts";
import { chooseHoldings, equalWeights } from "../../../../server/backtest/universe/choose.ts";
import type { Universe } from "../../../../server/backtest/universe/types.ts";
import { momentum } from "./support.ts";

const dates = ["2020-01-30", "2020-01-31", "2020-02-27", "2020-02-28", "2020-03-02"];
const market = (...closes: number[][]) => ({ dates, closes: closes.map((own) => Float64Array.from(own)) });
const none = Number.NaN;

const chosen = (universe: Universe, parameters: Record<string, number>) =>
  chooseHoldings(universe, momentum(parameters)).map(({ session, tickers }) => [session, tickers]);

describe("cross-sectional momentum", () => {
  test("ranks at the last session of each month, and not by the sessions that it skips", () => {
    const universe = sampleUniverse(market([10, 11, 12, 1, 1], [10, 10, 11, 99, 1], [10, 12, 12, 50, 1]), [2, 1]);
    // January has one session before its last: none has two. February ranks 12/11, 11/10 and 12/12 from session 1 to 2.
    expect(chosen(universe, { lookback: 2, skip: 1, holdings: 2 })).toEqual([
      [1, []],
      [3, [1, 0]],
    ]);
  });

  test("takes the first in the alphabet of equal ones", () => {
    const universe = sampleUniverse(market([5, 6, 5, 6, 6], [10, 12, 10, 12, 1], [1, 1, 1, 1, 1]), [1, 0]);
    expect(chosen(universe, { lookback: 1, skip: 0, holdings: 1 })).toEqual([
      [1, [0]],
      [3, [0]],
    ]);
  });

  test("leaves out who has no bar in the session, and counts each ticker's own sessions", () => {
    const universe = sampleUniverse(
      market([10, none, 20, none, 9], [10, 11, none, 12, 1], [10, 10, 10, 10, 1]),
      [2, 0],
    );
    // The second ticker's two sessions before 12 end at 10.
    expect(chosen(universe, { lookback: 2, skip: 0, holdings: 3 })).toEqual([
      [1, []],
      [3, [1, 2]],
    ]);
  });

  test("wants nothing after the last session, whose wishes nobody could fill", () => {
    const universe = sampleUniverse(market([1, 2, 3, 4, 5]), [1, 0]);
    expect(universe.sections.map(({ session }) => session)).toEqual([1, 3, 4]);
    expect(chosen(universe, { lookback: 1, skip: 0, holdings: 1 }).map(([session]) => session)).toEqual([1, 3]);
  });

  test("chooses among survivors alone where it is told to", () => {
    const universe = sampleUniverse(market([1, 9, 9, none, none], [1, 2, 3, 4, 5]), [1, 0]);
    const strategy = momentum({ lookback: 1, skip: 0, holdings: 1 });
    const survives = (ticker: number) => universe.listings[ticker]?.lastDate === "2020-03-02";
    expect(chooseHoldings(universe, strategy)[0]?.tickers).toEqual([0]);
    expect(chooseHoldings(universe, strategy, survives)[0]?.tickers).toEqual([1]);
  });

  test("holds the best of many, in their order", () => {
    const closes = Array.from({ length: 400 }, (_, ticker) => [1, 1 + ((ticker * 7919) % 400) / 100, 1, 1, 1]);
    const universe = sampleUniverse(market(...closes), [1, 0]);
    const [first] = chooseHoldings(universe, momentum({ lookback: 1, skip: 0, holdings: 50 }));
    const rank = (ticker: number) => (ticker * 7919) % 400;
    expect(first?.tickers.map(rank)).toEqual(Array.from({ length: 50 }, (_, index) => 399 - index));
  });

  test("refuses to skip what it looks back on", () => {
    expect(() => momentum({ lookback: 20, skip: 20 })).toThrow("has to be less than lookback");
    expect(() => momentum({ holdings: 0 })).toThrow("has to be a whole number from 1 to 500");
  });
});

describe("the equally weighted universe", () => {
  test("grows by the mean of its tickers' changes from rebalance to rebalance", () => {
    // +100 % and 0 %, then -50 % and +50 %.
    const universe = sampleUniverse(market([1, 10, 1, 20, 10], [1, 10, 1, 10, 15]), []);
    expect([...equalWeights(universe)]).toEqual([1, 1.5, 1.5]);
  });

  test("counts who falls below a minimum in between with the fall", () => {
    const universe = sampleUniverse(market([1, 10, 1, 2, 2], [1, 10, 1, 10, 10]), []);
    const [first, second, last] = universe.sections;
    if (!first || !second || !last) throw new Error("there are three sections");
    const sections = [first, { ...second, eligible: Uint8Array.of(0, 1) }, { ...last, close: Float64Array.of(9, 20) }];
    // 0.2 and 1; then only the second is held, and doubles.
    expect([...equalWeights({ ...universe, sections })]).toEqual([1, 0.6, 1.2]);
  });

  test("counts who was traded for the last time at the last close, and who pauses as unchanged", () => {
    // Ended at 4 after 10: 0.4; paused at 10: 1.
    const universe = sampleUniverse(market([1, 10, 4, none, none], [1, 10, 7, none, 30]), []);
    expect([...equalWeights(universe)]).toEqual([1, 0.7, 0.7]);
  });
});
