import { at } from "./strategy.ts";
import type { Bars, Commission, ExitReason, Settings, Simulation, Targets, Trade } from "./types.ts";

/** FINRA rule 4210: a short's equity has to be at least this part of its market value. */
const maintenanceMargin = 0.3;

/** The open position's part in its trade, until the exit settles it. */
type Position = { trade: Trade; entryCommission: number; dividends: number };

type State = {
  settings: Settings;
  cash: number;
  position: Position | null;
  /** True from a margin call until the strategy wants something else than what was called. */
  isBarred: boolean;
  trades: Trade[];
  traded: number;
  costs: number;
};

/**
 * Runs targets over bars by the rules in `rules.ts`: what session t wants is filled at the open of t + 1, and a position is left
 * as it is until the target's sign changes. Signals of the last session are never filled.
 */
export function simulate(bars: Bars, targets: Targets, settings: Settings): Simulation {
  const length = bars.close.length;
  const equity = new Float64Array(length);
  const cash = new Float64Array(length);
  const shares = new Float64Array(length);
  const state: State = {
    settings,
    cash: settings.capital,
    position: null,
    isBarred: false,
    trades: [],
    traded: 0,
    costs: 0,
  };
  let sessionsHeld = 0;
  for (let session = 0; session < length; session++) {
    const wasHeld = state.position !== null;
    payDividend(state, at(bars.dividends, session));
    if (session > 0) trade(state, targets[session - 1] ?? 0, session, at(bars.open, session));
    if (wasHeld || state.position !== null) sessionsHeld++;
    const held = state.position?.trade.shares ?? 0;
    const close = at(bars.close, session);
    cash[session] = state.cash;
    shares[session] = held;
    equity[session] = state.cash + held * close;
    if (held < 0 && at(equity, session) < maintenanceMargin * -held * close) state.isBarred = true;
  }
  return { equity, cash, shares, trades: state.trades, sessionsHeld, traded: state.traded, costs: state.costs };
}

/** To who held at the close before; a short pays it. */
function payDividend(state: State, amount: number): void {
  if (state.position === null || amount === 0) return;
  const paid = amount * state.position.trade.shares;
  state.cash += paid;
  state.position.dividends += paid;
}

/** Brings the position to what the session before wanted, at this session's open. */
function trade(state: State, target: number, session: number, open: number): void {
  // A bar without a price cannot be traded at; the order waits.
  if (!(open > 0)) return;
  const allowed = state.settings.side === "long" ? Math.max(target, 0) : target;
  const held = Math.sign(state.position?.trade.shares ?? 0);
  if (state.isBarred && allowed === -1) {
    leave(state, session, open, "margin");
    return;
  }
  state.isBarred = false;
  if (allowed === held) return;
  leave(state, session, open, "signal");
  if (allowed !== 0) enter(state, allowed, session, open);
}

function enter(state: State, direction: number, session: number, open: number): void {
  const { commission, slippage } = state.settings;
  const price = open * (1 + (direction * slippage.bps) / 10_000);
  const size = sizeOf(state.settings, state.cash, price);
  if (!(size > 0)) return;
  const shares = direction * size;
  const fee = commissionOn(commission, size, price);
  const cash = state.cash - shares * price - fee;
  // The size leaves nothing below zero but rounding.
  state.cash = direction > 0 ? Math.max(cash, 0) : cash;
  const entered: Trade = { entrySession: session, entryPrice: price, shares, exit: null };
  state.trades.push(entered);
  state.position = { trade: entered, entryCommission: fee, dividends: 0 };
  record(state, size, price, open, fee);
}

function leave(state: State, session: number, open: number, reason: ExitReason): void {
  if (state.position === null) return;
  const { commission, slippage } = state.settings;
  const { trade: left, entryCommission, dividends } = state.position;
  const size = Math.abs(left.shares);
  const price = open * (1 - (Math.sign(left.shares) * slippage.bps) / 10_000);
  const cash = state.cash + left.shares * price;
  const due = commissionOn(commission, size, price);
  // A sale's commission is at most what there is: cash never goes below zero for it.
  const fee = left.shares > 0 ? Math.min(due, cash) : due;
  state.cash = cash - fee;
  const profit = left.shares * (price - left.entryPrice) - entryCommission - fee + dividends;
  left.exit = { session, price, profit, return: profit / (size * left.entryPrice), reason };
  state.position = null;
  record(state, size, price, open, fee);
}

function record(state: State, size: number, price: number, open: number, fee: number): void {
  state.traded += size * price;
  state.costs += fee + size * Math.abs(price - open);
}

/** Shares of an entry: what the sizing asks for, and at most what the cash pays for with the order's commission. */
function sizeOf({ sizing, fractional, commission }: Settings, cash: number, price: number): number {
  const budget =
    sizing.kind === "equity" ? sizing.fraction * cash : sizing.kind === "cash" ? Math.min(sizing.cash, cash) : cash;
  const perShare = price * (1 + commission.bps / 10_000) + commission.perShare;
  const affordable = (budget - commission.perOrder) / perShare;
  const size = sizing.kind === "shares" ? Math.min(sizing.shares, affordable) : affordable;
  return fractional ? size : Math.floor(size);
}

const commissionOn = ({ bps, perShare, perOrder }: Commission, size: number, price: number): number =>
  perOrder + perShare * size + (size * price * bps) / 10_000;
