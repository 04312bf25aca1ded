import { findTickerStrategy } from "../../../server/backtest/strategies/index.ts";
import type { ConfiguredStrategy, defineStrategy } from "../../../server/backtest/strategy.ts";
import type { Bars, Settings, Targets } from "../../../server/backtest/types.ts";

/** Weekdays are of no interest to the core: any rising dates do. */
const dateOf = (session: number) => new Date(Date.UTC(2020, 0, 1 + session)).toISOString().slice(0, 10);

/** Bars from closes alone, or with the opens, highs, lows and dividends that a test is about. */
export function barsOf(columns: {
  close: readonly number[];
  open?: readonly number[];
  high?: readonly number[];
  low?: readonly number[];
  volume?: readonly number[];
  dividends?: readonly number[];
  splitFactor?: readonly number[];
  delisted?: boolean;
}): Bars {
  const { close, open = close } = columns;
  return {
    dates: close.map((_, session) => dateOf(session)),
    open: Float64Array.from(open),
    high: Float64Array.from(columns.high ?? close.map((price, session) => Math.max(price, open[session] ?? price))),
    low: Float64Array.from(columns.low ?? close.map((price, session) => Math.min(price, open[session] ?? price))),
    close: Float64Array.from(close),
    volume: Float64Array.from(columns.volume ?? close.map(() => 1000)),
    dividends: Float64Array.from(columns.dividends ?? close.map(() => 0)),
    splitFactor: Float64Array.from(columns.splitFactor ?? close.map(() => 1)),
    delisted: columns.delisted ?? false,
  };
}

export const targetsOf = (...targets: number[]): Targets => Int8Array.from(targets);

/** The contract's defaults, with a rounder capital. */
export const settingsWith = (changes: Partial<Settings> = {}): Settings => ({
  capital: 1000,
  sizing: { kind: "equity", fraction: 1 },
  fractional: true,
  side: "long",
  commission: { bps: 0, perShare: 0, perOrder: 0 },
  slippage: { bps: 0 },
  stops: { loss: null, profit: null, trailing: null },
  ...changes,
});

export const commission = (changes: Partial<Settings["commission"]>): Settings["commission"] => ({
  bps: 0,
  perShare: 0,
  perOrder: 0,
  ...changes,
});

/** A registered strategy with parameters; throws where they are refused. */
export function configure(id: string, parameters: Record<string, number> = {}): ConfiguredStrategy {
  return configured(findTickerStrategy(id), parameters);
}

export function configured(
  strategy: ReturnType<typeof defineStrategy> | undefined,
  parameters: Record<string, number> = {},
): ConfiguredStrategy {
  const result = strategy?.configure(parameters);
  if (!result?.success) throw result?.error ?? new Error("there is no such strategy");
  return result.strategy;
}

/** A price path that wanders, the same for a seed: rises, falls, gaps and flat stretches. */
export function wander(length: number, seed = 1): Bars {
  let state = seed;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const open: number[] = [];
  const close: number[] = [];
  const high: number[] = [];
  const low: number[] = [];
  let price = 100;
  for (let session = 0; session < length; session++) {
    const isFlat = session % 60 < 6;
    const start = isFlat ? price : price * (1 + (random() - 0.5) * 0.02);
    price = isFlat ? price : start * (1 + (random() - 0.49) * 0.05);
    open.push(start);
    close.push(price);
    high.push(Math.max(start, price) * (1 + random() * 0.01));
    low.push(Math.min(start, price) * (1 - random() * 0.01));
  }
  return barsOf({ open, close, high, low });
}
