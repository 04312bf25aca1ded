import { isDistributed, type Sql } from "../../../db/client.ts";
import type { Moment } from "../../../db/queries/research/moment.ts";
import { type PackedSweptSection, selectSweptSections } from "../../../db/queries/research/swept-universe.ts";
import {
  hasMonthEnds,
  hasReturn,
  type KeyColumn,
  type ListedTicker,
  selectListedTickers,
  selectSessions,
} from "../../../db/queries/research/universe.ts";
import type { SweepPlan } from "../../backtest/sweep/types.ts";
import type { Chosen, Needs, SweptMarket, SweptSection } from "../../backtest/sweep/universe.ts";
import type { HeldBars, Selection } from "../../backtest/universe/types.ts";
import { readAll, readHeldBars, rebalanceSessions, type Statement } from "../backtests/read-universe.ts";
import { chunksOf, chunksOfBars, type FoundBy, foundBy, tickersAtOnce } from "../backtests/universe-chunks.ts";

/** Who and when: all that a sweep of the universe is planned with. */
export type Listed = {
  dates: readonly string[];
  listings: readonly ListedTicker[];
  by: KeyColumn;
  newest: string;
  /** Whether bars are spread over several servers. */
  distributed: boolean;
};

/** A market in memory that threads share: workers get it without a copy. */
export type SharedMarket = SweptMarket & Listed;

/** Of a range that is inclusive; null is open-ended. */
export async function readListed(
  read: Sql,
  range: { from: string | null; to: string | null },
  distributed = isDistributed(read),
): Promise<Listed> {
  const [dates, { listings, by }] = await Promise.all([selectSessions(read, range), selectListedTickers(read)]);
  const [newest = ""] = listings.map(({ lastDate }) => lastDate).toSorted((a, b) => (a < b ? 1 : -1));
  return { dates, listings, by, newest, distributed };
}

/** Months of all tickers read by one statement: some megabytes on their way. */
const monthsAtOnce = 6;

/** What all points of a plan look at, of every ticker that was ever published; once for all of them. */
export async function readMarket(
  moment: Moment,
  listed: Listed,
  { plan, needs, signal }: { plan: SweepPlan; needs: Needs; signal: AbortSignal },
): Promise<SharedMarket> {
  const { dates, listings, by, newest, distributed } = listed;
  const rebalances = rebalanceSessions(dates).filter((session) => session < dates.length - 1);
  const ends = partEnds(plan, dates.length).filter((session) => !rebalances.includes(session));
  const sections = [
    ...rebalances.map((session) => emptySection(session, listings.length, needs)),
    ...ends.map((session) => emptySection(session, listings.length, null)),
  ].toSorted((a, b) => a.session - b.session);
  const byDate = new Map(sections.map((section) => [dates[section.session] ?? "", section]));
  const numbers = listings.map((_, number) => number);
  const ask =
    (own: Needs, source: "bars" | "month_ends") =>
    (sessions: readonly number[], some: FoundBy): Statement =>
    async (read) => {
      signal.throwIfAborted();
      const asked = { ...own, ...some, distributed, dates: sessions.map((session) => dates[session] ?? "") };
      for (const packed of await selectSweptSections(read, asked, source)) unpack(packed, byDate.get(packed.date));
    };
  const hasMonths = needs.lags.every(hasReturn) && (await hasMonthEnds(moment[0]));
  const [askMonths, askBars, askEnds] = [ask(needs, "month_ends"), ask(needs, "bars"), ask(nothing, "bars")];
  // The newest session values what is held, and the list of tickers has its closes.
  const ofBars = ends.filter((session) => dates[session] !== newest);
  closeOfNewest(byDate.get(newest), listings, newest);
  const uncounted = needs.lags.filter((lag) => !hasReturn(lag));
  const chunks = await chunksOfBars(moment[0], listed, numbers, rebalances.length * uncounted.length);
  await readAll(moment, [
    ...(hasMonths
      ? chunksOf(rebalances, monthsAtOnce).map((some) => askMonths(some, foundBy(listings, by, numbers)))
      : []),
    ...chunks.flatMap((some) => [
      ...(hasMonths ? [] : [askBars(rebalances, some)]),
      ...(ofBars.length === 0 ? [] : [askEnds(ofBars, some)]),
    ]),
  ]);
  return { ...listed, ...needs, sections };
}

const nothing: Needs = { lags: [], minimumPrices: [], minimumDollarVolumes: [] };

/** Sessions that end a part of the plan, each once. */
function partEnds({ inSample, outOfSample, windows }: SweepPlan, sessions: number): number[] {
  const parts = [
    inSample,
    ...(outOfSample ? [outOfSample] : []),
    ...windows.flatMap(({ choose, run }) => [choose, run]),
  ];
  return [...new Set([...parts.map(({ to }) => to - 1), sessions - 1])];
}

const sharedDoubles = (length: number) => new Float64Array(new SharedArrayBuffer(8 * length));

/** Without `needs` it values what is held, and nothing is chosen at it. */
function emptySection(session: number, tickers: number, needs: Needs | null): SweptSection {
  const ranks = () => new Uint16Array(new SharedArrayBuffer(needs === null ? 0 : 2 * tickers));
  const column = () => sharedDoubles(tickers).fill(Number.NaN);
  return {
    ...{ session, isRebalance: needs !== null, close: column(), prices: ranks(), dollarVolumes: ranks() },
    returns: needs?.lags.map(column) ?? [],
  };
}

function closeOfNewest(section: SweptSection | undefined, listings: readonly ListedTicker[], newest: string): void {
  if (section === undefined) return;
  for (const [number, { lastDate, lastClose }] of listings.entries()) {
    if (lastDate === newest) section.close[number] = lastClose;
  }
}

function unpack(packed: PackedSweptSection, section: SweptSection | undefined): void {
  if (section === undefined) return;
  const columns = [
    { from: packed.close, to: section.close },
    ...section.returns.map((to, index) => ({ from: packed.returns[index] ?? packed.close, to })),
  ];
  for (let row = 0; row < packed.numbers.length / 4; row++) {
    const ticker = packed.numbers.readInt32BE(4 * row);
    section.prices[ticker] = packed.prices.readInt16BE(2 * row);
    section.dollarVolumes[ticker] = packed.dollarVolumes.readInt16BE(2 * row);
    for (const { from, to } of columns) to[ticker] = from.readDoubleBE(8 * row);
  }
}

/** Bars that a sweep holds in memory: so many are 120 MB, and 168 MB with dividends. */
const mostHeldBars = 6_000_000;

/** The bars of every ticker while any point may hold it, with dividends where `dividends` says so. */
export async function readChosenBars(
  moment: Moment,
  market: SharedMarket,
  chosen: Chosen,
  { dividends, signal }: { dividends: boolean; signal: AbortSignal },
): Promise<Map<number, HeldBars>> {
  const rows = market.sections.flatMap(({ session, isRebalance }, index) => (isRebalance ? [{ session, index }] : []));
  const tickers = market.listings.length;
  const isChosen = (index: number, ticker: number) => chosen[index * tickers + ticker] === 1;
  requireFewEnough(market, rows, isChosen);
  const held = new Map<number, HeldBars>();
  const numbers = market.listings.flatMap((_, ticker) =>
    rows.some(({ index }) => isChosen(index, ticker)) ? [ticker] : [],
  );
  const ask =
    (some: readonly number[]): Statement =>
    async (read) => {
      signal.throwIfAborted();
      const selections = rows.map(
        ({ session, index }): Selection => ({ session, tickers: some.filter((ticker) => isChosen(index, ticker)) }),
      );
      const own = await readHeldBars(read, market, [selections], dividends);
      for (const [ticker, bars] of own) held.set(ticker, shared(bars, dividends));
    };
  await readAll(moment, chunksOf(numbers, tickersAtOnce).map(ask));
  return held;
}

/** Stated, rather than a process that is ended for want of memory. */
function requireFewEnough(
  { dates, listings }: SharedMarket,
  rows: readonly { session: number; index: number }[],
  isChosen: (index: number, ticker: number) => boolean,
): void {
  let bars = 0;
  for (const [place, { session, index }] of rows.entries()) {
    const sessions = (rows[place + 1]?.session ?? dates.length) - session;
    for (let ticker = 0; ticker < listings.length; ticker++) if (isChosen(index, ticker)) bars += sessions;
  }
  if (bars <= mostHeldBars) return;
  const [has, most] = [bars, mostHeldBars].map((count) => count.toLocaleString("en-US"));
  throw new Error(
    `The points hold so many tickers that ${has} bars would have to be in memory; up to ${most} are. Try fewer holdings, or a shorter range.`,
  );
}

/** Zeros for the dividends of all tickers where they are left out, and the factors of those that never split. */
let [zeros, ones] = [sharedDoubles(0), sharedDoubles(0)];

/** A copy that workers get without copying it again. */
function shared(bars: HeldBars, dividends: boolean): HeldBars {
  const { length } = bars.sessions;
  const copy = (values: Float64Array) => {
    const own = sharedDoubles(length);
    own.set(values);
    return own;
  };
  const sessions = new Int32Array(new SharedArrayBuffer(4 * length));
  sessions.set(bars.sessions);
  if (zeros.length < length) [zeros, ones] = [sharedDoubles(length), sharedDoubles(length).fill(1)];
  const isSplit = bars.splitFactor.some((factor) => factor !== 1);
  return {
    ...{ sessions, open: copy(bars.open), close: copy(bars.close), delisted: bars.delisted },
    dividends: dividends ? copy(bars.dividends) : zeros.subarray(0, length),
    splitFactor: isSplit ? copy(bars.splitFactor) : ones.subarray(0, length),
  };
}
