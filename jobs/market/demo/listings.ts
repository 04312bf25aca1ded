import { broadFunds, companyOf, pick, sectors } from "./names.ts";
import { createRandomStream, seedOf } from "./random.ts";

/** A label of a listing, from its first to its last position. */
export type Tenure = { ticker: string; from: number; to: number };

/** One simulated security: who it is, how it moves and pays, and when it trades (positions among the exchange's sessions). */
export type Listing = {
  ticker: string;
  name: string;
  type: "CS" | "ADRC" | "PFD" | "ETF";
  exchange: string;
  sector: number;
  /** Seeds the path; share classes of one company have the same one. */
  pathSeed: number;
  /** Seeds what differs from day to day around the path. */
  noiseSeed: number;
  startPrice: number;
  /** What its price is of the path's: 1, but for a share class that trades below its sister. */
  discount: number;
  beta: number;
  sectorBeta: number;
  /** Daily volatility of its own. */
  volatility: number;
  /** Expected yearly return, dividends included. */
  growth: number;
  /** Typical dollars traded in a session. */
  dollarVolume: number;
  /** Yearly dividend as a fraction of the price; 0: it pays none. */
  dividendYield: number;
  /** First month (0 to 2) and earliest day of the month of the quarterly ex-dividend dates. */
  exMonth: number;
  exDay: number;
  /** The price above which the company splits its shares. */
  splitAbove: number;
  /** Thinly traded: some sessions have no trade, and so no bar. */
  thin: boolean;
  firstPosition: number;
  /** The last position at which it trades; infinite for most. */
  lastPosition: number;
  /** Its labels, oldest first, where it had others than `ticker`. */
  tenures?: readonly Tenure[];
};

/** How many securities the exchange has unless asked for fewer. */
export const defaultListings = 400;

/** Late listings and delistings fall between these positions: early 2016 to summer 2026, and to the end of 2029. */
const lateListings = { from: 260, to: 2_890 };
const delistings = { from: 520, to: 3_770 };

/** Every so many listings, one came late and one leaves; small exchanges have both. */
const [lateEvery, lateAt] = [9, 4];
const [leavesEvery, leavesAt] = [16, 5];

/** The securities of an exchange, ordered by ticker. Fewer are a subset of more. */
export function createListings(seed: string, count = defaultListings): Listing[] {
  const all = [...commonShares(seed), ...shareClasses(seed), ...preferredShares(seed), ...funds(seed)];
  const shuffled = all.toSorted((a, b) => seedOf(`order ${a.ticker}`) - seedOf(`order ${b.ticker}`));
  const chosen = shuffled.slice(0, count).map((listing, order) => withLife(listing, order));
  return chosen.toSorted((a, b) => (a.ticker < b.ticker ? -1 : 1));
}

function commonShares(seed: string): Listing[] {
  return Array.from({ length: 342 }, (_, number) => commonShare(seed, number, number % 34 === 7 ? "ADRC" : "CS"));
}

/** Two classes of one company trade side by side, at nearly the same price. */
function shareClasses(seed: string): Listing[] {
  return [350, 353, 358, 361, 366, 371].flatMap((number) => {
    const share = commonShare(seed, number, "CS");
    return ["A", "B"].map((letter) => ({
      ...share,
      ticker: `${share.ticker}.${letter}`,
      name: share.name.replace(" (simulated)", ` Class ${letter} (simulated)`),
      noiseSeed: seedOf(`${seed} noise ${share.ticker}.${letter}`),
      discount: letter === "A" ? 1 : 0.985,
      dollarVolume: letter === "A" ? share.dollarVolume : share.dollarVolume / 6,
    }));
  });
}

/** Preferred shares stay around their 25 dollars, pay well and trade little; their tickers have a small p. */
function preferredShares(seed: string): Listing[] {
  return Array.from({ length: 15 }, (_, order) => {
    const share = commonShare(seed, order * 22 + 2, "CS");
    const ticker = `${share.ticker}p${pick(["A", "B", "C", "L"], order)}`;
    return {
      ...share,
      ticker,
      name: share.name.replace(" (simulated)", ` ${(5 + (order % 5) * 0.375).toFixed(3)}% Preferred (simulated)`),
      type: "PFD" as const,
      pathSeed: seedOf(`${seed} path ${ticker}`),
      noiseSeed: seedOf(`${seed} noise ${ticker}`),
      startPrice: 24 + order * 0.15,
      beta: 0.1,
      sectorBeta: 0.05,
      volatility: 0.004,
      growth: 0.06,
      dollarVolume: 300_000,
      dividendYield: 0.06,
      splitAbove: Number.POSITIVE_INFINITY,
      thin: true,
    };
  });
}

function funds(seed: string): Listing[] {
  const broad = broadFunds.map(([ticker, name, beta, volatility, dividendYield]) =>
    fund(seed, { ticker, name, beta, volatility, dividendYield, sector: 0, sectorBeta: 0 }),
  );
  const sectoral = sectors.map(({ name, dividendYield }, sector) => {
    const ticker = `QSX${String.fromCharCode(65 + sector)}`;
    return fund(seed, {
      ticker,
      name: `Quillgate ${name} ETF`,
      beta: 1,
      volatility: 0.001,
      dividendYield,
      sector,
      sectorBeta: 1,
    });
  });
  return [...broad, ...sectoral];
}

/** A fund of a size and a fee of its own. */
export function fund(
  seed: string,
  about: Pick<Listing, "ticker" | "name" | "beta" | "volatility" | "dividendYield" | "sector" | "sectorBeta">,
): Listing {
  const draw = createRandomStream(seedOf(`${seed} fund ${about.ticker}`));
  return {
    ...about,
    name: `${about.name} (simulated)`,
    type: "ETF",
    exchange: "ARCX",
    pathSeed: seedOf(`${seed} path ${about.ticker}`),
    noiseSeed: seedOf(`${seed} noise ${about.ticker}`),
    discount: 1,
    startPrice: cents(30 + 140 * draw.uniform()),
    growth: 0.085 * about.beta + 0.01,
    dollarVolume: 10 ** (7 + 2.6 * draw.uniform()),
    exMonth: 2,
    exDay: 15 + Math.floor(10 * draw.uniform()),
    splitAbove: 420,
    thin: false,
    firstPosition: 0,
    lastPosition: Number.POSITIVE_INFINITY,
  };
}

/** A company's share, by the company's number. */
export function commonShare(seed: string, number: number, type: "CS" | "ADRC"): Listing {
  const { ticker, name, sector } = companyOf(number);
  const draw = createRandomStream(seedOf(`${seed} company ${ticker}`));
  const size = draw.uniform();
  return {
    ticker,
    name: `${name}${type === "ADRC" ? " American Depositary Shares" : ""} (simulated)`,
    type,
    exchange: draw.uniform() < 0.55 ? "XNYS" : "XNAS",
    sector: sectors.indexOf(sector),
    pathSeed: seedOf(`${seed} path ${ticker}`),
    noiseSeed: seedOf(`${seed} noise ${ticker}`),
    discount: 1,
    startPrice: cents(6 * Math.exp(3.6 * draw.uniform())),
    beta: sector.beta * (0.75 + 0.5 * draw.uniform()),
    sectorBeta: 0.6 + 0.8 * draw.uniform(),
    volatility: 0.019 - 0.012 * size + 0.006 * draw.uniform(),
    growth: 0.05 + 0.14 * draw.uniform(),
    dollarVolume: 10 ** (5.7 + 3.6 * size),
    dividendYield: draw.uniform() < 0.25 + 0.5 * size ? sector.dividendYield * (0.6 + 0.8 * draw.uniform()) : 0,
    exMonth: Math.floor(3 * draw.uniform()),
    exDay: 3 + Math.floor(22 * draw.uniform()),
    splitAbove: 150 + 350 * draw.uniform() ** 2,
    thin: false,
    firstPosition: 0,
    lastPosition: Number.POSITIVE_INFINITY,
  };
}

function withLife(listing: Listing, order: number): Listing {
  const draw = createRandomStream(listing.noiseSeed);
  const between = ({ from, to }: { from: number; to: number }) => Math.floor(from + (to - from) * draw.uniform());
  if (order % lateEvery === lateAt) return { ...listing, firstPosition: between(lateListings) };
  if (order % leavesEvery === leavesAt) return { ...listing, lastPosition: between(delistings) };
  return listing;
}

function cents(price: number): number {
  return Math.round(price * 100) / 100;
}
