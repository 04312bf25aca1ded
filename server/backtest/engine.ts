import { commissionOn, partOfShare, wholeOnDay } from "./shares.ts";
import { type OpenStops, openStops, reachStop } from "./stops.ts";
import { at } from "./strategy.ts";
import type { Bars, ExitReason, Settings, Simulation, Targets, Trade } from "./types.ts";

/** FINRA rule 4210: a short's equity has to be at least this part of its market value. */
const maintenanceMargin = 0.3;

/** Columns that a run writes to instead of to new ones: all as long as the bars. What was in them is overwritten. */
export type Columns = Pick<Simulation, "equity" | "cash" | "shares">;

/** The open position, and what its exit has to settle. */
type Position = {
  trade: Trade;
  commission: number;
  dividends: number;
  /** Parts of shares that were settled at splits, signed as the shares, and the dollars for them. */
  settled: { shares: number; dollars: number };
  stops: OpenStops | null;
};

type State = {
  settings: Settings;
  cash: number;
  position: Position | null;
  /** Of the position: negative where short, 0 where there is none. */
  shares: number;
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
export function simulate(
  bars: Bars,
  targets: Targets,
  settings: Settings,
  columns: Columns = columnsOf(bars.close.length),
): Simulation {
  const state = begin(settings);
  const run: Run = { bars, targets, lowest: settings.side === "long" ? 0 : -1, columns, state };
  const { length } = bars.close;
  for (let session = 0; session < length; session = pass(run, session + 1)) act(run, session);
  const { trades, sessionsHeld, traded, commission, slippage, dividends } = state;
  return { ...columns, trades, sessionsHeld, traded, costs: commission + slippage, commission, dividends };
}

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
    else if (wanted !== Math.sign(state.shares)) turn(state, wanted, order);
    isHeld ||= state.shares !== 0;
    const stops = state.position?.stops ?? null;
    const isStopped = stops !== null && reachStop(stops, open, at(bars.high, session), at(bars.low, session));
    if (isStopped) stopOut(state, { ...order, price: stops.price }, stops);
  }
  if (isHeld) state.sessionsHeld++;
  const last = at(bars.close, session);
  if (bars.delisted && session === bars.close.length - 1) payOut(state, session, last);
  const worth = state.cash + state.shares * last;
  run.columns.cash[session] = state.cash;
  run.columns.shares[session] = state.shares;
  run.columns.equity[session] = worth;
  if (isCalled(state.shares, worth, last)) state.barred = -1;
}

const isCalled = (shares: number, worth: number, close: number): boolean =>
  shares < 0 && worth < maintenanceMargin * -shares * close;

/**
 * Most sessions change nothing. Writes those from `from` on in which what is held is what is wanted, no dividend is paid, no split leaves
 * parts of shares and no stop is reached, in a loop of its own for speed; answers the first one that has to be acted in.
 */
function pass(run: Run, from: number): number {
  const { targets, lowest, columns, state, bars } = run;
  const { cash, shares, barred } = state;
  if (barred !== 0 && shares !== 0) return from;
  const { close, dividends } = bars;
  const stops = state.position?.stops ?? null;
  const held = Math.sign(shares);
  // What is wanted and may not be held is as good as held: nothing.
  const unchanged = barred === 0 ? held : barred;
  const end = bars.delisted ? close.length - 1 : close.length;
  let session = from;
  for (; session < end && state.barred === barred; session++) {
    if (Math.max(targets[session - 1] ?? 0, lowest) !== unchanged) break;
    if (held !== 0 && (at(dividends, session) !== 0 || isSplitInParts(run, session))) break;
    if (stops !== null && isStoppedAt(stops, bars, session)) break;
    const last = at(close, session);
    const worth = held === 0 ? cash : cash + shares * last;
    columns.cash[session] = cash;
    columns.shares[session] = shares;
    columns.equity[session] = worth;
    if (held < 0 && isCalled(shares, worth, last)) state.barred = -1;
  }
  if (held !== 0) state.sessionsHeld += session - from;
  return session;
}

/** Asked twice of the session in which the stop is reached: here, and where it is acted on. */
function isStoppedAt(stops: OpenStops, { open, high, low, volume }: Bars, session: number): boolean {
  const price = at(open, session);
  return price > 0 && at(volume, session) > 0 && reachStop(stops, price, at(high, session), at(low, session));
}

/** Columns for runs over so many sessions. */
export const columnsOf = (sessions: number): Columns => ({
  equity: new Float64Array(sessions),
  cash: new Float64Array(sessions),
  shares: new Float64Array(sessions),
});

const begin = (settings: Settings): State => ({
  settings,
  cash: settings.capital,
  position: null,
  shares: 0,
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
  if (state.position === null || amount === 0) return;
  const paid = amount * state.shares;
  state.cash += paid;
  state.dividends += paid;
  state.position.dividends += paid;
}

/** Whether the shares of a session are others than those of the one before, where only whole ones are held. */
const isSplitInParts = ({ bars: { splitFactor }, state: { settings } }: Run, session: number): boolean =>
  !settings.fractional && session > 0 && at(splitFactor, session) !== at(splitFactor, session - 1);

/** Settles in cash what a split left of a share, at the close before it: a short pays for it. Nothing whole may be left. */
function settlePart({ bars, state }: Run, session: number): void {
  const { position } = state;
  if (position === null) return;
  const size = Math.abs(state.shares);
  const part = partOfShare(size, at(bars.splitFactor, session));
  const price = at(bars.close, session - 1);
  if (part === size) close(state, position, { session, price, fee: 0, reason: "cash_in_lieu" });
  if (part === 0 || part === size) return;
  const shares = Math.sign(state.shares) * part;
  position.settled.shares += shares;
  position.settled.dollars += shares * price;
  position.trade.settledAtSplits = position.settled.shares;
  state.shares -= shares;
  state.cash += shares * price;
}

/** What is bought or sold at before slippage, split-adjusted, and how many shares of the day an adjusted one is. */
type Order = { session: number; price: number; factor: number };

/** Leaves what is held for what is wanted, by two orders where it is the opposite. */
function turn(state: State, wanted: number, order: Order): void {
  leave(state, order, "signal");
  if (wanted !== 0) enter(state, wanted, order);
}

function enter(state: State, direction: number, { session, price: open, factor }: Order): void {
  const { commission, slippage, stops } = state.settings;
  const price = open * (1 + (direction * slippage.bps) / 10_000);
  const size = sizeOf(state.settings, state.cash, { price, factor });
  if (!(size > 0)) return;
  const shares = direction * size;
  const fee = commissionOn(commission, size * factor, size * price);
  const cash = state.cash - shares * price - fee;
  // The size leaves nothing below zero but rounding.
  state.cash = direction > 0 ? Math.max(cash, 0) : cash;
  state.shares = shares;
  const trade: Trade = { entrySession: session, entryPrice: price, shares, exit: null };
  state.trades.push(trade);
  const settled = { shares: 0, dollars: 0 };
  state.position = { trade, commission: fee, dividends: 0, settled, stops: openStops(stops, direction, price) };
  charge(state, size, price, open, fee);
}

/** By an order at a price, which slippage makes worse. */
function leave(state: State, { session, price: before, factor }: Order, reason: ExitReason): void {
  if (state.position === null) return;
  const { commission, slippage } = state.settings;
  const size = Math.abs(state.shares);
  const price = before * (1 - (Math.sign(state.shares) * slippage.bps) / 10_000);
  const due = commissionOn(commission, size * factor, size * price);
  // A sale's commission is at most what there is: cash never goes below zero for it.
  const fee = state.shares > 0 ? Math.min(due, state.cash + state.shares * price) : due;
  close(state, state.position, { session, price, fee, reason });
  charge(state, size, price, before, fee);
}

/** Within a session, and not entered again until the strategy has wanted something else. */
function stopOut(state: State, order: Order, stops: OpenStops): void {
  leave(state, order, stops.reason);
  state.barred = stops.direction;
}

/** At the last close there is, without an order: nothing is traded any more. */
function payOut(state: State, session: number, price: number): void {
  if (state.position === null) return;
  close(state, state.position, { session, price, fee: 0, reason: "delisted" });
}

function close(
  state: State,
  { trade, commission, dividends, settled }: Position,
  { session, price, fee, reason }: { session: number; price: number; fee: number; reason: ExitReason },
): void {
  const { shares, entryPrice } = trade;
  state.cash = state.cash + state.shares * price - fee;
  const atSplits = settled.dollars - settled.shares * price;
  const profit = shares * (price - entryPrice) - commission - fee + dividends + atSplits;
  trade.exit = { session, price, profit, return: profit / (Math.abs(shares) * entryPrice), reason };
  state.position = null;
  state.shares = 0;
}

function charge(state: State, size: number, price: number, before: number, fee: number): void {
  state.traded += size * price;
  state.commission += fee;
  state.slippage += size * Math.abs(price - before);
}

/** Adjusted shares of an entry: what the sizing asks for, and at most what the cash pays for with the order's commission. */
function sizeOf(
  { sizing, fractional, commission }: Settings,
  cash: number,
  { price, factor }: Pick<Order, "price" | "factor">,
): number {
  const budget =
    sizing.kind === "equity" ? sizing.fraction * cash : sizing.kind === "cash" ? Math.min(sizing.cash, cash) : cash;
  const perShare = price * (1 + commission.bps / 10_000) + commission.perShare * factor;
  const affordable = (budget - commission.perOrder) / perShare;
  const size = sizing.kind === "shares" ? Math.min(sizing.shares / factor, affordable) : affordable;
  return fractional ? size : wholeOnDay(size, factor);
}
