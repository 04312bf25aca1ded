import { formatCount, formatDate, formatPrice } from "../../../views/format.ts";
import type { HoldingRow, TickerResult, UniverseView } from "../../../views/research/backtest-view.ts";
import { metricDefinitions } from "../../backtest/definitions.ts";
import { labelOn } from "./label-on.ts";
import { headlineNames, type UniverseRun } from "./types.ts";

/** Tickers that are named as those that gained most, and lost most. */
const tickersNamed = 10;

/** What the page shows of a portfolio: what it holds at the end, what made it, and what survivors alone would have looked like. */
export function toUniverseView(run: UniverseRun): UniverseView {
  const { backtest, tickers, survivorship, bars } = run;
  const end = bars.dates.at(-1) ?? "";
  const equity = backtest.equity.at(-1) ?? Number.NaN;
  const holdings = backtest.holdings.map(({ ticker, shares, price }): HoldingRow => {
    const value = shares * price;
    return { ticker: labelOn(tickers[ticker], end), session: end, shares, price, value, weight: value / equity };
  });
  const results = resultsOf(run).toSorted((a, b) => b.profit - a.profit);
  return {
    holdings: holdings.toSorted((a, b) => b.value - a.value || (a.ticker < b.ticker ? -1 : 1)),
    best: results.filter(({ profit }) => profit > 0).slice(0, tickersNamed),
    worst: results
      .filter(({ profit }) => profit < 0)
      .slice(-tickersNamed)
      .reverse(),
    survivorship: headlineNames.map((name) => ({
      ...{ label: metricDefinitions[name].label, unit: metricDefinitions[name].unit },
      ...{ point: survivorship.pointInTime[name], survivors: survivorship.survivorsOnly[name] },
    })),
  };
}

/** By ticker, over its closed trades. */
function resultsOf({ backtest, tickers }: UniverseRun): TickerResult[] {
  const results = new Map<number, TickerResult>();
  for (const { ticker, exit } of backtest.trades) {
    if (exit === null) continue;
    const { ticker: label = "", lastDate: session = "" } = tickers[ticker] ?? {};
    const result = results.get(ticker) ?? { ticker: label, session, trades: 0, profit: 0 };
    results.set(ticker, { ...result, trades: result.trades + 1, profit: result.profit + exit.profit });
  }
  return [...results.values()];
}

/** What a reader has to know of a run over all tickers: one sentence each. */
export function universeNotes(run: UniverseRun): string[] {
  const { scenario, bars, backtest, survivorship } = run;
  const [first = "", last = ""] = [bars.dates[0], bars.dates.at(-1)];
  const entry = backtest.trades[0];
  const delisted = backtest.trades.filter(({ exit }) => exit?.reason === "delisted").length;
  const gone = survivorship.tickers - survivorship.survivors;
  return [
    ...nothingHeld(run),
    ...(scenario.from < first || scenario.to > last
      ? [`Sessions are published from ${formatDate(first)} to ${formatDate(last)} of the range that was asked for.`]
      : []),
    ...(entry === undefined
      ? []
      : [`The first purchase is on ${formatDate(bars.dates[entry.entrySession] ?? "")}; cash until then.`]),
    scenario.survivorship === "survivors_only"
      ? `Chosen from today's ${formatCount(survivorship.survivors, "survivor")} alone: ${formatCount(gone, "ticker")} that no longer trade are left out, which nobody could have known. These figures flatter.`
      : `Chosen from ${formatCount(survivorship.tickers, "ticker")}, ${formatCount(gone, "ticker")} of which no longer trade.`,
    ...(delisted === 0
      ? []
      : [`${formatCount(delisted, "position")} ended with the ticker's last bar, and were closed at its last price.`]),
  ];
}

/** Why nothing was held, where nothing was. */
function nothingHeld({ nothingHeld: why, bars, tickers }: UniverseRun): string[] {
  if (why === null) return [];
  const begin = "Nothing was bought:";
  switch (why.kind) {
    case "not_traded":
      return [`${begin} none of the tickers chosen was traded in the session after its choice.`];
    case "too_dear": {
      const share = `one whole share of ${labelOn(tickers[why.ticker], bars.dates[why.session] ?? "")}, the nearest to it, cost $${formatPrice(why.price)} on ${formatDate(bars.dates[why.session] ?? "")} with its costs`;
      return [`${begin} ${share}, and a part of the capital is $${formatPrice(why.part)}.`];
    }
    case "costs":
      return [
        `${begin} the commission of an order, $${formatPrice(why.commission)}, leaves nothing of a part of the capital, $${formatPrice(why.part)}.`,
      ];
  }
}
