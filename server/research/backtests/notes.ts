import { isDollars } from "../../../db/queries/market/read-bars.ts";
import { firstCalendarDate, lastCalendarDate, sessionsBetween } from "../../../jobs/market/calendar.ts";
import { formatCount, formatDate, formatPrice } from "../../../views/format.ts";
import { type NothingBought, whyNothing } from "../../backtest/nothing-bought.ts";
import { settingsOf } from "./schemas.ts";
import type { BacktestRun, TickerRun } from "./types.ts";
import { universeNotes } from "./universe-view.ts";

/** What a reader has to know of the data that a run used, and of how it was used: one sentence each. */
export const notesOf = (run: BacktestRun): string[] =>
  run.scope === "universe" ? universeNotes(run) : tickerNotes(run);

function tickerNotes(run: TickerRun): string[] {
  const { splits, dividends } = run.actions;
  const { dates } = run.bars;
  const [first, last] = [dates[0] ?? "", dates.at(-1) ?? ""];
  const isInside = ({ date }: { date: string }) => date > first && date <= last;
  return [
    ...nothingBought(run),
    ...rangeNotes(run, first, last),
    ...splits
      .filter(isInside)
      .map(
        ({ date, from, to }) =>
          `Split ${to}:${from} on ${formatDate(date)}: prices and shares are told split-adjusted throughout, and ordered and charged as they were traded on their day.`,
      ),
    ...dividendNotes(run, dividends.filter(isInside)),
    ...missingSessions(run, first, last),
    ...withoutVolume(run),
    ...ending(run, last),
  ];
}

/** Why nothing was bought, where nothing was. */
function nothingBought({ strategy, bars, scenario, backtest }: TickerRun): string[] {
  if (backtest.trades.length > 0) return [];
  const why = whyNothing(bars, strategy.signals(bars), settingsOf(scenario));
  return [`Nothing was bought: ${reasonText(why, bars.dates)}`];
}

function reasonText(why: NothingBought, dates: readonly string[]): string {
  const day = (session: number) => formatDate(dates[session] ?? "");
  switch (why.kind) {
    case "not_wanted":
      return "the strategy wanted no position at any close.";
    case "short_only":
      return "the strategy wanted only to be short, and the side is long.";
    case "last_close":
      return "the strategy wanted a position at the last close alone, and no session is left in which it could be filled.";
    case "not_traded":
      return `after ${day(why.wanted)}, when the strategy first wanted a position, no session had a price and volume to fill it.`;
    case "below_one":
      return `${why.shares} shares were asked for, and only whole ones are traded.`;
    case "too_dear":
      return `one whole share cost $${formatPrice(why.price)} with its costs at the least, on ${day(why.session)}, and an entry may take $${formatPrice(why.budget)}.`;
    case "costs":
      return `the commission of an order, $${formatPrice(why.commission)}, leaves nothing of the $${formatPrice(why.budget)} that an entry may take.`;
  }
}

function rangeNotes({ scenario, strategy, bars }: TickerRun, first: string, last: string): string[] {
  const notes: string[] = [];
  // A weekend or a holiday at the end of a range is no gap.
  if (isCutShort(scenario.from, first)) {
    notes.push(
      `Asked from ${formatDate(scenario.from)}; the bars of ${scenario.ticker} begin on ${formatDate(first)}.`,
    );
  }
  if (isCutShort(last, scenario.to)) {
    notes.push(`Asked to ${formatDate(scenario.to)}; the last bar is of ${formatDate(last)}.`);
  }
  const warm = bars.dates[strategy.warmup];
  if (strategy.warmup > 0 && warm !== undefined) {
    notes.push(
      `The first ${formatCount(strategy.warmup, "session")} warm the indicators up: no signal before ${formatDate(warm)}.`,
    );
  }
  return notes;
}

/** Whether a session of the market lies between an end that was asked for and the bar that is nearest to it. */
const isCutShort = (from: string, to: string) => sessionsIn(from, to).length > 1;

const sessionsIn = (from: string, to: string): string[] => {
  const [start, end] = [
    from < firstCalendarDate ? firstCalendarDate : from,
    to > lastCalendarDate ? lastCalendarDate : to,
  ];
  return start > end ? [] : sessionsBetween(start, end);
};

/** Dividends that are left out: all where none are asked for, else those that are not in dollars. */
function dividendNotes({ scenario }: TickerRun, paid: { currency: string | null }[]): string[] {
  if (paid.length === 0) return [];
  if (scenario.dividends) return otherCurrencies(paid);
  return [
    `${formatCount(paid.length, "dividend")} of the range ${paid.length === 1 ? "is" : "are"} left out, here and in buy and hold: choose “paid” to count them.`,
  ];
}

function otherCurrencies(paid: { currency: string | null }[]): string[] {
  const foreign = Map.groupBy(
    paid.filter(({ currency }) => !isDollars(currency)),
    ({ currency }) => currency,
  );
  return [...foreign].map(
    ([currency, { length }]) =>
      `${length} of ${formatCount(paid.length, "dividend")} ${length === 1 ? "is in" : "are in"} ${currency} and not counted.`,
  );
}

const examples = (dates: readonly string[]) =>
  `${dates.slice(0, 3).map(formatDate).join(", ")}${dates.length > 3 ? " …" : ""}`;

function missingSessions({ scenario, bars }: TickerRun, first: string, last: string): string[] {
  const present = new Set(bars.dates);
  const missing = sessionsIn(first, last).filter((date) => !present.has(date));
  if (missing.length === 0) return [];
  const sessions = formatCount(missing.length, "session");
  return [
    `${scenario.ticker} has no bar in ${sessions} of the market (${examples(missing)}): passed over, and orders wait for its next bar.`,
  ];
}

function withoutVolume({ bars }: TickerRun): string[] {
  const idle = bars.dates.filter((_, session) => bars.volume[session] === 0);
  if (idle.length === 0) return [];
  return [`${formatCount(idle.length, "session")} without volume (${examples(idle)}): no order is filled in them.`];
}

function ending({ scenario, bars, backtest }: TickerRun, last: string): string[] {
  const open = backtest.trades.at(-1);
  const notes: string[] = [];
  if (bars.delisted) {
    const closed =
      open?.exit?.reason === "delisted"
        ? ` The position was closed at that close, ${formatPrice(open.exit.price)}.`
        : "";
    notes.push(`${scenario.ticker} was delisted: ${formatDate(last)} is its last bar.${closed}`);
  }
  if (open && open.exit === null) {
    notes.push("A position is open at the end: it is valued at the last close, and is in no figure about trades.");
  }
  return notes;
}
