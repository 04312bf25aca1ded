import { isDistributed, type Sql } from "../../../db/client.ts";
import type { Moment } from "../../../db/queries/research/moment.ts";
import {
  hasMonthEnds,
  hasReturn,
  type KeyColumn,
  type ListedTicker,
  type PackedSection,
  selectListedTickers,
  selectSections,
  selectSessions,
} from "../../../db/queries/research/universe.ts";
import { type HeldDividend, selectHeldBars, selectHeldDividends } from "../../../db/queries/research/universe-held.ts";
import type { ConfiguredUniverseStrategy } from "../../backtest/universe/strategy.ts";
import type { CrossSection, HeldBars, Selection, Universe } from "../../backtest/universe/types.ts";
import { chunksOf, chunksOfBars, type FoundBy, foundBy } from "./universe-chunks.ts";

/** Bars that are counted back from: so many take some ten seconds where the table is not in memory. */
export const mostLookUps = 150_000;
/** Months of all tickers read by one statement: some megabytes on their way. */
const monthsAtOnce = 12;
/** As many as a pool can spare; each keeps one core of the database busy. */
export const statementsAtOnce = 3;
const dayMs = 86_400_000;
const firstDay = Date.UTC(2000, 0, 1);

/** A lag that bars have no return for would have to be counted back from too many of them. */
export class TooManyLookUps extends Error {
  constructor(
    readonly lag: number,
    readonly lookUps: number,
  ) {
    super(`a look back of ${lag} sessions would have to be counted from ${lookUps} bars`);
  }
}

/** The universe of a run, when the market was last open, by which survivors are known, and whether its bars are spread over several servers. */
export type ReadUniverse = Universe & {
  listings: readonly ListedTicker[];
  by: KeyColumn;
  newest: string;
  distributed: boolean;
};

/** The last session of each month that has a later one in the run, and the run's last, at which everything is valued. */
export function rebalanceSessions(dates: readonly string[]): number[] {
  return dates.flatMap((date, session) => (dates[session + 1]?.slice(0, 7) === date.slice(0, 7) ? [] : [session]));
}

/** Dates are inclusive, null is open-ended; `atMost`: only so many tickers, evenly taken. */
export type UniverseAsked = { from: string | null; to: string | null; atMost?: number; distributed?: boolean };

/**
 * What a strategy looks at from `from` to `to`, of every security that was ever published. Looks back beyond `from`. What takes longest is
 * read over all connections of the moment.
 */
export async function readUniverse(
  moment: Moment,
  { from, to, atMost, distributed = isDistributed(moment[0]) }: UniverseAsked,
  strategy: Pick<ConfiguredUniverseStrategy, "lags" | "minimums">,
): Promise<ReadUniverse> {
  const [read] = moment;
  const [dates, { listings, by }] = await Promise.all([selectSessions(read, { from, to }), selectListedTickers(read)]);
  const newest =
    listings
      .map(({ lastDate }) => lastDate)
      .toSorted()
      .at(-1) ?? "";
  const sections = rebalanceSessions(dates).map(
    (session): CrossSection => ({
      session,
      close: new Float64Array(listings.length).fill(Number.NaN),
      eligible: new Uint8Array(listings.length),
      returns: strategy.lags.map(() => new Float64Array(listings.length).fill(Number.NaN)),
    }),
  );
  const first = dates[sections[0]?.session ?? 0] ?? "";
  const alive = listings.flatMap(({ lastDate }, number) => (lastDate < first ? [] : [number]));
  const step = Math.max(1, Math.ceil(alive.length / (atMost ?? alive.length)));
  const universe = { dates, listings, by, newest, sections, distributed };
  await readSections(
    moment,
    universe,
    alive.filter((_, index) => index % step === 0),
    strategy,
  );
  return universe;
}

async function readSections(
  moment: Moment,
  { dates, listings, by, newest, sections, distributed }: ReadUniverse,
  numbers: readonly number[],
  { lags, minimums }: Pick<ConfiguredUniverseStrategy, "lags" | "minimums">,
): Promise<void> {
  const [months, rest] = [sections.slice(0, -1), sections.slice(-1)];
  const byDate = new Map(sections.map((section) => [dates[section.session] ?? "", section]));
  const ask =
    (part: readonly CrossSection[], some: FoundBy, source: "bars" | "month_ends"): Statement =>
    async (read) => {
      const sessions = part.map(({ session }) => dates[session] ?? "");
      const asked = { ...some, dates: sessions, lags, minimums, distributed };
      for (const packed of await selectSections(read, asked, source)) unpack(packed, byDate.get(packed.date));
    };
  const uncounted = lags.filter((lag) => !hasReturn(lag));
  const lookUps = uncounted.length * numbers.length * months.length;
  if (lookUps > mostLookUps) throw new TooManyLookUps(uncounted[0] ?? 0, lookUps);
  const hasMonths = uncounted.length === 0 && (await hasMonthEnds(moment[0]));
  const ofMonths = hasMonths ? chunksOf(months, monthsAtOnce) : [];
  // The newest session values what is held, and the list of tickers has its closes.
  const isNewest = rest.every(({ session }) => dates[session] === newest);
  if (isNewest) for (const section of rest) closeOfNewest(section, listings, newest);
  const ofBars = [...(hasMonths ? [] : months), ...(isNewest ? [] : rest)];
  const chunks =
    ofBars.length === 0
      ? []
      : await chunksOfBars(moment[0], { listings, by, distributed }, numbers, ofBars.length * uncounted.length);
  await readAll(moment, [
    ...ofMonths.map((part) => ask(part, foundBy(listings, by, numbers), "month_ends")),
    ...chunks.map((some) => ask(ofBars, some, "bars")),
  ]);
}

/** One of many statements that together read something. */
export type Statement = (read: Sql) => Promise<void>;

/** Reads over all connections of a moment, on each of them one statement after another. */
export async function readAll(moment: Moment, statements: readonly Statement[]): Promise<void> {
  const rest = statements.values();
  const readers = moment.map(async (read) => {
    for (const statement of rest) await statement(read);
  });
  await Promise.all(readers);
}

function closeOfNewest(section: CrossSection, listings: readonly ListedTicker[], newest: string): void {
  for (const [number, { lastDate, lastClose }] of listings.entries()) {
    if (lastDate === newest) section.close[number] = lastClose;
  }
}

function unpack(packed: PackedSection, section: CrossSection | undefined): void {
  if (section === undefined) return;
  const columns = [
    { from: packed.close, to: section.close },
    ...section.returns.map((to, index) => ({ from: packed.returns[index] ?? packed.close, to })),
  ];
  for (let row = 0; row < packed.numbers.length / 4; row++) {
    const told = packed.numbers.readInt32BE(4 * row);
    const ticker = told < 0 ? -1 - told : told;
    section.eligible[ticker] = told < 0 ? 0 : 1;
    for (const { from, to } of columns) to[ticker] = from.readDoubleBE(8 * row);
  }
}

/** The bars of every ticker from its selection to its sale, with their dividends where `dividends` says so. */
export async function readHeldBars(
  read: Sql,
  universe: Omit<ReadUniverse, "sections">,
  choices: readonly (readonly Selection[])[],
  dividends: boolean,
): Promise<Map<number, HeldBars>> {
  const { dates, listings, by, newest, distributed } = universe;
  const end = dates.at(-1) ?? "";
  const ranges = choices.flatMap((selections) => stretchesOf(selections, dates.length));
  const asked = mergeStretches(ranges).map(({ number, from, until }) => ({
    ...{ number, key: listings[number]?.key ?? "" },
    ...{ from: dates[from] ?? "", until: dates[until] ?? end },
  }));
  const sessionOf = new Map(dates.map((date, session) => [(Date.parse(date) - firstDay) / dayMs, session]));
  const held = new Map<number, HeldBars>();
  const packed = await selectHeldBars(read, asked, { by, end, distributed });
  for (const { number, days, open, close, splitFactors } of packed) {
    const count = days.length / 4;
    const sessions = new Int32Array(count);
    for (let row = 0; row < count; row++) sessions[row] = sessionOf.get(days.readInt32BE(4 * row)) ?? -1;
    const listing = listings[number];
    const isLast = dates[sessions.at(-1) ?? -1] === listing?.lastDate;
    held.set(number, {
      sessions,
      open: doublesOf(open),
      close: doublesOf(close),
      dividends: new Float64Array(count),
      splitFactor: factorsOf(days, splitFactors),
      delisted: isLast && listing?.active === false && listing.lastDate < newest,
    });
  }
  if (dividends) addDividends(await selectHeldDividends(read, asked, { by, distributed }), dates, held);
  return held;
}

function addDividends(
  paid: readonly HeldDividend[],
  dates: readonly string[],
  held: ReadonlyMap<number, HeldBars>,
): void {
  const sessionOf = new Map(dates.map((date, session) => [date, session]));
  for (const { number, date, amount } of paid) {
    const bars = held.get(number);
    const row = bars?.sessions.indexOf(sessionOf.get(date) ?? -1) ?? -1;
    if (bars !== undefined && row !== -1) bars.dividends[row] = amount;
  }
}

/** Sessions from a ticker's selection to the one in which it is sold; Infinity where it is held to the end. */
type Stretch = { number: number; from: number; until: number };

function stretchesOf(selections: readonly Selection[], length: number): Stretch[] {
  return selections.flatMap(({ session, tickers }, index) => {
    const sold = (selections[index + 1]?.session ?? length) + 1;
    return tickers.map((number) => ({ number, from: session, until: sold }));
  });
}

/** Stretches of one ticker that touch become one, so that no bar is read twice. */
function mergeStretches(stretches: readonly Stretch[]): Stretch[] {
  const merged: Stretch[] = [];
  const ordered = stretches.toSorted((a, b) => a.number - b.number || a.from - b.from);
  for (const stretch of ordered) {
    const last = merged.at(-1);
    if (last?.number === stretch.number && stretch.from <= last.until) last.until = Math.max(last.until, stretch.until);
    else merged.push({ ...stretch });
  }
  return merged;
}

/** One factor for each day, from those that are not 1 with their days; both ascending. */
function factorsOf(days: Buffer, packed: Buffer | null): Float64Array {
  const factors = new Float64Array(days.length / 4).fill(1);
  if (packed === null) return factors;
  for (let row = 0, next = 0; row < factors.length && next < packed.length; row++) {
    if (days.readInt32BE(4 * row) !== packed.readInt32BE(next)) continue;
    factors[row] = packed.readDoubleBE(next + 4);
    next += 12;
  }
  return factors;
}

function doublesOf(packed: Buffer): Float64Array {
  const values = new Float64Array(packed.length / 8);
  for (let row = 0; row < values.length; row++) values[row] = packed.readDoubleBE(8 * row);
  return values;
}
