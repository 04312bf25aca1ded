import { lastCalendarDate, sessionsBetween } from "../calendar.ts";
import { createListings, defaultListings, type Listing } from "./listings.ts";
import { type Path, positionOnOrAfter, roundPrice, simulateFactors, simulatePath } from "./path.ts";
import { normalAt, uniformAt } from "./random.ts";
import { cikOf, createRenamed, figiOf, labelAt, tenuresOfListing } from "./renames.ts";

/** The first session of the simulated exchange. */
export const firstDemoDate = "2015-01-02";

/** A simulated bar. `vwap` and `transactions` are missing now and then, as in the vendor's data. */
export type DemoBar = {
  ticker: string;
  date: string;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  vwap: number | undefined;
  transactions: number | undefined;
};

/** `historicalFactor` is what brings a price before the split to the shares of the last day asked for. */
type DemoSplit = { ticker: string; date: string; from: number; to: number; historicalFactor: number };
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
  tickers(): DemoTicker[];
  /** Up to a date, ascending by date, then ticker. */
  splits(until: string): DemoSplit[];
  dividends(until: string): DemoDividend[];
};

/** What each random number of a bar is for; a normal number takes two. */
const purpose = {
  gap: 0,
  above: 2,
  below: 4,
  volume: 6,
  vwap: 8,
  missing: 9,
  trade: 10,
  fraction: 11,
  tradeSize: 12,
  haste: 14,
};

const missingChance = 0.012;
const noTradeChance = 0.04;
const wholeVolumeShare = 0.35;
/** Of the bars of a hasty session, those that are misstated at first: one or two. */
const misstatedChance = 0.004;

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

  /** `before` is the first position whose splits do not count; none where prices are to stay as they were. */
  function barAt(listing: Listing, position: number, before: number | undefined, isFirst = false) {
    const path = pathOf(listing);
    const date = dateAt(position);
    const isHasty = isFirst && hastyWeekdays.has(new Date(date).getUTCDay());
    const bar = (isHasty ? simulateHastyBar : simulateBar)(listing, path, position, date);
    return bar && before !== undefined ? adjust(bar, factorAfter(path, position, before)) : bar;
  }
  const barsWithin = ({ listing }: { listing: Listing }, from: number, end: number, before: number | undefined) =>
    Array.from({ length: Math.max(0, end - from) }, (_, step) => barAt(listing, from + step, before) ?? []).flat();
  const splitsBefore = (adjusted: boolean, until = end) => (adjusted ? positionAfter(sessions, until) : undefined);

  const barsOn = (date: string, before: number | undefined, isFirst: boolean) => {
    const position = positionOnOrAfter(sessions, date);
    if (sessions[position] !== date) return [];
    return listings.flatMap((listing) => barAt(listing, position, before, isFirst) ?? []);
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
    tickers: () =>
      tenures.map(({ listing, ticker, from, to }) => {
        const { name, type, exchange, firstPosition, lastPosition } = listing;
        const last = Math.min(to, lastPosition);
        return {
          ...{ ticker, name, type, exchange, figi: figiOf(listing), cik: cikOf(listing) },
          listedOn: dateAt(Math.max(from, firstPosition)),
          delistedOn: last + 1 < sessions.length ? dateAt(last + 1) : undefined,
        };
      }),
    splits: (until) => {
      const end = positionAfter(sessions, until);
      return listings.flatMap((listing) => splitsOf(listing, pathOf(listing), sessions, end)).sort(byDate);
    },
    dividends: (until) => {
      const end = positionAfter(sessions, until);
      return listings.flatMap((listing) => dividendsOf(listing, pathOf(listing), sessions, end)).sort(byDate);
    },
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
      return { ticker: labelAt(listing, position), date: sessions[position] ?? "", from, to, historicalFactor };
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

/** Whether a listing that is thinly traded had no trade at all in a session. */
const isUntraded = ({ thin, noiseSeed }: Listing, position: number) =>
  thin && uniformAt(noiseSeed, position, purpose.trade) < noTradeChance;

function simulateBar(listing: Listing, path: Path, position: number, date: string): DemoBar | undefined {
  return isUntraded(listing, position) ? undefined : simulateTrades(listing, path, position, date);
}

/** Monday and Wednesday. */
const hastyWeekdays = new Set([1, 3]);

/** What is said at first: a bar where nothing was traded, or one with a wrong close and part of its volume. */
function simulateHastyBar(listing: Listing, path: Path, position: number, date: string): DemoBar | undefined {
  const bar = simulateTrades(listing, path, position, date);
  if (!bar || uniformAt(listing.noiseSeed, position, purpose.haste) >= misstatedChance) return bar;
  return { ...bar, close: bar.close === bar.low ? bar.high : bar.low, volume: roundTo(bar.volume * 0.9, 3) };
}

/** The bar around a close: the day opens somewhere on the way from the last close, which splits and dividends moved. */
function simulateTrades(listing: Listing, path: Path, position: number, date: string): DemoBar | undefined {
  const close = path.closes[position];
  if (close === undefined || Number.isNaN(close)) return undefined;
  const seed = listing.noiseSeed;
  const before = referencePrice(path, position) ?? close;
  const move = Math.log(close / before);
  const spread = listing.volatility + 0.004 * Math.abs(listing.beta) + Math.abs(move) * 0.3;
  const open = roundPrice(before * Math.exp(0.4 * move + 0.35 * spread * normalAt(seed, position, purpose.gap)));
  const high = roundPrice(
    Math.max(open, close) * Math.exp(0.5 * spread * Math.abs(normalAt(seed, position, purpose.above))),
  );
  const low = roundPrice(
    Math.min(open, close) * Math.exp(-0.5 * spread * Math.abs(normalAt(seed, position, purpose.below))),
  );
  const busy = Math.exp(
    0.35 * normalAt(seed, position, purpose.volume) + Math.min(2, (0.35 * Math.abs(move)) / spread),
  );
  const shares = 1 + (listing.dollarVolume / close) * busy;
  const volume =
    uniformAt(seed, position, purpose.fraction) < wholeVolumeShare ? Math.round(shares) : roundTo(shares, 3);
  const complete = uniformAt(seed, position, purpose.missing) >= missingChance;
  const tilt = 0.25 + 0.5 * uniformAt(seed, position, purpose.vwap);
  const vwap = roundTo((low + (high - low) * tilt + open + close) / 3, 4);
  const tradeSize = 60 + 90 * uniformAt(seed, position, purpose.tradeSize);
  return {
    ticker: labelAt(listing, position),
    date,
    open,
    high,
    low,
    close,
    volume,
    vwap: complete ? Math.min(high, Math.max(low, vwap)) : undefined,
    transactions: complete ? Math.max(1, Math.round(volume / tradeSize)) : undefined,
  };
}

/** Yesterday's close in today's shares, less today's dividend. */
function referencePrice(path: Path, position: number): number | undefined {
  const previous = path.closes[position - 1];
  if (previous === undefined || Number.isNaN(previous)) return undefined;
  const split = path.splits.find((event) => event.position === position);
  const dividend = path.dividends.find((event) => event.position === position);
  return previous * (split ? split.from / split.to : 1) - (dividend?.amount ?? 0);
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

function roundTo(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}

const byTicker = (a: { ticker: string }, b: { ticker: string }) =>
  a.ticker < b.ticker ? -1 : a.ticker > b.ticker ? 1 : 0;

function byDate(a: { date: string; ticker: string }, b: { date: string; ticker: string }): number {
  return a.date === b.date ? (a.ticker < b.ticker ? -1 : 1) : a.date < b.date ? -1 : 1;
}
