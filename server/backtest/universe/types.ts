import type { Commission, Simulation, Trade } from "../types.ts";

/** A ticker of the universe. Its number, by which everything else names it, is its place in the list of all. */
export type Listing = {
  ticker: string;
  /** ISO date of its last bar, whatever the range of the run. */
  lastDate: string;
  /** That bar's close, adjusted for splits. */
  lastClose: number;
};

/** One rebalance session as it was known at its close: columns of one value a ticker, by its number. */
export type CrossSection = {
  /** As an index into the run's dates. */
  session: number;
  /** In dollars, adjusted for splits; NaN of a ticker that has no bar in the session. */
  close: Float64Array;
  /** 1 for a ticker that has a bar in the session and is not below the strategy's minimums: whom it may choose. */
  eligible: Uint8Array;
  /**
   * By each of the strategy's `lags`, in their order: the close ÷ the ticker's close so many of its own sessions before - 1; NaN where it
   * has no bar that old. Splits between the two change nothing.
   */
  returns: readonly Float64Array[];
};

/** All that a strategy of the universe may look at. */
export type Universe = {
  /** ISO dates of the run's sessions. */
  dates: readonly string[];
  listings: readonly Listing[];
  /** By rebalance, oldest first; the last one is the run's last session, which values everything. */
  sections: readonly CrossSection[];
};

/** What is to be held after a rebalance session's close, the best first; equally weighted. */
export type Selection = { session: number; tickers: readonly number[] };

/** One ticker's bars while it may be held, oldest first, split-adjusted, in columns of one length. */
export type HeldBars = {
  /** Indexes into the run's dates. */
  sessions: Int32Array;
  /** 0 in a session in which nothing was traded, and nothing can be. */
  open: Float64Array;
  close: Float64Array;
  /** Cash a share by ex-dividend session; all zero where dividends are left out. */
  dividends: Float64Array;
  /** What brings a price as it was quoted that day to the split-adjusted one; see `Bars`. */
  splitFactor: Float64Array;
  /** Whether the last bar is the ticker's last ever, so that what is still held is paid out at its close. */
  delisted: boolean;
};

/** How a portfolio is filled and charged. */
export type PortfolioSettings = {
  /** Dollars at the start. */
  capital: number;
  /** Part of the equity that is invested at a rebalance, above 0 to 1. */
  fraction: number;
  fractional: boolean;
  commission: Commission;
  slippage: { bps: number };
};

/**
 * One ticker from its first purchase until nothing of it is left: `shares` are all that were bought, and the prices are the
 * averages of its purchases and of its sales, what was settled in cash at splits among them. Split-adjusted; the factors are of the first purchase's day and of
 * the last sale's.
 */
export type PortfolioTrade = Trade & { ticker: number; splitFactors: { entry: number; exit: number | null } };

/** What is held of a ticker at the last close, in shares of that day and dollars a share as quoted then. */
export type Holding = { ticker: number; shares: number; price: number };

/** What came of a run, by session. `shares` of a portfolio are the number of tickers held. */
export type PortfolioSimulation = Omit<Simulation, "trades"> & { trades: PortfolioTrade[]; holdings: Holding[] };
