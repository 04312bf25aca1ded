import { z } from "zod";
import { highest, lowest } from "../indicators.ts";
import { at, defineStrategy, ordered, sessions } from "../strategy.ts";
import type { Target } from "../types.ts";

const parameters = z
  .strictObject({
    entry: sessions(1, 20, "Sessions before, whose highest high a close has to break to enter."),
    exit: sessions(1, 10, "Sessions before, whose lowest low a close has to break to leave."),
  })
  .superRefine(ordered("exit", "entry", { orEqual: true }));

/** Breakout of the channel of earlier highs and lows. */
export const donchian = defineStrategy({
  id: "donchian",
  name: "Donchian breakout",
  description:
    "Long from a close above the highest high of the `entry` sessions before it until a close below the lowest low of the `exit` sessions before it. " +
    "Short, where allowed, from a close below the lowest low of `entry` sessions until one above the highest high of `exit` sessions.",
  parameters,
  warmup: ({ entry }) => entry,
  signals: ({ high, low, close }, { entry, exit }) => {
    const entryHigh = highest(high, entry);
    const entryLow = lowest(low, entry);
    const exitHigh = highest(high, exit);
    const exitLow = lowest(low, exit);
    const targets = new Int8Array(close.length);
    let held: Target = 0;
    for (let session = entry; session < close.length; session++) {
      const price = at(close, session);
      if (price > at(entryHigh, session - 1)) held = 1;
      else if (price < at(entryLow, session - 1)) held = -1;
      else if (held === 1 ? price < at(exitLow, session - 1) : !(price <= at(exitHigh, session - 1))) held = 0;
      targets[session] = held;
    }
    return targets;
  },
  panes: ({ high, low }, { entry, exit }) => {
    // A close breaks the channel of the sessions before its own, so that is the channel to draw it with.
    const before = (values: Float64Array) => values.map((_, session) => at(values, session - 1));
    const lines = [
      { label: `Highest of ${entry}`, values: before(highest(high, entry)) },
      { label: `Lowest of ${entry}`, values: before(lowest(low, entry)) },
      { label: `Highest of ${exit}`, values: before(highest(high, exit)) },
      { label: `Lowest of ${exit}`, values: before(lowest(low, exit)) },
    ];
    return [{ id: "channels", title: "Donchian channels", overlay: true, lines }];
  },
});
