import { commissionOn, partOfShare, wholeOf } from "../shares.ts";
import { at } from "../strategy.ts";
import type { ExitReason } from "../types.ts";
import type { HeldBars, Holding, PortfolioSettings, PortfolioSimulation, PortfolioTrade, Selection } from "./types.ts";

type Position = {
  trade: PortfolioTrade;
  bars: HeldBars;
  /** The bar of this session, or the next one there is. */
  cursor: number;
  /** Split factor of the day that shares and prices are told in. */
  factor: number;
  /** Of the day. */
  shares: number;
  /** As it was quoted, in shares of the day. */
  lastClose: number;
  /** No longer wanted: sold at the next open there is. */
  isLeaving: boolean;
  spent: number;
  received: number;
  fees: number;
  dividends: number;
};

type State = {
  settings: PortfolioSettings;
  cash: number;
  /** By ticker. */
  positions: Map<number, Position>;
  trades: PortfolioTrade[];
  traded: number;
  commission: number;
  slippage: number;
  dividends: number;
};

/**
 * Holds what was selected by the rules in `rules.ts`: what is chosen at the close of session t is traded at the open of t + 1, sales
 * first. `bars` are needed of every ticker from its selection to its sale. The run has `length` sessions from session `first` of those that
 * selections, bars and trades count by; its columns begin with it. It reckons in shares of the day, whose number changes at a split.
 */
export function simulatePortfolio(
  length: number,
  selections: readonly Selection[],
  bars: ReadonlyMap<number, HeldBars>,
  settings: PortfolioSettings,
  first = 0,
): PortfolioSimulation {
  const equity = new Float64Array(length);
  const cash = new Float64Array(length);
  const shares = new Float64Array(length);
  const chosen = new Map(selections.map((selection) => [selection.session, selection.tickers]));
  const state = begin(settings);
  let sessionsHeld = 0;
  for (let session = first; session < first + length; session++) {
    const wasHeld = state.positions.size > 0;
    for (const position of [...state.positions.values()]) reach(state, position, session);
    const wanted = chosen.get(session - 1);
    if (wanted !== undefined) rebalance(state, wanted, bars, session);
    else sellLeavers(state, session);
    if (wasHeld || state.positions.size > 0) sessionsHeld++;
    let worth = 0;
    for (const position of [...state.positions.values()]) worth += closeSession(state, position, session);
    cash[session - first] = state.cash;
    shares[session - first] = state.positions.size;
    equity[session - first] = state.cash + worth;
  }
  const { trades, traded, commission, slippage, dividends } = state;
  const costs = commission + slippage;
  const holdings = [...state.positions.values()].map(
    (position): Holding => ({ ticker: position.trade.ticker, shares: position.shares, price: position.lastClose }),
  );
  return { equity, cash, shares, trades, sessionsHeld, traded, costs, commission, dividends, holdings };
}

const begin = (settings: PortfolioSettings): State => ({
  settings,
  cash: settings.capital,
  positions: new Map(),
  trades: [],
  traded: 0,
  commission: 0,
  slippage: 0,
  dividends: 0,
});

/** Moves on to a session's bar: splits what is held, and takes the dividend that is paid to who held before it. */
function reach(state: State, position: Position, session: number): void {
  const { bars } = position;
  while ((bars.sessions[position.cursor] ?? session) < session) position.cursor++;
  if (!hasBar(position, session)) return;
  const factor = at(bars.splitFactor, position.cursor);
  // Before the dividend: on the day of a split it is paid on the new shares.
  if (factor !== position.factor) split(state, position, factor, session);
  const paid = position.shares * (at(bars.dividends, position.cursor) / factor);
  position.dividends += paid;
  state.dividends += paid;
  state.cash += paid;
}

/** As many shares more as the price of one is less. Where only whole ones are held, parts of one are settled at the close before. */
function split(state: State, position: Position, factor: number, session: number): void {
  position.shares *= factor / position.factor;
  position.lastClose *= position.factor / factor;
  position.factor = factor;
  if (state.settings.fractional) return;
  const part = partOfShare(position.shares, 1);
  const isAll = part === position.shares;
  position.shares = isAll ? 0 : wholeOf(position.shares);
  position.received += part * position.lastClose;
  state.cash += part * position.lastClose;
  if (isAll) settle(state, position, session, "cash_in_lieu");
}

const hasBar = ({ bars, cursor }: Position, session: number): boolean => bars.sessions[cursor] === session;

/** The quoted price that orders of a session are filled at before slippage; 0 where nothing is traded. */
const openOf = (position: Position, session: number): number =>
  hasBar(position, session) ? at(position.bars.open, position.cursor) / position.factor : 0;

/** What is held after a session, in dollars; nothing of what was traded for the last time, which is paid out. */
function closeSession(state: State, position: Position, session: number): number {
  const { bars, cursor } = position;
  if (hasBar(position, session)) {
    position.lastClose = at(bars.close, cursor) / position.factor;
    if (bars.delisted && cursor === bars.sessions.length - 1) {
      position.received += position.shares * position.lastClose;
      state.cash += position.shares * position.lastClose;
      settle(state, position, session, "delisted");
      return 0;
    }
  }
  return position.shares * position.lastClose;
}

function sellLeavers(state: State, session: number): void {
  for (const position of [...state.positions.values()]) {
    const open = openOf(position, session);
    if (position.isLeaving && open > 0) sell(state, position, position.shares, open, session);
  }
}

/** Brings every position to an equal part of the equity at this session's open. */
function rebalance(
  state: State,
  wanted: readonly number[],
  bars: ReadonlyMap<number, HeldBars>,
  session: number,
): void {
  const { fractional, fraction } = state.settings;
  const isWanted = new Set(wanted);
  let equity = state.cash;
  for (const position of state.positions.values()) {
    position.isLeaving = !isWanted.has(position.trade.ticker);
    equity += position.shares * (openOf(position, session) || position.lastClose);
  }
  sellLeavers(state, session);
  const part = (equity * fraction) / wanted.length;
  const purchases: { position: Position; open: number; size: number }[] = [];
  for (const ticker of wanted) {
    const position = state.positions.get(ticker) ?? prospect(ticker, bars, session);
    const open = position === null ? 0 : openOf(position, session);
    if (position === null || !(open > 0)) continue;
    const size = (fractional ? part / open : wholeOf(part / open)) - position.shares;
    if (size < 0) sell(state, position, -size, open, session);
    else if (size > 0) purchases.push({ position, open, size });
  }
  const scale = affordable(state, purchases);
  for (const { position, open, size } of purchases) buy(state, position, size * scale, open, session);
}

/** A position that is not held yet; null of a ticker without bars. */
function prospect(ticker: number, bars: ReadonlyMap<number, HeldBars>, session: number): Position | null {
  const own = bars.get(ticker);
  if (own === undefined) return null;
  const cursor = firstFrom(own.sessions, session);
  const factor = at(own.splitFactor, Math.min(cursor, own.sessions.length - 1));
  const splitFactors = { entry: factor, exit: null };
  const trade: PortfolioTrade = { ticker, entrySession: session, entryPrice: 0, shares: 0, splitFactors, exit: null };
  const empty = { factor, shares: 0, lastClose: 0, spent: 0, received: 0, fees: 0, dividends: 0 };
  return { trade, bars: own, cursor, isLeaving: false, ...empty };
}

/** The place of the first bar in or after a session; their number where there is none. Halved, as a sweep's bars are of years. */
function firstFrom(sessions: Int32Array, session: number): number {
  let [low, high] = [0, sessions.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sessions[middle] ?? session) < session) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The part of what is to be bought that the cash pays for, costs included: all purchases are cut in proportion. */
function affordable(state: State, purchases: readonly { open: number; size: number }[]): number {
  const { commission, slippage } = state.settings;
  const fixed = commission.perOrder * purchases.length;
  let cost = 0;
  for (const { open, size } of purchases) {
    const price = open * (1 + slippage.bps / 10_000);
    cost += size * price + commissionOn(commission, size, size * price) - commission.perOrder;
  }
  const part = Math.min(1, (state.cash - fixed) / cost);
  // Cash that is nothing but rounding buys nothing: it would be a trade of 1e-15 shares.
  return part > 1e-9 ? part : 0;
}

function buy(state: State, position: Position, wanted: number, open: number, session: number): void {
  const { commission, slippage, fractional } = state.settings;
  const size = fractional ? wanted : wholeOf(wanted);
  if (!(size > 0)) return;
  const price = open * (1 + slippage.bps / 10_000);
  const fee = commissionOn(commission, size, size * price);
  // Purchases were cut to leave nothing below zero but rounding.
  state.cash = Math.max(0, state.cash - size * price - fee);
  const { trade } = position;
  if (trade.shares === 0) {
    trade.entrySession = session;
    state.trades.push(trade);
    state.positions.set(trade.ticker, position);
  }
  position.shares += size;
  position.lastClose = open;
  position.spent += size * price;
  trade.shares += size / position.factor;
  trade.entryPrice = position.spent / trade.shares;
  charge(state, position, { size, price, open, fee });
}

function sell(state: State, position: Position, size: number, open: number, session: number): void {
  const { commission, slippage } = state.settings;
  const price = open * (1 - slippage.bps / 10_000);
  const due = commissionOn(commission, size, size * price);
  // A sale's commission is at most what there is: cash never goes below zero for it.
  const before = state.cash + size * price;
  const fee = Math.min(due, before);
  state.cash = before - fee;
  position.shares -= size;
  position.received += size * price;
  charge(state, position, { size, price, open, fee });
  if (!(position.shares > 0)) settle(state, position, session, "rebalance");
}

function charge(
  state: State,
  position: Position,
  { size, price, open, fee }: { size: number; price: number; open: number; fee: number },
): void {
  position.fees += fee;
  state.traded += size * price;
  state.commission += fee;
  state.slippage += size * Math.abs(price - open);
}

/** Ends the trade of a position of which nothing is left. */
function settle(state: State, position: Position, session: number, reason: ExitReason): void {
  const { trade, spent, received, fees, dividends } = position;
  const profit = received - spent - fees + dividends;
  trade.exit = { session, price: received / trade.shares, profit, return: profit / spent, reason };
  trade.splitFactors.exit = position.factor;
  state.positions.delete(trade.ticker);
}
