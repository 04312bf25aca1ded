import { z } from "zod";
import { relativeStrength } from "../indicators.ts";
import { at, defineStrategy, exceeds, level, ordered, sessions, strength } from "../strategy.ts";
import type { Target } from "../types.ts";

const parameters = z
  .strictObject({
    period: sessions(1, 14, "Sessions of the relative strength index, in its rolling-mean form."),
    oversold: strength(30, "Below this index the strategy buys."),
    overbought: strength(70, "Above this index it sells."),
  })
  .superRefine(ordered("oversold", "overbought"));

/** Buys weakness, sells strength. */
export const rsi = defineStrategy({
  id: "rsi",
  name: "RSI",
  description:
    "Long from an RSI below oversold until one above overbought. Short, where allowed, from an RSI above overbought until one below oversold.",
  parameters,
  warmup: ({ period }) => period,
  signals: ({ close }, { period, oversold, overbought }) => {
    const index = relativeStrength(close, period);
    const targets = new Int8Array(close.length);
    let held: Target = 0;
    for (let session = period; session < close.length; session++) {
      if (exceeds(oversold, at(index, session), 100)) held = 1;
      else if (exceeds(at(index, session), overbought, 100)) held = -1;
      targets[session] = held;
    }
    return targets;
  },
  panes: (bars, { period, oversold, overbought }) => [
    {
      id: "rsi",
      title: `RSI ${period}`,
      overlay: false,
      lines: [
        { label: "RSI", values: relativeStrength(bars.close, period) },
        level("Oversold", bars, oversold),
        level("Overbought", bars, overbought),
      ],
    },
  ],
});
