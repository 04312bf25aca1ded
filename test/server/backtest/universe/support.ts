import { crossSectionalMomentum } from "../../../../server/backtest/strategies/cross-sectional-momentum.ts";
import type { ConfiguredUniverseStrategy } from "../../../../server/backtest/universe/strategy.ts";
import type { HeldBars, PortfolioSettings } from "../../../../server/backtest/universe/types.ts";

/** Momentum over so many sessions; throws where the parameters are refused. */
export function momentum(parameters: Record<string, number>): ConfiguredUniverseStrategy {
  const configured = crossSectionalMomentum.configure(parameters);
  if (!configured.success) throw configured.error;
  return configured.strategy;
}

/** Bars from closes and opens that are the same where none are given; undefined in a session without a bar. */
export function heldBars(
  close: readonly (number | undefined)[],
  options: {
    open?: readonly number[];
    dividends?: readonly number[];
    splitFactor?: readonly number[];
    delisted?: boolean;
  } = {},
): HeldBars {
  const sessions = close.flatMap((price, session) => (price === undefined ? [] : [session]));
  const columnOf = (values: readonly (number | undefined)[]) =>
    Float64Array.from(sessions, (session) => values[session] ?? 0);
  return {
    sessions: Int32Array.from(sessions),
    open: columnOf(options.open ?? close),
    close: columnOf(close),
    dividends: columnOf(options.dividends ?? []),
    splitFactor: columnOf(options.splitFactor ?? close.map(() => 1)),
    delisted: options.delisted ?? false,
  };
}

export const portfolioWith = (changes: Partial<PortfolioSettings> = {}): PortfolioSettings => ({
  capital: 1000,
  fraction: 1,
  fractional: true,
  commission: { bps: 0, perShare: 0, perOrder: 0 },
  slippage: { bps: 0 },
  ...changes,
});
