import type { Listing } from "./listings.ts";
import { type Path, roundPrice, roundTo } from "./path.ts";
import { normalAt, uniformAt } from "./random.ts";
import { labelAt } from "./renames.ts";

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

/** Whether a listing that is thinly traded had no trade at all in a session. */
const isUntraded = ({ thin, noiseSeed }: Listing, position: number) =>
  thin && uniformAt(noiseSeed, position, purpose.trade) < noTradeChance;

/** The bar of a session; none where nothing was traded. */
export function simulateBar(listing: Listing, path: Path, position: number, date: string): DemoBar | undefined {
  return isUntraded(listing, position) ? undefined : simulateTrades(listing, path, position, date);
}

/** Monday and Wednesday. */
const hastyWeekdays = new Set([1, 3]);

/** Whether what is said of a session at first is corrected later. */
export const isHasty = (date: string): boolean => hastyWeekdays.has(new Date(date).getUTCDay());

const hasteOf = ({ noiseSeed }: Listing, position: number) => uniformAt(noiseSeed, position, purpose.haste);

/** Who is misstated at first: few, and always one. */
export function misstatedOf(listings: readonly Listing[], position: number): Set<Listing> {
  const haste = new Map(listings.filter(({ thin }) => !thin).map((listing) => [listing, hasteOf(listing, position)]));
  const least = Math.min(...haste.values());
  return new Set([...haste].flatMap(([listing, draw]) => (draw < misstatedChance || draw === least ? [listing] : [])));
}

type First = { listing: Listing; path: Path; position: number; date: string; isMisstated: boolean };

/** What is said at first: a bar where nothing was traded, or one with a wrong close and part of its volume. */
export function simulateFirstBar({ listing, path, position, date, isMisstated }: First): DemoBar | undefined {
  const bar = simulateTrades(listing, path, position, date);
  if (!bar || !isMisstated) return bar;
  return { ...bar, close: bar.close === bar.low ? bar.high : bar.low, volume: roundTo(bar.volume * 0.9, 3) };
}

/** The last close of one that trades no more over again, as if it had traded. */
export function repeatLastBar({ ticker, lastPosition }: Listing, path: Path, date: string): DemoBar {
  const price = path.closes[lastPosition] ?? Number.NaN;
  const prices = { open: price, high: price, low: price, close: price };
  return { ticker, date, ...prices, volume: 100, vwap: undefined, transactions: undefined };
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
