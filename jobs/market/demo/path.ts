import type { Listing } from "./listings.ts";
import { sectors } from "./names.ts";
import { createRandomStream, seedOf } from "./random.ts";

/** What moves everything: a return for each session, of the market and of each sector. */
export type Factors = { market: Float64Array; sectors: readonly Float64Array[] };

/** From `position` on, every `from` shares are `to`. */
type PathSplit = { position: number; from: number; to: number };

/** Whoever holds a share into `position` gets `amount` dollars. */
type PathDividend = { position: number; amount: number };

/** One listing's life: an unadjusted close for each session (NaN where it does not trade) and what happened to its shares. */
export type Path = { closes: Float64Array; splits: PathSplit[]; dividends: PathDividend[] };

const marketVolatility = 0.0085;
const marketGrowth = 0.09;
const sessionsPerYear = 252;

/** Volatility clusters: today's variance follows yesterday's and yesterday's shock (GARCH(1,1), mean 1). */
const [shockWeight, memoryWeight] = [0.08, 0.9];

const jumpChance = 0.006;
const largestMove = 0.4;
const lowestPrice = 0.05;

const reverseSplitBelow = 1.2;
const announcedAhead = 15;
const sessionsBetweenSplits = 200;
const splitRatios = [
  { from: 1, to: 2 },
  { from: 2, to: 3 },
  { from: 1, to: 3 },
  { from: 1, to: 4 },
  { from: 1, to: 2 },
  { from: 1, to: 5 },
];

/** The factors of an exchange. A longer run begins like a shorter one. */
export function simulateFactors(seed: string, sessionCount: number): Factors {
  const series = (name: string, volatility: number, growth: number) => {
    const draw = createRandomStream(seedOf(`${seed} factor ${name}`));
    const drift = growth / sessionsPerYear - volatility ** 2 / 2;
    let variance = 1;
    return new Float64Array(sessionCount).map(() => {
      const shock = draw.normal();
      const move = drift + volatility * Math.sqrt(variance) * shock;
      variance = nextVariance(variance, shock);
      return move;
    });
  };
  return {
    market: series("market", marketVolatility, marketGrowth),
    sectors: sectors.map(({ name, volatility }) => series(name, volatility, 0)),
  };
}

/** Walks a listing through its sessions. `sessions` are ISO dates, ascending. */
export function simulatePath(listing: Listing, factors: Factors, sessions: readonly string[]): Path {
  const draw = createRandomStream(listing.pathSeed);
  const market = factors.market;
  const sector = factors.sectors[listing.sector] ?? market;
  const path: Path = { closes: new Float64Array(sessions.length).fill(Number.NaN), splits: [], dividends: [] };
  const exPositions = exDividendPositions(listing, sessions);
  const drift = driftOf(listing);
  const last = Math.min(listing.lastPosition, sessions.length - 1);
  let pending: PathSplit | undefined;
  let variance = 1;
  let yearlyDividend = 0;
  let close = listing.startPrice;

  for (let position = listing.firstPosition; position <= last; position += 1) {
    const shock = draw.normal();
    const jump = draw.uniform() < jumpChance ? 5 * listing.volatility * draw.normal() : 0;
    const own = listing.volatility * Math.sqrt(variance) * shock + jump;
    variance = nextVariance(variance, shock);
    if (pending?.position === position) {
      path.splits.push(pending);
      close *= pending.from / pending.to;
      yearlyDividend *= pending.from / pending.to;
      pending = undefined;
    }
    const quarter = exPositions.get(position);
    if (quarter !== undefined) {
      if (quarter === 0 || yearlyDividend === 0) yearlyDividend = close * listing.dividendYield;
      const amount = Math.max(0.01, toCents(yearlyDividend / 4));
      if (amount < close / 5) {
        path.dividends.push({ position, amount });
        close -= amount;
      }
    }
    const move = drift + listing.beta * (market[position] ?? 0) + listing.sectorBeta * (sector[position] ?? 0) + own;
    close = roundPrice(Math.max(lowestPrice, close * Math.exp(Math.max(-largestMove, Math.min(largestMove, move)))));
    path.closes[position] = roundPrice(close * listing.discount);
    pending ??= plannedSplit(listing, position, close, path.splits.at(-1));
  }
  return path;
}

/** Prices are quoted in cents, and below a dollar in hundredths of one. */
export function roundPrice(price: number): number {
  return price >= 1 ? toCents(price) : Math.round(price * 1e4) / 1e4;
}

function toCents(price: number): number {
  return Math.round(price * 100) / 100;
}

function nextVariance(variance: number, shock: number): number {
  return 1 - shockWeight - memoryWeight + variance * (memoryWeight + shockWeight * shock * shock);
}

/** What remains of the growth after the factors' share. Half the variance is taken off, or noise alone would be growth. */
function driftOf({ growth, beta, sectorBeta, sector, volatility }: Listing): number {
  const [marketVariance, sectorVariance] = [marketVolatility ** 2, (sectors[sector]?.volatility ?? 0) ** 2];
  const variance = volatility ** 2 + sectorBeta ** 2 * sectorVariance + beta ** 2 * marketVariance;
  const fromFactors = beta * (marketGrowth / sessionsPerYear - marketVariance / 2) - (sectorBeta * sectorVariance) / 2;
  return growth / sessionsPerYear - variance / 2 - fromFactors;
}

function plannedSplit(
  listing: Listing,
  position: number,
  close: number,
  latest: PathSplit | undefined,
): PathSplit | undefined {
  if (latest && position - latest.position < sessionsBetweenSplits) return undefined;
  const executed = position + announcedAhead;
  if (close < reverseSplitBelow) return { position: executed, from: 10, to: 1 };
  if (close <= listing.splitAbove) return undefined;
  const ratio = splitRatios[(listing.pathSeed + position) % splitRatios.length];
  return ratio && { position: executed, ...ratio };
}

/** The positions of a listing's ex-dividend sessions, with the quarter of each. */
function exDividendPositions(listing: Listing, sessions: readonly string[]): Map<number, number> {
  const positions = new Map<number, number>();
  if (listing.dividendYield === 0) return positions;
  const [firstYear, lastYear] = [Number(sessions[0]?.slice(0, 4)), Number(sessions.at(-1)?.slice(0, 4))];
  for (let year = firstYear; year <= lastYear; year += 1) {
    for (let quarter = 0; quarter < 4; quarter += 1) {
      const month = String(quarter * 3 + listing.exMonth + 1).padStart(2, "0");
      const position = positionOnOrAfter(sessions, `${year}-${month}-${String(listing.exDay).padStart(2, "0")}`);
      if (position > listing.firstPosition && position < sessions.length) positions.set(position, quarter);
    }
  }
  return positions;
}

/** The position of the first date on or after another, in an ascending list; its length when there is none. */
export function positionOnOrAfter(dates: readonly string[], date: string): number {
  let [low, high] = [0, dates.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((dates[middle] ?? "") < date) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** To so many decimals. */
export function roundTo(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
