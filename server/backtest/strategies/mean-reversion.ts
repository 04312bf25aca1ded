import { z } from "zod";
import { deviation, simpleAverage } from "../indicators.ts";
import { at, defineStrategy, exceeds, sessions } from "../strategy.ts";
import type { Target } from "../types.ts";

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
    const targets = new Int8Array(close.length);
    let held: Target = 0;
    for (let session = window - 1; session < close.length; session++) {
      const price = at(close, session);
      const mean = at(middle, session);
      const band = deviations * at(width, session);
      if (exceeds(mean - band, price, mean)) held = 1;
      else if (exceeds(price, mean + band, mean)) held = -1;
      else if (held === 1 ? !exceeds(mean, price, mean) : !exceeds(price, mean, mean)) held = 0;
      targets[session] = held;
    }
    return targets;
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
