import type { HeldBars, PortfolioSettings, Selection } from "../../../../server/backtest/universe/types.ts";

/**
 * The rules of a portfolio once more, session by session and with a look-up for every price, for the engine to be compared with. It holds
 * split-adjusted shares, and takes them for those of the day where they are ordered, charged or made whole; what is held in the end is told in shares of the day.
 */
export function referencePortfolio(
  length: number,
  selections: readonly Selection[],
  bars: readonly HeldBars[],
  settings: PortfolioSettings,
) {
  const { commission, slippage, fractional, fraction, capital } = settings;
  const slip = slippage.bps / 10_000;
  const factors = new Map<number, number>();
  const factorAt = (ticker: number, session: number) => bars[ticker]?.splitFactor[placeOf(ticker, session)];
  const fee = (size: number, price: number, factor: number) =>
    commission.perOrder + size * factor * commission.perShare + (size * price * commission.bps) / 10_000;
  const round = (size: number, factor: number) =>
    fractional ? size : Math.floor(size * factor + 1e-12 * size * factor) / factor;
  const placeOf = (ticker: number, session: number) => bars[ticker]?.sessions.indexOf(session) ?? -1;
  const price = (ticker: number, session: number, column: "open" | "close" | "dividends") =>
    bars[ticker]?.[column][placeOf(ticker, session)] ?? 0;
  const held = new Map<number, number>();
  const known = new Map<number, number>();
  const leaving = new Set<number>();
  let cash = capital;
  const equity: number[] = [];

  const sell = (ticker: number, size: number, session: number) => {
    const filled = price(ticker, session, "open") * (1 - slip);
    cash += size * filled;
    cash -= Math.min(fee(size, filled, factors.get(ticker) ?? 1), cash);
    const left = (held.get(ticker) ?? 0) - size;
    if (left > 1e-12 * size) held.set(ticker, left);
    else held.delete(ticker);
  };

  for (let session = 0; session < length; session++) {
    for (const ticker of bars.keys()) {
      const [before, factor] = [factors.get(ticker), factorAt(ticker, session)];
      factors.set(ticker, factor ?? before ?? 1);
      const shares = held.get(ticker);
      if (shares === undefined || factor === undefined || factor === before || fractional) continue;
      const whole = round(shares, factor);
      if (shares - whole <= 1e-12 * shares) continue;
      cash += (shares - whole) * (known.get(ticker) ?? 0);
      if (whole > 0) held.set(ticker, whole);
      else held.delete(ticker);
    }
    for (const [ticker, shares] of held) cash += shares * price(ticker, session, "dividends");
    const wanted = selections.find((selection) => selection.session === session - 1)?.tickers;
    const trades = (ticker: number) => price(ticker, session, "open") > 0;
    if (wanted !== undefined) {
      leaving.clear();
      for (const ticker of held.keys()) if (!wanted.includes(ticker)) leaving.add(ticker);
    }
    const worthAtOpen = [...held].reduce(
      (sum, [ticker, shares]) =>
        sum + shares * (trades(ticker) ? price(ticker, session, "open") : (known.get(ticker) ?? 0)),
      cash,
    );
    for (const ticker of [...held.keys()]) {
      if (leaving.has(ticker) && trades(ticker)) sell(ticker, held.get(ticker) ?? 0, session);
    }
    if (wanted !== undefined) {
      const share = (worthAtOpen * fraction) / wanted.length;
      const missing = new Map<number, number>();
      for (const ticker of wanted.filter(trades)) {
        const factor = factors.get(ticker) ?? 1;
        const exact = round(share / price(ticker, session, "open"), factor) - (held.get(ticker) ?? 0);
        const difference = fractional ? exact : Math.round(exact * factor) / factor;
        if (difference < 0) sell(ticker, -difference, session);
        else if (difference > 0) missing.set(ticker, difference);
      }
      const fixed = missing.size * commission.perOrder;
      const variable = [...missing].reduce((sum, [ticker, size]) => {
        const filled = price(ticker, session, "open") * (1 + slip);
        return sum + size * filled + fee(size, filled, factors.get(ticker) ?? 1) - commission.perOrder;
      }, 0);
      const part = Math.min(1, (cash - fixed) / variable);
      const scale = part > 1e-9 ? part : 0;
      for (const [ticker, size] of missing) {
        const factor = factors.get(ticker) ?? 1;
        const bought = round(size * scale, factor);
        if (!(bought > 0)) continue;
        const filled = price(ticker, session, "open") * (1 + slip);
        cash = Math.max(0, cash - bought * filled - fee(bought, filled, factor));
        held.set(ticker, (held.get(ticker) ?? 0) + bought);
      }
    }
    for (const ticker of [...held.keys()]) {
      const own = bars[ticker];
      if (placeOf(ticker, session) >= 0) known.set(ticker, price(ticker, session, "close"));
      else if (!known.has(ticker)) known.set(ticker, 0);
      if (own?.delisted && own.sessions.at(-1) === session) {
        cash += (held.get(ticker) ?? 0) * price(ticker, session, "close");
        held.delete(ticker);
      }
    }
    equity.push([...held].reduce((sum, [ticker, shares]) => sum + shares * (known.get(ticker) ?? 0), cash));
  }
  const ofDay = [...held].map(([ticker, shares]) => [ticker, shares * (factors.get(ticker) ?? 1)] as const);
  return { equity, cash, held: Object.fromEntries(ofDay) };
}
