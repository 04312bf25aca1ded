import { z } from "zod";
import { relativeStrength, simpleAverage } from "../indicators.ts";
import { at, defineStrategy, exceeds, level, ordered, sessions, strength } from "../strategy.ts";

const parameters = z
  .strictObject({
    shortWindow: sessions(1, 20, "Sessions of the short moving average."),
    longWindow: sessions(2, 50, "Sessions of the long moving average."),
    rsiPeriod: sessions(1, 14, "Sessions of the relative strength index, in its rolling-mean form."),
    rsiOverbought: strength(70, "Above or at this index nothing is held long."),
  })
  .superRefine(ordered("shortWindow", "longWindow"));

const warmup = ({ longWindow, rsiPeriod }: z.output<typeof parameters>) => Math.max(longWindow - 1, rsiPeriod);

/** Trend by two moving averages, with a ceiling on how far it has run. */
export const momentum = defineStrategy({
  id: "momentum",
  name: "Momentum",
  description:
    "Long while the short average of closes is above the long one and the RSI is below rsiOverbought; out as soon as either ends. " +
    "Short, where allowed, while the short average is below the long one and the RSI is above 100 - rsiOverbought.",
  parameters,
  warmup,
  signals: ({ close }, configured) => {
    const { shortWindow, longWindow, rsiPeriod, rsiOverbought } = configured;
    const short = simpleAverage(close, shortWindow);
    const long = simpleAverage(close, longWindow);
    const rsi = relativeStrength(close, rsiPeriod);
    const targets = new Int8Array(close.length);
    for (let session = warmup(configured); session < close.length; session++) {
      const price = at(close, session);
      const isRising = exceeds(at(short, session), at(long, session), price);
      const isFalling = exceeds(at(long, session), at(short, session), price);
      if (isRising && exceeds(rsiOverbought, at(rsi, session), 100)) targets[session] = 1;
      else if (isFalling && exceeds(at(rsi, session), 100 - rsiOverbought, 100)) targets[session] = -1;
    }
    return targets;
  },
  panes: (bars, { shortWindow, longWindow, rsiPeriod, rsiOverbought }) => [
    {
      id: "averages",
      title: "Moving averages",
      overlay: true,
      lines: [
        { label: `Average of ${shortWindow}`, values: simpleAverage(bars.close, shortWindow) },
        { label: `Average of ${longWindow}`, values: simpleAverage(bars.close, longWindow) },
      ],
    },
    {
      id: "rsi",
      title: `RSI ${rsiPeriod}`,
      overlay: false,
      lines: [
        { label: "RSI", values: relativeStrength(bars.close, rsiPeriod) },
        level("Overbought", bars, rsiOverbought),
      ],
    },
  ],
});
