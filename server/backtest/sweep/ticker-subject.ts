import { leastSessions } from "../backtest.ts";
import { simulateInto } from "../engine.ts";
import { keepIndicators } from "../indicators.ts";
import { definedOnly, figuresOf } from "../metrics.ts";
import type { ConfiguredStrategy, TickerStrategy } from "../strategy.ts";
import type { Bars, Targets } from "../types.ts";
import { barsOf } from "./segments.ts";
import type { PartRun, SweepSubject, Trial } from "./subject.ts";
import type { Segment, SweepPlan } from "./types.ts";

type TickerTrial = Trial & { targets(): Targets };

/** A part that many points are run on. Each run writes over the one before it, of which only figures are kept. */
type Prepared = { bars: Bars; equity: Float64Array; returns: Float64Array };

const prepare = (bars: Bars): Prepared => ({
  bars,
  equity: new Float64Array(bars.dates.length),
  returns: new Float64Array(bars.dates.length),
});

/** Prepares one ticker's bars for many points: indicators are computed once for each window, and kept as long as the bars are. */
export function createTickerSubject(bars: Bars, strategy: TickerStrategy, plan: SweepPlan): SweepSubject<TickerTrial> {
  const { settings } = plan;
  const sessions = bars.dates.length;
  const prepared = new Map<Segment, Prepared>();
  for (const part of [plan.inSample, ...plan.windows.map(({ choose }) => choose)]) {
    prepared.set(part, prepare(barsOf(bars, part)));
  }
  const inSample = prepared.get(plan.inSample)?.bars ?? bars;
  const columns = [inSample, ...(plan.windows.length > 0 ? [bars] : [])];
  for (const { open, high, low, close } of columns)
    for (const column of [open, high, low, close]) keepIndicators(column);

  const figuresIn = ({ bars: held, equity, returns }: Prepared, targets: Targets) =>
    figuresOf(held, simulateInto({ equity }, held, targets, settings), settings, returns);
  const runIn = (part: Segment, targets: Targets): PartRun => {
    const own = prepare(barsOf(bars, part));
    return { equity: own.equity, metrics: definedOnly(figuresIn(own, targets)) };
  };
  return {
    sessions,
    configure: (parameters) => {
      const configured = strategy.configure(parameters);
      return configured.success ? trialOf(configured.strategy) : null;
    },
    runInTurn: (turns) => {
      const whole = { from: turns[0]?.part.from ?? 0, to: turns.at(-1)?.part.to ?? 0 };
      const stitched = new Int8Array(whole.to - whole.from);
      for (const { part, trial } of turns) {
        if (trial !== null) stitched.set(trial.targets().subarray(part.from, part.to), part.from - whole.from);
      }
      return runIn(whole, stitched);
    },
    holdEverything: () => holdTicker(bars, settings.capital),
  };

  function trialOf(ready: ConfiguredStrategy): TickerTrial {
    let whole: Targets | undefined;
    // No strategy looks ahead, so that what it says of a part does not depend on what comes after it.
    const targets = () => (whole ??= ready.signals(bars));
    const targetsOf = (part: Segment) =>
      part === plan.inSample ? ready.signals(inSample) : targets().subarray(part.from, part.to);
    return {
      targets,
      canTrade: (part) => part.to >= leastSessions(ready),
      figures: (part) => figuresIn(prepared.get(part) ?? prepare(barsOf(bars, part)), targetsOf(part)),
      measure: (part) => runIn(part, targetsOf(part)).metrics,
      run: (part) => runIn(part, targetsOf(part)),
    };
  }
}

/** Bought at the first close, without costs, dividends kept as cash. */
function holdTicker({ close, dividends }: Bars, capital: number): Float64Array {
  const first = close[0] ?? Number.NaN;
  let paid = 0;
  return close.map((price, session) => {
    if (session > 0) paid += dividends[session] ?? 0;
    return (capital * (price + paid)) / first;
  });
}
