import type { Bars, ExitReason, Settings, Targets } from "../../../server/backtest/types.ts";

type Held = { shares: number; price: number; entry: number; paid: number; best: number };
type Closed = { entry: number; exit: number | null; price: number; shares: number; reason: ExitReason | null };

/**
 * The rules once more, session by session and without a thought for speed, for the engine to be compared with: longs and shorts
 * are told apart by cases here, where the engine signs its prices; and all is in quoted prices and the shares of the day, as a broker
 * counts them, where the engine reckons in adjusted ones. The answer is split-adjusted.
 */
export function referenceRun(bars: Bars, targets: Targets, settings: Settings) {
  const { capital, sizing, fractional, side, commission, slippage, stops } = settings;
  const slip = slippage.bps / 10_000;
  const fee = (size: number, price: number) =>
    commission.perOrder + commission.perShare * size + (commission.bps / 10_000) * size * price;
  let cash = capital;
  let held: Held | null = null;
  let forbidden = 0;
  const equity: number[] = [];
  const trades: Closed[] = [];

  const sell = (session: number, price: number, reason: ExitReason, isOrder = true) => {
    if (held === null) return;
    const isLong = held.shares > 0;
    const size = Math.abs(held.shares);
    const filled = isOrder ? price * (isLong ? 1 - slip : 1 + slip) : price;
    const due = isOrder ? fee(size, filled) : 0;
    cash += isLong ? size * filled : -size * filled;
    cash -= isLong ? Math.min(due, cash) : due;
    Object.assign(trades.at(-1) ?? {}, { exit: session, price: filled * (bars.splitFactor[session] ?? 1), reason });
    held = null;
  };

  const buy = (session: number, direction: number, open: number) => {
    const price = open * (direction > 0 ? 1 + slip : 1 - slip);
    const money =
      sizing.kind === "equity" ? cash * sizing.fraction : sizing.kind === "cash" ? Math.min(sizing.cash, cash) : cash;
    const affordable =
      (money - commission.perOrder) / (price + (price * commission.bps) / 10_000 + commission.perShare);
    const wanted = sizing.kind === "shares" ? Math.min(sizing.shares, affordable) : affordable;
    const size = fractional ? wanted : Math.floor(wanted + 1e-12 * wanted);
    if (!(size > 0)) return;
    cash += -direction * size * price - fee(size, price);
    if (direction > 0 && cash < 0) cash = 0;
    held = { shares: direction * size, price, entry: session, paid: 0, best: price };
    const adjusted = (direction * size) / (bars.splitFactor[session] ?? 1);
    trades.push({ entry: session, exit: null, price: Number.NaN, shares: adjusted, reason: null });
  };

  const split = (session: number, ratio: number) => {
    if (held === null) return;
    held.shares *= ratio;
    held.price /= ratio;
    held.best /= ratio;
    if (fractional) return;
    const size = Math.abs(held.shares);
    const whole = Math.floor(size + 1e-12 * size);
    const lastClose = (bars.close[session - 1] ?? 0) / (bars.splitFactor[session] ?? 1);
    if (whole === 0) sell(session, lastClose, "cash_in_lieu", false);
    else {
      const rest = size - whole > 1e-12 * size ? size - whole : 0;
      cash += Math.sign(held.shares) * rest * lastClose;
      held.shares = Math.sign(held.shares) * whole;
    }
  };

  for (let session = 0; session < bars.dates.length; session++) {
    const factor = bars.splitFactor[session] ?? 1;
    const [open, high, low, close, dividend] = [bars.open, bars.high, bars.low, bars.close, bars.dividends].map(
      (column) => (column[session] ?? 0) / factor,
    ) as [number, number, number, number, number];
    const ratio = session === 0 ? 1 : factor / (bars.splitFactor[session - 1] ?? 1);
    if (ratio !== 1) split(session, ratio);
    const before: Held | null = held;
    if (before !== null) cash += (before as Held).shares * dividend;
    let want: number = session > 0 ? (targets[session - 1] ?? 0) : 0;
    if (side === "long" && want < 0) want = 0;
    if (forbidden !== 0 && want !== forbidden) forbidden = 0;
    if (open > 0 && (bars.volume[session] ?? 0) > 0) {
      const now = held as Held | null;
      if (forbidden !== 0) sell(session, open, "margin");
      else if ((now === null ? 0 : Math.sign(now.shares)) !== want) {
        sell(session, open, "signal");
        if (want !== 0) buy(session, want, open);
      }
      const position = held as Held | null;
      if (position !== null && position.shares > 0) {
        const loss = stops.loss === null ? 0 : position.price * (1 - stops.loss);
        const trail = stops.trailing === null ? 0 : position.best * (1 - stops.trailing);
        const gain = stops.profit === null ? Number.POSITIVE_INFINITY : position.price * (1 + stops.profit);
        const floor = Math.max(loss, trail);
        const reason = loss >= trail ? "stop_loss" : "trailing_stop";
        if (floor > 0 && open <= floor) sell(session, open, reason);
        else if (open >= gain) sell(session, open, "take_profit");
        else if (floor > 0 && low <= floor) sell(session, floor, reason);
        else if (high >= gain) sell(session, gain, "take_profit");
        else position.best = Math.max(position.best, high);
        if (held === null) forbidden = 1;
      } else if (position !== null) {
        const loss = stops.loss === null ? Number.POSITIVE_INFINITY : position.price * (1 + stops.loss);
        const trail = stops.trailing === null ? Number.POSITIVE_INFINITY : position.best * (1 + stops.trailing);
        const gain = stops.profit === null ? Number.NEGATIVE_INFINITY : position.price * (1 - stops.profit);
        const ceiling = Math.min(loss, trail);
        const reason = loss <= trail ? "stop_loss" : "trailing_stop";
        if (open >= ceiling) sell(session, open, reason);
        else if (open <= gain) sell(session, open, "take_profit");
        else if (high >= ceiling) sell(session, ceiling, reason);
        else if (low <= gain) sell(session, gain, "take_profit");
        else position.best = Math.min(position.best, low);
        if (held === null) forbidden = -1;
      }
    }
    if (bars.delisted && session === bars.dates.length - 1) sell(session, close, "delisted", false);
    const left = held as Held | null;
    const worth = cash + (left === null ? 0 : left.shares * close);
    equity.push(worth);
    if (left !== null && left.shares < 0 && worth < 0.3 * -left.shares * close) forbidden = -1;
  }
  return { equity, trades };
}
