import { z } from "zod";
import { deviation, simpleAverage } from "../indicators.ts";
import { at, decideEach, defineStrategy, exceeds, sessions } from "../strategy.ts";

const deviationsAllowed = "has to be a number above 0, up to 10";

/** Bollinger bands: buys what fell out of them, until it is back in the middle. */
export const meanReversion = defineStrategy({
  id: "mean_reversion",
  name: "Mean reversion",
  description:
    "Long from a close below the lower Bollinger band until a close at or above the middle one. Short, where allowed, from a close above the " +
    "upper band until a close at or below the middle one. The bands are population standard deviations around the simple average.",
  parameters: z.strictObject({
    window: sessions(2, 20, "Sessions of the bands."),
    deviations: z
      .number({ error: deviationsAllowed })
      .gt(0, { error: deviationsAllowed })
      .max(10, { error: deviationsAllowed })
      .default(2)
      .meta({ description: "Standard deviations from the middle to each band." }),
  }),
  warmup: ({ window }) => window - 1,
  signals: ({ close }, { window, deviations }) => {
    const middle = simpleAverage(close, window);
    const width = deviation(close, window);
    return decideEach(close.length, window - 1, (session, held) => {
      const price = at(close, session);
      const mean = at(middle, session);
      const band = deviations * at(width, session);
      if (exceeds(mean - band, price, mean)) return 1;
      if (exceeds(price, mean + band, mean)) return -1;
      if (held === 1) return exceeds(mean, price, mean) ? 1 : 0;
      return held === -1 && exceeds(price, mean, mean) ? -1 : 0;
    });
  },
  panes: ({ close }, { window, deviations }) => {
    const middle = simpleAverage(close, window);
    const width = deviation(close, window);
    const band = (side: number) => middle.map((mean, session) => mean + side * deviations * at(width, session));
    const lines = [
      { label: "Upper band", values: band(1) },
      { label: "Middle", values: middle },
      { label: "Lower band", values: band(-1) },
    ];
    return [{ id: "bands", title: `Bollinger bands ${window}, ${deviations}`, overlay: true, lines }];
  },
});
