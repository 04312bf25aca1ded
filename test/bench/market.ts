import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nextSession, sessionOf } from "../../jobs/market/calendar.ts";
import { createRandomStream, type RandomStream, seedOf } from "../../jobs/market/demo/random.ts";

/** `first`: its first session, where it is another than usual. */
export type MarketSize = { tickers: number; sessions: number; first?: string };

/** A synthetic market on disk: what the endpoint serves, and the same rows as COPY text for the floor. */
export type BenchMarket = {
  folder: string;
  /** The sessions of the year. */
  sessions: string[];
  /** One session more, which arrives when the year is there. */
  next: string;
  /** Of the year: rows, and exact sums as decimals. */
  totals: Totals;
  /** Files of COPY text, halves of the year, to be loaded one after the other or side by side. */
  copyFiles: string[];
};

type Totals = { rows: number; close: string; volume: string };

const usualFirst = "2024-01-02";
/** A time of insertion for the rows that are copied by hand; any will do. */
const copiedAt = "2025-01-02 00:00:00+00";
const splitsPerTicker = 0.03;
/** The session that arrives on top has splits too, as most have: each makes all of its ticker's history due. */
const splitsOfNext = 3;
const dividendsPerTicker = 0.4;
/** As the pipeline stores answers: quick to pack, and small enough to read while it runs. */
const gzip = { library: "libdeflate", level: 1 } as const;

type Listing = {
  ticker: string;
  /** In ten-thousandths of a dollar. */
  close: number;
  /** Shares a day. */
  turnover: number;
  split: { position: number; from: number; to: number } | undefined;
};

/** Simulates a market and writes it under `folder`: the same bytes for the same size, whenever it is called. */
export async function makeMarket(folder: string, size: MarketSize): Promise<BenchMarket> {
  await mkdir(join(folder, "grouped"), { recursive: true });
  const random = createRandomStream(seedOf("bench"));
  const dates = sessionsFrom(size.first ?? usualFirst, size.sessions + 1);
  const listings = Array.from({ length: size.tickers }, (_, index) => list(index, size, random));
  for (const { split } of listings.filter((listing) => listing.split).slice(0, splitsOfNext)) {
    if (split) split.position = size.sessions;
  }
  const totals = createTotals();
  const half = Math.ceil(size.sessions / 2);
  const copyFiles = [join(folder, "bars-1.copy"), join(folder, "bars-2.copy")];
  const writers = copyFiles.map((path) => Bun.file(path).writer({ highWaterMark: 1 << 20 }));
  for (const [position, date] of dates.entries()) {
    const ofYear = position < size.sessions;
    const { json, copy } = trade(listings, position, date, random, ofYear ? totals : undefined);
    await writeFile(join(folder, "grouped", `${date}.json.gz`), Bun.gzipSync(Buffer.from(json), gzip));
    if (ofYear) await writers[position < half ? 0 : 1]?.write(copy);
  }
  for (const writer of writers) await writer.end();
  await writeLists(folder, listings, dates, random);
  const market = {
    folder,
    sessions: dates.slice(0, size.sessions),
    next: dates[size.sessions] ?? "",
    totals: totals.read(),
    copyFiles,
  };
  // Last and at once: a folder that has it is complete.
  await writeFile(join(folder, "market.json.part"), JSON.stringify(market));
  await rename(join(folder, "market.json.part"), join(folder, "market.json"));
  return market;
}

/** The market that an earlier call left in `folder`, if it is of this size. */
export async function findMarket(folder: string, size: MarketSize): Promise<BenchMarket | undefined> {
  const file = Bun.file(join(folder, "market.json"));
  if (!(await file.exists())) return undefined;
  const market = (await file.json()) as BenchMarket;
  const fits = market.sessions.length === size.sessions && market.totals.rows === size.tickers * size.sessions;
  return fits ? market : undefined;
}

function sessionsFrom(first: string, count: number): string[] {
  const dates = [first];
  while (dates.length < count) dates.push(nextSession(dates.at(-1) ?? first));
  return dates;
}

/** Symbols of one to four letters, some with a class behind, as the market has them. */
function symbol(index: number): string {
  let letters = "";
  for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26))
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters;
  if (index % 40 === 7) return `${letters}pA`;
  return index % 25 === 3 ? `${letters}.WS` : letters;
}

function list(index: number, { sessions }: MarketSize, random: RandomStream): Listing {
  const close = Math.round(10_000 * Math.exp(3 + 1.2 * random.normal())) + 500;
  const turnover = Math.round(Math.exp(11.5 + 2 * random.normal())) + 100;
  const splits = random.uniform() < splitsPerTicker;
  const position = 1 + Math.floor(random.uniform() * (sessions - 1));
  const forward = random.uniform() < 0.5;
  return {
    ticker: symbol(index),
    close,
    turnover,
    split: splits ? { position, from: forward ? 1 : 10, to: forward ? 3 : 1 } : undefined,
  };
}

/** One session of every ticker, as the vendor writes it and as COPY text. */
function trade(
  listings: Listing[],
  position: number,
  date: string,
  random: RandomStream,
  totals: ReturnType<typeof createTotals> | undefined,
): { json: string; copy: string } {
  const closesAt = sessionOf(date)?.closesAt.getTime() ?? 0;
  const rows: string[] = [];
  let copy = "";
  for (const listing of listings) {
    if (listing.split?.position === position) listing.close *= listing.split.from / listing.split.to;
    const [o, c, h, l, vw] = prices(listing, random);
    const whole = Math.max(1, Math.round(listing.turnover * Math.exp(0.4 * random.normal())));
    // One ticker in three trades in fractions.
    const millionths = random.uniform() < 0.33 ? Math.floor(random.uniform() * 1_000_000) : 0;
    const volume = millionths === 0 ? `${whole}` : `${whole}.${String(millionths).padStart(6, "0").replace(/0+$/, "")}`;
    const n = Math.max(1, Math.round(whole / 90));
    totals?.add(c, whole, millionths);
    const [open, close, high, low, vwap] = [o / 1e4, c / 1e4, h / 1e4, l / 1e4, vw / 1e4];
    rows.push(
      `{"T":"${listing.ticker}","v":${volume},"vw":${vwap},"o":${open},"c":${close},"h":${high},"l":${low},"t":${closesAt},"n":${n}}`,
    );
    copy += `${listing.ticker}\t${date}\t${open}\t${high}\t${low}\t${close}\t${volume}\t${vwap}\t${n}\t${copiedAt}\n`;
  }
  const counts = `"queryCount":${rows.length},"resultsCount":${rows.length},"adjusted":false`;
  const json = `{${counts},"results":[${rows.join(",")}],"status":"OK","request_id":"bench-${date}","count":${rows.length}}`;
  return { json, copy };
}

/** Open, close, high, low and average in ten-thousandths of a dollar; cents from a dollar up. */
function prices(listing: Listing, random: RandomStream): [number, number, number, number, number] {
  const before = listing.close;
  listing.close = Math.max(100, before * Math.exp(0.02 * random.normal()));
  const tick = listing.close >= 10_000 ? 100 : 1;
  const round = (value: number) => Math.max(tick, Math.round(value / tick) * tick);
  const open = round(before * (1 + 0.004 * random.normal()));
  const close = round(listing.close);
  const high = round(Math.max(open, close) * (1 + 0.01 * random.uniform())) + tick;
  const low = round(Math.min(open, close) * (1 - 0.01 * random.uniform()));
  return [open, close, high, low, Math.round((high + low + 2 * close) / 4)];
}

/** Adds up in whole numbers that stay far below 2^53, so that the sums are exact. */
function createTotals() {
  let rows = 0;
  let close = 0;
  let whole = 0;
  let millionths = 0;
  const decimal = (units: bigint, digits: number) => {
    const text = String(units).padStart(digits + 1, "0");
    return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
  };
  return {
    add(closeUnits: number, wholeShares: number, millionthShares: number) {
      rows += 1;
      close += closeUnits;
      whole += wholeShares;
      millionths += millionthShares;
    },
    read: (): Totals => ({
      rows,
      close: decimal(BigInt(close), 4),
      volume: decimal(BigInt(whole) * 1_000_000n + BigInt(millionths), 6),
    }),
  };
}

async function writeLists(folder: string, listings: Listing[], dates: string[], random: RandomStream): Promise<void> {
  const tickers = listings.map(({ ticker }) => ({
    ticker,
    name: `${ticker} Holdings Inc. Common Stock`,
    market: "stocks",
    locale: "us",
    primary_exchange: "XNYS",
    type: "CS",
    active: true,
    currency_name: "usd",
  }));
  tickers.sort((a, b) => (a.ticker < b.ticker ? -1 : 1));
  const splits = listings.flatMap(({ ticker, split }) =>
    split ? [{ ticker, execution_date: dates[split.position], split_from: split.from, split_to: split.to }] : [],
  );
  const dividends = listings
    .filter(() => random.uniform() < dividendsPerTicker)
    .map(({ ticker }) => ({
      ticker,
      ex_dividend_date: dates[Math.floor(random.uniform() * dates.length)],
      cash_amount: Math.ceil(random.uniform() * 100) / 100,
      currency: "USD",
      frequency: 4,
    }));
  await writeFile(join(folder, "lists.json"), JSON.stringify({ tickers, splits, dividends }));
}
