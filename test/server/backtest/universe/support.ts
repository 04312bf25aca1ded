import { crossSectionalMomentum } from "../../../../server/backtest/strategies/cross-sectional-momentum.ts";
import type { ConfiguredUniverseStrategy } from "../../../../server/backtest/universe/strategy.ts";
import type {
  CrossSection,
  HeldBars,
  Listing,
  PortfolioSettings,
  Universe,
} from "../../../../server/backtest/universe/types.ts";

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

/** A market in memory: one row of closes a ticker, NaN where it has no bar. */
export type Market = { dates: readonly string[]; closes: readonly Float64Array[] };

/** What the queries read of a market, worked out from its closes: cross sections as they were known, never later than `length`. */
export function universeOf(market: Market, lags: readonly number[], length = market.dates.length): Universe {
  const dates = market.dates.slice(0, length);
  const closes = market.closes.map((own) => own.slice(0, length));
  const rebalances = dates.flatMap((date, session) =>
    dates[session + 1]?.slice(0, 7) === date.slice(0, 7) ? [] : [session],
  );
  const listings: Listing[] = closes.map((own, number) => {
    const last = own.findLastIndex((price) => price > 0);
    return { ticker: `T${number}`, lastDate: dates[last] ?? "", lastClose: own[last] ?? Number.NaN };
  });
  return { dates, listings, sections: rebalances.map((session) => sectionOf(closes, session, lags)) };
}

function sectionOf(closes: readonly Float64Array[], session: number, lags: readonly number[]): CrossSection {
  const returns = lags.map((lag) =>
    Float64Array.from(closes, (own) => {
      const known = [...own.slice(0, session + 1)].filter((price) => price > 0);
      const price = own[session] ?? Number.NaN;
      return price / (known.at(-1 - lag) ?? Number.NaN) - 1;
    }),
  );
  const close = Float64Array.from(closes, (own) => own[session] ?? Number.NaN);
  return { session, close, eligible: Uint8Array.from(close, (price) => (price > 0 ? 1 : 0)), returns };
}

/** Tickers that wander, some of which begin later, pause or end, over weekdays from 2020 on; the same for a seed. */
export function wanderingMarket(tickers: number, length: number, seed = 1): Market {
  let state = seed;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const dates: string[] = [];
  for (let day = Date.UTC(2020, 0, 1); dates.length < length; day += 86_400_000) {
    const date = new Date(day);
    if (date.getUTCDay() % 6 !== 0) dates.push(date.toISOString().slice(0, 10));
  }
  const closes = Array.from({ length: tickers }, (_, number) => {
    const begin = number % 5 === 1 ? Math.floor(random() * length) : 0;
    const end = number % 5 === 2 ? Math.floor(random() * length) : length;
    let price = 5 + 100 * random();
    return Float64Array.from({ length }, (_, session) => {
      price *= 1 + (random() - 0.49) * 0.06;
      const pauses = number % 5 === 3 && session % 17 < 2;
      return session < begin || session >= end || pauses ? Number.NaN : price;
    });
  });
  return { dates, closes };
}
