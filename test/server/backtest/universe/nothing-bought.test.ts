import { expect, test } from "bun:test";
import { whyNothingHeld } from "../../../../server/backtest/universe/nothing-bought.ts";
import { simulatePortfolio } from "../../../../server/backtest/universe/portfolio.ts";
import type { HeldBars } from "../../../../server/backtest/universe/types.ts";
import { heldBars, portfolioWith } from "./support.ts";

function why(bars: HeldBars[], changes: Parameters<typeof portfolioWith>[0]) {
  const selections = [{ session: 0, tickers: [...bars.keys()] }];
  const held = new Map(bars.entries());
  expect(simulatePortfolio(3, selections, held, portfolioWith(changes)).trades).toEqual([]);
  return whyNothingHeld(selections, held, portfolioWith(changes));
}

test("a portfolio that bought nothing says which share came nearest to its part, as it was quoted", () => {
  const bars = [heldBars([90, 90, 90]), heldBars([60, 6, 60], { splitFactor: [0.1, 0.1, 1] })];
  expect(why(bars, { capital: 100, fractional: false })).toEqual({
    ...{ kind: "too_dear", ticker: 1, session: 1, price: 60, part: 50 },
  });
});

test("a portfolio that bought nothing says that nothing was traded, or that costs took all", () => {
  expect(why([heldBars([9, undefined, 9]), heldBars([9, 9, 9], { open: [9, 0, 9] })], {})).toEqual({
    kind: "not_traded",
  });
  const commission = { bps: 0, perShare: 0, perOrder: 500 };
  expect(why([heldBars([9, 9, 9]), heldBars([9, 9, 9])], { commission })).toEqual({
    ...{ kind: "costs", commission: 500, part: 500 },
  });
});
