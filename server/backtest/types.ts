/**
 * One ticker's sessions in columns, oldest first: prices in dollars, split-adjusted, so that signals and stops see no jump where only
 * the shares changed. All columns are of one length.
 */
export type Bars = {
  /** ISO dates. */
  dates: readonly string[];
  open: Float64Array;
  high: Float64Array;
  low: Float64Array;
  close: Float64Array;
  /** Shares traded. In a session without any, no order is filled. */
  volume: Float64Array;
  /** Cash a share by ex-dividend session, in the shares that the prices are told in; all zero where dividends are left out. */
  dividends: Float64Array;
  /**
   * What brings a price as it was quoted that day to the split-adjusted one, so that an adjusted share is so many shares of that day. It changes at a
   * split: orders are made, rounded and charged in shares of their day.
   */
  splitFactor: Float64Array;
  /** Whether the last bar is the ticker's last ever, so that what is still held is paid out at its close. */
  delisted: boolean;
};

/** What a strategy wants to hold after a session's close: long, nothing or short. */
export type Target = -1 | 0 | 1;

/** One `Target` a session. */
export type Targets = Int8Array;

/** How much an entry buys, or sells short. Never more than the cash pays for, costs included. */
type Sizing =
  | { kind: "equity" /** Part of the equity, from 0 to 1. */; fraction: number }
  | { kind: "shares" /** As they were traded on the day of the entry. */; shares: number }
  | { kind: "cash" /** Dollars, costs included. */; cash: number };

/** Charged on every order, added together: basis points of its value, dollars a share as traded that day, dollars an order. */
export type Commission = { bps: number; perShare: number; perOrder: number };

/**
 * Prices at which a position is left within a session, as fractions of its entry price; the trailing one of the best price
 * since the entry. Null: no such stop.
 */
export type Stops = { loss: number | null; profit: number | null; trailing: number | null };

/** How orders are sized, filled and charged. */
export type Settings = {
  /** Dollars at the start. */
  capital: number;
  sizing: Sizing;
  /** False: only whole shares of the day are traded, and held after a split. */
  fractional: boolean;
  /** `long`: a target of -1 means to hold nothing. */
  side: "long" | "long_short";
  commission: Commission;
  /** Basis points by which a fill is worse than the price that it is made at. */
  slippage: { bps: number };
  stops: Stops;
};

/**
 * Why a position was closed: the strategy's target changed, a short's margin ran out, a stop was reached, the ticker was
 * traded for the last time, a portfolio was rebalanced, or a reverse split left less than one whole share.
 */
export const exitReasons = [
  "signal",
  "margin",
  "stop_loss",
  "take_profit",
  "trailing_stop",
  "delisted",
  "rebalance",
  "cash_in_lieu",
] as const;
export type ExitReason = (typeof exitReasons)[number];

type Exit = { session: number; price: number; profit: number; return: number; reason: ExitReason };

/** One position from its entry to its exit, in split-adjusted shares and prices. Sessions are indexes into the bars; prices include slippage. */
export type Trade = {
  entrySession: number;
  entryPrice: number;
  /** Negative where sold short. */
  shares: number;
  /** Parts of shares that splits left and that were settled in cash, signed as the shares; left out where there were none. */
  settledAtSplits?: number;
  /** Null while the position is open. Profit is net of commissions, with dividends; the return is on the value at entry. */
  exit: Exit | null;
};

/** What came of a run, by session. */
export type Simulation = {
  /** Dollars at the close: `cash + shares × close`. */
  equity: Float64Array;
  cash: Float64Array;
  /** Held at the close, split-adjusted; negative where short. */
  shares: Float64Array;
  trades: Trade[];
  /** Sessions in which a position was held, if only until the open. */
  sessionsHeld: number;
  /** Dollars bought and sold, at fill prices. */
  traded: number;
  /** Dollars of commission and slippage. */
  costs: number;
  /** Dollars of commission alone. */
  commission: number;
  /** Dollars of dividends that were received, less those paid on shorts. */
  dividends: number;
};
