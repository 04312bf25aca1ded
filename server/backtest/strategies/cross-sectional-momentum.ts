import { z } from "zod";
import { at, ordered, sessions } from "../strategy.ts";
import { defineUniverseStrategy } from "../universe/strategy.ts";

const holdingsAllowed = "has to be a whole number from 1 to 500";

const atLeastZero = (most: number, description: string) => {
  const error = `has to be a number from 0 to ${most}`;
  return z.number({ error }).min(0, { error }).max(most, { error }).default(0).meta({ description });
};

const parameters = z
  .strictObject({
    // The examples are returns that bars have, so that a sweep of them need count none of the whole market.
    lookback: sessions(
      1,
      252,
      "Sessions before the rebalance, at whose close the return that ranks begins.",
      [63, 252],
    ),
    skip: sessions(
      0,
      21,
      "Sessions before the rebalance, at whose close it ends: the last month tends to reverse.",
      [0, 21],
    ),
    holdings: z
      .int({ error: holdingsAllowed })
      .min(1, { error: holdingsAllowed })
      .max(500, { error: holdingsAllowed })
      .default(50)
      .meta({ description: "Tickers held, the highest returns first.", examples: [25, 50, 100] }),
    minimumPrice: atLeastZero(100_000, "Dollars that the close has to be at the least, as quoted that day."),
    minimumDollarVolume: atLeastZero(1e12, "Dollars that have to be traded in the rebalance session at the least."),
  })
  .superRefine(ordered("skip", "lookback"));

/** Winners of the last year but its last month, as Jegadeesh and Titman (1993) rank them. */
export const crossSectionalMomentum = defineUniverseStrategy({
  id: "cross_sectional_momentum",
  name: "Cross-sectional momentum",
  description:
    "At the last session of each month every ticker with a bar in it, and one `lookback` of its own sessions before, is ranked by its return from the " +
    "close `lookback` sessions before to the close `skip` sessions before. The `holdings` highest are held in equal parts until the next month's.",
  parameters,
  lags: ({ lookback, skip }) => [lookback, skip],
  holdings: ({ holdings }) => holdings,
  minimums: ({ minimumPrice, minimumDollarVolume }) => ({ price: minimumPrice, dollarVolume: minimumDollarVolume }),
  score: ({ returns: [sinceLookback = new Float64Array(), sinceSkip = new Float64Array()] }) =>
    sinceLookback.map((since, row) => (1 + since) / (1 + at(sinceSkip, row)) - 1),
});
