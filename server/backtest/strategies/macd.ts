import { z } from "zod";
import { exponentialAverage } from "../indicators.ts";
import { at, defineStrategy, exceeds, ordered, sessions } from "../strategy.ts";

const parameters = z
  .strictObject({
    fast: sessions(1, 12, "Sessions of the fast exponential average."),
    slow: sessions(2, 26, "Sessions of the slow exponential average."),
    signal: sessions(1, 9, "Sessions of the signal line, an exponential average of the difference."),
  })
  .superRefine(ordered("fast", "slow"));

function linesOf(close: Float64Array, { fast, slow, signal }: z.output<typeof parameters>) {
  const slowAverage = exponentialAverage(close, slow);
  const line = exponentialAverage(close, fast).map((value, session) => value - at(slowAverage, session));
  return { line, signalLine: exponentialAverage(line, signal) };
}

/** Moving average convergence and divergence. */
export const macd = defineStrategy({
  id: "macd",
  name: "MACD",
  description:
    "Long while the MACD line (fast minus slow exponential average of closes) is above its signal line, out otherwise. Short, where allowed, while " +
    "it is below. Each average begins with the simple average of its first values.",
  parameters,
  warmup: ({ slow, signal }) => slow + signal - 2,
  signals: ({ close }, { fast, slow, signal }) => {
    const { line, signalLine } = linesOf(close, { fast, slow, signal });
    const targets = new Int8Array(close.length);
    for (let session = slow + signal - 2; session < close.length; session++) {
      const price = at(close, session);
      if (exceeds(at(line, session), at(signalLine, session), price)) targets[session] = 1;
      else if (exceeds(at(signalLine, session), at(line, session), price)) targets[session] = -1;
    }
    return targets;
  },
  panes: ({ close }, configured) => {
    const { line, signalLine } = linesOf(close, configured);
    const { fast, slow, signal } = configured;
    const lines = [
      { label: "MACD", values: line },
      { label: "Signal", values: signalLine },
    ];
    return [{ id: "macd", title: `MACD ${fast}, ${slow}, ${signal}`, overlay: false, lines }];
  },
});
