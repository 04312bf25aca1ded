import { sampleDate } from "../../../server/backtest/checks/sample-bars.ts";
import { findTickerStrategy } from "../../../server/backtest/strategies/index.ts";
import type { ConfiguredStrategy, defineStrategy } from "../../../server/backtest/strategy.ts";
import type { Bars, Settings, Targets } from "../../../server/backtest/types.ts";

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
    dates: close.map((_, session) => sampleDate(session)),
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
