import { lastCalendarDate, sessionsBetween } from "../calendar.ts";
import { type DemoBar, isHasty, misstatedOf, repeatLastBar, simulateBar, simulateFirstBar } from "./bars.ts";
import { deniedSplits, garbageRowOf, lateQuoteOf } from "./faults.ts";
import { createListings, defaultListings, type Listing } from "./listings.ts";
import { type Path, positionOnOrAfter, roundTo, simulateFactors, simulatePath } from "./path.ts";
import { cikOf, createRenamed, figiOf, labelAt, tenuresOfListing } from "./renames.ts";

export type { DemoBar } from "./bars.ts";

/** The first session of the simulated exchange. */
export const firstDemoDate = "2015-01-02";

/** `historicalFactor` is what brings a price before the split to the shares of the last day asked for. */
type DemoSplit = {
  ticker: string;
  date: string;
  from: number;
  to: number;
  historicalFactor: number;
  /** Listed, but prices know nothing of it. */
  isDenied: boolean;
};
/** `amount` as declared; the other in the shares of the last day asked for. */
type DemoDividend = { ticker: string; date: string; amount: number; splitAdjustedAmount: number };
/** A listing with its life in dates; `delistedOn` is the day after its last session. */
type DemoTicker = Pick<Listing, "ticker" | "name" | "type" | "exchange"> & {
  listedOn: string;
  delistedOn: string | undefined;
  figi: string;
  cik: string | undefined;
};

/**
 * A whole simulated market, as a pure function of its seed: the answers depend neither on the order of the questions nor on
 * today. Who asks must hide the future. Holds one number for each session of each ticker (10 MB for 400 tickers and 12 years).
 */
export type DemoExchange = {
  /** Adjusted by the splits up to the day `until`; by all of the simulation where it is left out. */
  bars(date: string, adjusted: boolean, until?: string): DemoBar[];
  barsOf(ticker: string, from: string, to: string, adjusted: boolean, until?: string): DemoBar[];
  /** What was first said of a session: now and then a bar that is corrected later, or one that is taken back. */
  firstBars(date: string, adjusted: boolean, until?: string): DemoBar[];
  /** A row of its answer that can be no bar, as wire has it; on the first session of each month. */
  garbage(date: string): Record<string, unknown> | undefined;
  tickers(): DemoTicker[];
  /** Up to a date, ascending by date, then ticker. */
  splits(until: string): DemoSplit[];
  dividends(until: string): DemoDividend[];
};

/** Builds the market of a seed up to the end of a year; paths are simulated when they are first asked for. */
export function createDemoExchange(options: { seed: string; tickers?: number; untilYear: number }): DemoExchange {
  const end = `${options.untilYear}-12-31`;
  const sessions = sessionsBetween(firstDemoDate, end < lastCalendarDate ? end : lastCalendarDate);
  const isWhole = (options.tickers ?? defaultListings) >= defaultListings;
  const listings = [
    ...createListings(options.seed, options.tickers),
    ...(isWhole ? createRenamed(options.seed, sessions) : []),
  ].sort(byTicker);
  const tenures = listings
    .flatMap((listing) => tenuresOfListing(listing).map((tenure) => ({ listing, ...tenure })))
    .filter(({ from }) => from < sessions.length)
    .sort(byTicker);
  const pathOf = createPaths(options.seed, sessions);
  const dateAt = (position: number) => sessions[position] ?? end;

  /**
   * `before` is the first position whose splits do not count; none where prices are to stay as they were. `misstated`: what is said at first, of
   * these wrongly.
   */
  function barAt(listing: Listing, position: number, before: number | undefined, misstated?: ReadonlySet<Listing>) {
    const path = pathOf(listing);
    const date = dateAt(position);
    const bar = misstated
      ? simulateFirstBar({ listing, path, position, date, isMisstated: misstated.has(listing) })
      : simulateBar(listing, path, position, date);
    return bar && before !== undefined ? adjust(bar, factorAfter(path, position, before)) : bar;
  }
  const barsWithin = ({ listing }: { listing: Listing }, from: number, end: number, before: number | undefined) =>
    Array.from({ length: Math.max(0, end - from) }, (_, step) => barAt(listing, from + step, before) ?? []).flat();
  const splitsBefore = (adjusted: boolean, until = end) => (adjusted ? positionAfter(sessions, until) : undefined);

  const barsOn = (date: string, before: number | undefined, isFirst: boolean) => {
    const position = positionOnOrAfter(sessions, date);
    if (sessions[position] !== date) return [];
    if (!isFirst || !isHasty(date)) return listings.flatMap((listing) => barAt(listing, position, before) ?? []);
    const traded = listings.filter((listing) => barAt(listing, position, before));
    const misstated = misstatedOf(traded, position);
    const first = listings.flatMap((listing) => barAt(listing, position, before, misstated) ?? []);
    // Something is taken back of each.
    const gone = first.length > traded.length ? undefined : lateQuoteOf(listings, position);
    return gone ? [...first, repeatLastBar(gone, pathOf(gone), date)].sort(byTicker) : first;
  };

  return {
    bars: (date, adjusted, until) => barsOn(date, splitsBefore(adjusted, until), false),
    firstBars: (date, adjusted, until) => barsOn(date, splitsBefore(adjusted, until), true),
    barsOf(ticker, from, to, adjusted, until) {
      const [first, end] = [positionOnOrAfter(sessions, from), positionAfter(sessions, to)];
      const before = splitsBefore(adjusted, until);
      return tenures
        .filter((tenure) => tenure.ticker === ticker)
        .flatMap((tenure) => barsWithin(tenure, Math.max(first, tenure.from), Math.min(end, tenure.to + 1), before))
        .sort(byDate);
    },
    tickers: () => tenures.map((tenure) => tickerOf(tenure, sessions)),
    splits: (until) => {
      const end = positionAfter(sessions, until);
      const denied = isWhole ? deniedSplits(listings, sessions, end) : [];
      const happened = listings.flatMap((listing) => splitsOf(listing, pathOf(listing), sessions, end));
      return [...happened, ...denied.map((split) => ({ ...split, historicalFactor: 1, isDenied: true }))].sort(byDate);
    },
    garbage: (date) => (isWhole ? garbageRowOf(date, sessions) : undefined),
    dividends: (until) => {
      const end = positionAfter(sessions, until);
      return listings.flatMap((listing) => dividendsOf(listing, pathOf(listing), sessions, end)).sort(byDate);
    },
  };
}

type HeldLabel = { listing: Listing; ticker: string; from: number; to: number };

/** A label in the exchange's lists, with who has or had it. */
function tickerOf({ listing, ticker, from, to }: HeldLabel, sessions: readonly string[]): DemoTicker {
  const { name, type, exchange, firstPosition, lastPosition } = listing;
  return {
    ...{ ticker, name, type, exchange, figi: figiOf(listing), cik: cikOf(listing) },
    listedOn: sessions[Math.max(from, firstPosition)] ?? "",
    delistedOn: sessions[Math.min(to, lastPosition) + 1],
  };
}

/** Simulates each listing's path once, on first use. */
function createPaths(seed: string, sessions: readonly string[]): (listing: Listing) => Path {
  const factors = simulateFactors(seed, sessions.length);
  const paths = new Map<Listing, Path>();
  return (listing) => {
    const path = paths.get(listing) ?? simulatePath(listing, factors, sessions);
    paths.set(listing, path);
    return path;
  };
}

/** The position of the first date after another; the length of the list when there is none. */
function positionAfter(dates: readonly string[], date: string): number {
  const position = positionOnOrAfter(dates, date);
  return dates[position] === date ? position + 1 : position;
}

function splitsOf(listing: Listing, path: Path, sessions: readonly string[], end: number): DemoSplit[] {
  return path.splits
    .filter(({ position }) => position < end)
    .map(({ position, from, to }) => {
      const historicalFactor = factorAfter(path, position - 1, end);
      const ticker = labelAt(listing, position);
      return { ticker, date: sessions[position] ?? "", from, to, historicalFactor, isDenied: false };
    });
}

function dividendsOf(listing: Listing, path: Path, sessions: readonly string[], end: number): DemoDividend[] {
  return path.dividends
    .filter(({ position }) => position < end)
    .map(({ position, amount }) => {
      const splitAdjustedAmount = roundTo(amount * factorAfter(path, position, end), 6);
      const ticker = labelAt(listing, position);
      return { ticker, date: sessions[position] ?? "", amount, splitAdjustedAmount };
    });
}

/** What brings a price at a position to the share count before another position: the splits after the one, up to the other. */
function factorAfter(path: Path, position: number, before: number): number {
  let factor = 1;
  for (const split of path.splits) {
    if (split.position > position && split.position < before) factor *= split.from / split.to;
  }
  return factor;
}

function adjust(bar: DemoBar, factor: number): DemoBar {
  if (factor === 1) return bar;
  const price = (value: number) => roundTo(value * factor, 4);
  return {
    ...bar,
    open: price(bar.open),
    high: price(bar.high),
    low: price(bar.low),
    close: price(bar.close),
    volume: Math.round(bar.volume / factor),
    vwap: bar.vwap === undefined ? undefined : price(bar.vwap),
  };
}

const byTicker = (a: { ticker: string }, b: { ticker: string }) =>
  a.ticker < b.ticker ? -1 : a.ticker > b.ticker ? 1 : 0;

function byDate(a: { date: string; ticker: string }, b: { date: string; ticker: string }): number {
  return a.date === b.date ? (a.ticker < b.ticker ? -1 : 1) : a.date < b.date ? -1 : 1;
}
