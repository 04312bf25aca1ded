import { firstOther, firstPaid, firstSplit, write, writeWorth } from "./quiet-sessions.ts";
import { commissionOn, partOfShare, wholeOnDay } from "./shares.ts";
import { type OpenStops, openStops, reachStop } from "./stops.ts";
import { at } from "./strategy.ts";
import type { Bars, ExitReason, Settings, Simulation, Targets, Trade } from "./types.ts";

/** FINRA rule 4210: a short's equity has to be at least this part of its market value. */
const maintenanceMargin = 0.3;

/** Columns that a run writes to, all as long as the bars. What was in them is overwritten; those that are left out nobody will look at. */
export type Columns = Pick<Simulation, "equity"> & Partial<Pick<Simulation, "cash" | "shares">>;

type State = {
  settings: Settings;
  cash: number;
  /** Of the open position: negative where short, 0 where there is none. */
  shares: number;
  /** The open position, and what its exit has to settle: commission, dividends, and what was settled at splits, signed as the shares. */
  trade: Trade | null;
  owed: number;
  received: number;
  settledShares: number;
  settledDollars: number;
  stops: OpenStops | null;
  /** The direction that may not be held, after a stop or a margin call, until the strategy wants something else. */
  barred: number;
  trades: Trade[];
  sessionsHeld: number;
  traded: number;
  commission: number;
  slippage: number;
  dividends: number;
};

/** A run on its way: what it reads, what it writes and how it stands. */
type Run = {
  bars: Bars;
  targets: Targets;
  /** The lowest target that is followed: a lower one is taken as this. */
  lowest: number;
  columns: Columns;
  state: State;
};

/**
 * Runs targets over bars by the rules in `rules.ts`: what session t wants is filled at the open of t + 1, and a position is left
 * as it is until the target's sign changes or a stop is reached. Signals of the last session are never filled. It reckons in split-adjusted shares,
 * whose number no split changes, and orders in those of the day.
 */
export function simulate(bars: Bars, targets: Targets, settings: Settings): Simulation {
  const { length } = bars.close;
  const [cash, shares] = [new Float64Array(length), new Float64Array(length)];
  return { ...simulateInto({ equity: new Float64Array(length), cash, shares }, bars, targets, settings), cash, shares };
}

/** The same into columns that are there already, for many runs of which little is kept. */
export function simulateInto(
  columns: Columns,
  bars: Bars,
  targets: Targets,
  settings: Settings,
): Omit<Simulation, "cash" | "shares"> {
  const state = begin(settings);
  const run: Run = { bars, targets, lowest: settings.side === "long" ? 0 : -1, columns, state };
  const { length } = bars.close;
  for (let session = 0; session < length; session = pass(run, session + 1)) act(run, session);
  const { trades, sessionsHeld, traded, commission, slippage, dividends } = state;
  const costs = commission + slippage;
  return { equity: columns.equity, trades, sessionsHeld, traded, costs, commission, dividends };
}

/** Math.sign is a call into native code, which sweeps would make millions of times. */
const directionOf = (shares: number): number => (shares > 0 ? 1 : shares < 0 ? -1 : 0);

/** What the strategy wants of a session: what it said at the close before. */
const wantedAt = ({ targets, lowest }: Run, session: number): number =>
  session === 0 ? 0 : Math.max(targets[session - 1] ?? 0, lowest);

/** One session by all rules, in their order: split, dividend, orders at the open, stops, delisting, the close. */
function act(run: Run, session: number): void {
  const { bars, state } = run;
  let isHeld = state.shares !== 0;
  if (isHeld) {
    // Before the dividend: on the day of a split it is paid on the new shares.
    if (isSplitInParts(run, session)) settlePart(run, session);
    payDividend(state, at(bars.dividends, session));
  }
  const wanted = wantedAt(run, session);
  if (wanted !== state.barred) state.barred = 0;
  const open = at(bars.open, session);
  // A bar without a price or without a trade cannot be traded in: orders wait, and stops are not reached.
  if (open > 0 && at(bars.volume, session) > 0) {
    const order: Order = { session, price: open, factor: at(bars.splitFactor, session) };
    if (state.barred !== 0) leave(state, order, "margin");
    else if (wanted !== directionOf(state.shares)) {
      if (isHeld) leave(state, order, "signal");
      if (wanted !== 0) enter(state, wanted, order);
    }
    isHeld ||= state.shares !== 0;
    const { stops } = state;
    const isStopped = stops !== null && reachStop(stops, open, at(bars.high, session), at(bars.low, session));
    if (isStopped) stopOut(state, { ...order, price: stops.price }, stops);
  }
  if (isHeld) state.sessionsHeld++;
  const last = at(bars.close, session);
  if (bars.delisted && session === bars.close.length - 1) payOut(state, session, last);
  const worth = state.cash + state.shares * last;
  run.columns.equity[session] = worth;
  if (run.columns.cash) run.columns.cash[session] = state.cash;
  if (run.columns.shares) run.columns.shares[session] = state.shares;
  if (isCalled(state.shares, worth, last)) state.barred = -1;
}

const isCalled = (shares: number, worth: number, close: number): boolean =>
  shares < 0 && worth < maintenanceMargin * -shares * close;

/**
 * Most sessions change nothing. Writes those from `from` on in which what is held is what is wanted, no dividend is paid, no split leaves
 * parts of shares and no stop is reached; answers the first one that has to be acted in. Each of these is looked for in a loop of its own:
 * the small functions become part of this one when they run often, and a large one would not.
 */
function pass(run: Run, from: number): number {
  const { bars, targets, state } = run;
  const { shares, barred } = state;
  if (barred !== 0 && shares !== 0) return from;
  const end = bars.delisted ? targets.length - 1 : targets.length;
  // What is wanted and may not be held is as good as held: nothing.
  let to = firstOther(targets, run.lowest, barred === 0 ? directionOf(shares) : barred, from, end);
  if (shares === 0) {
    write(run.columns.equity, state.cash, from, to);
  } else {
    to = firstPaid(bars.dividends, from, to);
    if (!state.settings.fractional) to = firstSplit(bars.splitFactor, from, to);
    if (shares < 0 || state.stops !== null) to = firstForced(run, from, to);
    state.sessionsHeld += to - from;
    writeWorth(run.columns.equity, state.cash, shares, bars.close, from, to);
  }
  run.columns.cash?.fill(state.cash, from, to);
  run.columns.shares?.fill(shares, from, to);
  return to;
}

/** The first session up to `end` in which a stop is reached, or the one after a margin call. */
function firstForced({ bars, state }: Run, from: number, end: number): number {
  const { cash, shares, stops } = state;
  for (let session = from; session < end; session++) {
    if (stops !== null && isStoppedAt(stops, bars, session)) return session;
    const last = at(bars.close, session);
    if (isCalled(shares, cash + shares * last, last)) {
      state.barred = -1;
      return session + 1;
    }
  }
  return end;
}

/** Asked twice of the session in which the stop is reached: here, and where it is acted on. */
function isStoppedAt(stops: OpenStops, { open, high, low, volume }: Bars, session: number): boolean {
  const price = at(open, session);
  return price > 0 && at(volume, session) > 0 && reachStop(stops, price, at(high, session), at(low, session));
}

const begin = (settings: Settings): State => ({
  settings,
  cash: settings.capital,
  shares: 0,
  trade: null,
  owed: 0,
  received: 0,
  settledShares: 0,
  settledDollars: 0,
  stops: null,
  barred: 0,
  trades: [],
  sessionsHeld: 0,
  traded: 0,
  commission: 0,
  slippage: 0,
  dividends: 0,
});

/** To who held at the close before; a short pays it. */
function payDividend(state: State, amount: number): void {
  if (state.trade === null || amount === 0) return;
  const paid = amount * state.shares;
  state.cash += paid;
  state.dividends += paid;
  state.received += paid;
}

/** Whether the shares of a session are others than those of the one before, where only whole ones are held. */
const isSplitInParts = ({ bars: { splitFactor }, state: { settings } }: Run, session: number): boolean =>
  !settings.fractional && session > 0 && at(splitFactor, session) !== at(splitFactor, session - 1);

/** Settles in cash what a split left of a share, at the close before it: a short pays for it. Nothing whole may be left. */
function settlePart({ bars, state }: Run, session: number): void {
  const { trade } = state;
  if (trade === null) return;
  const size = Math.abs(state.shares);
  const part = partOfShare(size, at(bars.splitFactor, session));
  const price = at(bars.close, session - 1);
  if (part === size) close(state, trade, session, price, 0, "cash_in_lieu");
  if (part === 0 || part === size) return;
  const shares = directionOf(state.shares) * part;
  state.settledShares += shares;
  state.settledDollars += shares * price;
  trade.settledAtSplits = state.settledShares;
  state.shares -= shares;
  state.cash += shares * price;
}

/** What is bought or sold at before slippage, split-adjusted, and how many shares of the day an adjusted one is. */
type Order = { session: number; price: number; factor: number };

function enter(state: State, direction: number, { session, price: open, factor }: Order): void {
  const { commission, slippage, stops } = state.settings;
  const price = open * (1 + (direction * slippage.bps) / 10_000);
  const size = sizeOf(state.settings, state.cash, price, factor);
  if (!(size > 0)) return;
  const shares = direction * size;
  const fee = commissionOn(commission, size * factor, size * price);
  const cash = state.cash - shares * price - fee;
  // The size leaves nothing below zero but rounding.
  state.cash = direction > 0 ? Math.max(cash, 0) : cash;
  state.shares = shares;
  state.trade = { entrySession: session, entryPrice: price, shares, exit: null };
  state.trades.push(state.trade);
  state.owed = fee;
  state.received = 0;
  state.settledShares = 0;
  state.settledDollars = 0;
  state.stops = openStops(stops, direction, price);
  state.traded += size * price;
  state.commission += fee;
  state.slippage += size * Math.abs(price - open);
}

/** By an order at a price, which slippage makes worse. */
function leave(state: State, { session, price: before, factor }: Order, reason: ExitReason): void {
  if (state.trade === null) return;
  const { commission, slippage } = state.settings;
  const size = Math.abs(state.shares);
  const price = before * (1 - (directionOf(state.shares) * slippage.bps) / 10_000);
  const due = commissionOn(commission, size * factor, size * price);
  // A sale's commission is at most what there is: cash never goes below zero for it.
  const fee = state.shares > 0 ? Math.min(due, state.cash + state.shares * price) : due;
  state.traded += size * price;
  state.commission += fee;
  state.slippage += size * Math.abs(price - before);
  close(state, state.trade, session, price, fee, reason);
}

/** Within a session, and not entered again until the strategy has wanted something else. */
function stopOut(state: State, order: Order, stops: OpenStops): void {
  leave(state, order, stops.reason);
  state.barred = stops.direction;
}

/** At the last close there is, without an order: nothing is traded any more. */
function payOut(state: State, session: number, price: number): void {
  if (state.trade !== null) close(state, state.trade, session, price, 0, "delisted");
}

function close(state: State, trade: Trade, session: number, price: number, fee: number, reason: ExitReason): void {
  const { shares, entryPrice } = trade;
  state.cash = state.cash + state.shares * price - fee;
  const atSplits = state.settledDollars - state.settledShares * price;
  const profit = shares * (price - entryPrice) - state.owed - fee + state.received + atSplits;
  trade.exit = { session, price, profit, return: profit / (Math.abs(shares) * entryPrice), reason };
  state.trade = null;
  state.stops = null;
  state.shares = 0;
}

/** Adjusted shares of an entry: what the sizing asks for, and at most what the cash pays for with the order's commission. */
function sizeOf({ sizing, fractional, commission }: Settings, cash: number, price: number, factor: number): number {
  const budget =
    sizing.kind === "equity" ? sizing.fraction * cash : sizing.kind === "cash" ? Math.min(sizing.cash, cash) : cash;
  const perShare = price * (1 + commission.bps / 10_000) + commission.perShare * factor;
  const affordable = (budget - commission.perOrder) / perShare;
  const size = sizing.kind === "shares" ? Math.min(sizing.shares / factor, affordable) : affordable;
  return fractional ? size : wholeOnDay(size, factor);
}
