import { commonShare, fund, type Listing, type Tenure } from "./listings.ts";
import { positionOnOrAfter } from "./path.ts";
import { seedOf } from "./random.ts";

/** Which company it is: none of those that are listed anyway. */
const companyNumber = 375;
/** The company takes its new label so many sessions into the year, some after the fund that had it has closed. */
const [renamedAt, closedBefore] = [8, 4];

/**
 * What real lists are full of, for a first look whenever it is taken: a company that has another label each January, and funds, each of which
 * had the label before and has closed.
 */
export function createRenamed(seed: string, sessions: readonly string[]): Listing[] {
  const share = commonShare(seed, companyNumber, "CS");
  const tenures = tenuresOf(share.ticker, sessions);
  const funds = tenures.slice(1).map(({ ticker, from }, order): Listing => {
    const about = { beta: 0.7, volatility: 0.002, dividendYield: 0, sector: 0, sectorBeta: 0 };
    const year = Number(sessions[0]?.slice(0, 4)) + order;
    return {
      ...fund(seed, { ticker, name: `Quillgate Target ${year} ETF`, ...about }),
      firstPosition: tenures[order]?.from ?? 0,
      lastPosition: from - closedBefore,
    };
  });
  return [{ ...share, tenures }, ...funds];
}

function tenuresOf(ticker: string, sessions: readonly string[]): Tenure[] {
  const years = [...new Set(sessions.map((date) => date.slice(0, 4)))];
  // And that of the year after, whose label somebody has already.
  const begun = [...years.map((year) => positionOnOrAfter(sessions, `${year}-01-01`)), sessions.length];
  const starts = begun.map((first) => first + renamedAt);
  return [0, ...starts].map((from, order) => ({
    ticker: order === 0 ? ticker : `${ticker}${String.fromCharCode(65 + ((order - 1) % 26))}`,
    from,
    to: (starts[order] ?? Number.POSITIVE_INFINITY) - 1,
  }));
}

/** The labels of a listing; most have one all their life. */
export const tenuresOfListing = ({ ticker, tenures, lastPosition }: Listing): readonly Tenure[] =>
  tenures ?? [{ ticker, from: 0, to: lastPosition }];

/** The label at a position. */
export const labelAt = (listing: Listing, position: number): string =>
  listing.tenures?.find(({ from, to }) => position >= from && position <= to)?.ticker ?? listing.ticker;

const digits = (text: string, radix: number, length: number) =>
  seedOf(text).toString(radix).toUpperCase().padStart(length, "0").slice(-length);

/** What names a listing whatever its label, made up in the form of a FIGI. */
export const figiOf = ({ ticker, pathSeed, noiseSeed }: Listing): string =>
  `BBG00${digits(`figi ${ticker} ${pathSeed} ${noiseSeed}`, 36, 7)}`;

/** What names its company: the classes of one share it. Funds have none here. */
export const cikOf = ({ ticker, type }: Listing): string | undefined =>
  type === "ETF" ? undefined : `0009${digits(`cik ${ticker.slice(0, 4)}`, 10, 6)}`;
