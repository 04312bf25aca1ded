import fc from "fast-check";
import type { Sql } from "../../../db/client.ts";
import { mergeListings } from "../../../db/queries/market/listings.ts";
import { type BarKey, forgetRemoved, removeBars } from "../../../db/queries/market/removed-bars.ts";
import { weekday } from "./support.ts";

/**
 * Everything that can happen to the raw tables, as data: what a property test draws, shrinks and plays. Positions are taken
 * modulo the case's size, so that every part of a case can be made smaller by itself.
 */
export type Arrival =
  /** A whole-market answer: the bars of one session, of every ticker that trades in it. */
  | { kind: "session"; at: number; revision: number }
  /** Whole-market answers of a row of sessions, as a backfill brings them. */
  | { kind: "sessions"; from: number; count: number; revision: number }
  /** The session after the newest there is. */
  | { kind: "next" }
  /** A per-ticker answer: one ticker's bars of a range. */
  | { kind: "range"; ticker: number; from: number; count: number; revision: number }
  /** One ticker's bars of a range are taken out of the raw table. */
  | { kind: "removal"; ticker: number; from: number; count: number }
  /** A whole session is, or the newest ones that there are. */
  | { kind: "sessionRemoval"; at: number; newest: boolean }
  | { kind: "split"; ticker: number; day: number; ratio: [number, number]; active: boolean; setAside: boolean }
  /** A split that is announced, some days from now. */
  | { kind: "upcoming"; ticker: number; inDays: number; ratio: [number, number] }
  | {
      kind: "dividend";
      ticker: number;
      day: number;
      cash: number;
      currency: string | null;
      type: string | null;
      active: boolean;
    }
  /** What the vendor says of a ticker: its name, and whether it still trades. */
  | { kind: "listing"; ticker: number; revision: number; active: boolean }
  /** Rows of the vendor's lists: who holds labels, and until when others did. */
  | { kind: "lists"; rows: ListedRow[] }
  | { kind: "wait"; hours: number };

/** A label and its holder: one of few FIGIs or companies, so that labels share them; `until` is the day of a delisting. */
type ListedRow = { ticker: number; figi: number | null; cik: number | null; until: number | "unknown" | null };

/** Tickers have lives within the case's sessions; each round of arrivals is followed by a build. */
export type History = {
  sessions: number;
  lives: { from: number; length: number }[];
  fresh: boolean;
  rounds: Arrival[][];
};

/** Names that sort differently by bytes and by language, and differ in case only. */
const names = ["AAPL", "BRK.B", "KIMpL", "KIMPL", "a-b", "ZZ"];
/** Where sessions past those that are drawn begin, at the least. */
const laterSessions = 320;

const ratio: fc.Arbitrary<[number, number]> = fc.constantFrom<[number, number][]>(
  ...([
    [1, 2],
    [1, 3],
    [10, 1],
    [30_000_000, 1],
    [1, 1.054],
    [1, 0.33333333],
    [1, 1.4869999],
    [2, 3],
    [7, 3],
  ] as [number, number][]),
);
const ticker = fc.nat({ max: names.length - 1 });
const revision = fc.nat({ max: 3 });
const setAside = fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
const active = fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) });

const listedRow = (day: fc.Arbitrary<number>): fc.Arbitrary<ListedRow> =>
  fc.record({
    ticker,
    figi: fc.option(fc.nat({ max: 2 }), { freq: 3 }),
    cik: fc.option(fc.nat({ max: 1 }), { freq: 1 }),
    until: fc.oneof(
      { weight: 4, arbitrary: fc.constant(null) },
      { weight: 5, arbitrary: day },
      { weight: 1, arbitrary: fc.constant("unknown" as const) },
    ),
  });

const arrivalOf = (sessions: number): fc.Arbitrary<Arrival> => {
  const at = fc.nat({ max: sessions - 1 });
  const record = <K extends Arrival["kind"], T extends object>(
    kind: K,
    fields: { [F in keyof T]: fc.Arbitrary<T[F]> },
  ) => fc.record({ kind: fc.constant(kind), ...fields });
  return fc.oneof(
    { weight: 4, arbitrary: record("session", { at, revision }) },
    {
      weight: 3,
      arbitrary: record("sessions", {
        from: at,
        count: fc.integer({ min: 2, max: sessions }),
        revision: fc.nat({ max: 1 }),
      }),
    },
    { weight: 4, arbitrary: record("next", {}) },
    {
      weight: 3,
      arbitrary: record("range", { ticker, from: at, count: fc.integer({ min: 1, max: sessions }), revision }),
    },
    { weight: 2, arbitrary: record("removal", { ticker, from: at, count: fc.integer({ min: 1, max: sessions }) }) },
    { weight: 1, arbitrary: record("sessionRemoval", { at, newest: fc.boolean() }) },
    { weight: 3, arbitrary: record("split", { ticker, day: at, ratio, active, setAside }) },
    { weight: 1, arbitrary: record("upcoming", { ticker, inDays: fc.integer({ min: 0, max: 3 }), ratio }) },
    {
      weight: 3,
      arbitrary: record("dividend", {
        ticker,
        day: at,
        cash: fc.constantFrom(0, 0.22, 0.123456789, 5, 80),
        currency: fc.constantFrom("USD", "USD", null, "CAD"),
        type: fc.constantFrom(null, "recurring", "special"),
        active,
      }),
    },
    { weight: 1, arbitrary: record("listing", { ticker, revision, active: fc.boolean() }) },
    { weight: 3, arbitrary: record("lists", { rows: fc.array(listedRow(at), { minLength: 1, maxLength: 5 }) }) },
    { weight: 1, arbitrary: record("wait", { hours: fc.integer({ min: 1, max: 60 }) }) },
  ) as fc.Arbitrary<Arrival>;
};

/** Mostly few sessions, in which much meets; at times enough of them that every window is full. */
export const history: fc.Arbitrary<History> = fc
  .oneof(
    { weight: 5, arbitrary: fc.integer({ min: 3, max: 45 }) },
    { weight: 1, arbitrary: fc.integer({ min: 255, max: 300 }) },
  )
  .chain((sessions) => {
    const life = fc.record({
      from: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: sessions - 1 }) }),
      length: fc.oneof(
        { weight: 3, arbitrary: fc.constant(10_000) },
        { weight: 1, arbitrary: fc.integer({ min: 1, max: sessions }) },
      ),
    });
    const rounds = fc.array(fc.array(arrivalOf(sessions), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 3,
    });
    // Long cases begin with most of their bars, or they would hardly ever come together.
    const filled = fc
      .integer({ min: Math.min(200, sessions), max: sessions })
      .map((count): Arrival[] => [{ kind: "sessions", from: 0, count, revision: 0 }]);
    return fc.record({
      sessions: fc.constant(sessions),
      lives: fc.array(life, { minLength: 1, maxLength: names.length }),
      fresh: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      rounds: sessions < 200 ? rounds : fc.tuple(filled, rounds).map(([first, rest]) => [first, ...rest]),
    });
  });

const yearSessions = 252;
const [blockSessions, mostBetween] = [63, 4];

/**
 * Years of sessions, which arrive by the quarter in random order. Of every quarter something is revised, taken back, renamed, split
 * or paid on the way.
 */
export function longHistory(years: number): fc.Arbitrary<History> {
  const sessions = years * yearSessions;
  const blocks = Array.from({ length: sessions / blockSessions }, (_, block) => block * blockSessions);
  const life = fc.record({
    from: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: sessions - 1 }) }),
    length: fc.oneof(
      { weight: 2, arbitrary: fc.constant(10_000) },
      { weight: 1, arbitrary: fc.integer({ min: blockSessions, max: sessions }) },
    ),
  });
  // What is of all sessions at once would leave no order to the quarters.
  const between = arrivalOf(sessions).map((arrival) =>
    arrival.kind === "sessions" ? { ...arrival, count: Math.min(arrival.count, blockSessions) } : arrival,
  );
  return fc
    .tuple(
      fc.shuffledSubarray(blocks, { minLength: blocks.length }),
      fc.array(fc.array(between, { minLength: 1, maxLength: mostBetween }), {
        minLength: blocks.length,
        maxLength: blocks.length,
      }),
      fc.array(life, { minLength: names.length, maxLength: names.length }),
    )
    .map(([order, others, lives]) => ({
      ...{ sessions, lives, fresh: false },
      rounds: order.map((from, round) => [
        { kind: "sessions", from, count: blockSessions, revision: 0 } as const,
        ...(others[round] ?? []),
      ]),
    }));
}

/** Plays arrivals on the raw tables as the load and the reading of lists do: stamped in order, what is removed is noted. */
export function createPlayer(sql: Sql, clock: { now: Date }, { sessions, lives }: History) {
  const nameOf = (index: number) => names[index % lives.length] ?? "";
  const trades = (index: number, session: number) => {
    const life = lives[index];
    return life !== undefined && session >= life.from && session < life.from + life.length;
  };
  const write = (indexes: number[], from: number, count: number, revision: number) => {
    const positions = Array.from({ length: count }, (_, step) => from + step);
    const bars = indexes.flatMap((index) =>
      positions.filter((at) => trades(index, at)).map((at) => barOf(index, at, revision)),
    );
    return writeRawBars(sql, bars, clock.now);
  };
  const all = lives.map((_, index) => index);
  const within = (from: number, count: number) => Math.min(count, sessions - from);
  let later = Math.max(laterSessions, sessions + 20);

  return async (arrival: Arrival): Promise<void> => {
    clock.now = new Date(clock.now.getTime() + 1000);
    switch (arrival.kind) {
      case "session":
        return await write(all, arrival.at, 1, arrival.revision);
      case "sessions":
        return await write(all, arrival.from, within(arrival.from, arrival.count), arrival.revision);
      case "next":
        later += 1;
        return await write(all, later, 1, 0);
      case "range": {
        const { from, count } = arrival;
        return await write([arrival.ticker % lives.length], from, within(from, count), arrival.revision);
      }
      case "removal": {
        const days = Array.from({ length: within(arrival.from, arrival.count) }, (_, step) =>
          weekday(arrival.from + step),
        );
        return await removeRawBars(sql, days, nameOf(arrival.ticker), clock.now);
      }
      case "sessionRemoval": {
        const [newest] = await sql<{ date: string | null }[]>`
          select max(trade_date) as date from source_polygon_stock_bars_daily`;
        const day = (arrival.newest && newest?.date) || weekday(arrival.at);
        return await removeRawBars(sql, [day], null, clock.now);
      }
      case "split":
        return await writeSplit(
          sql,
          { ...arrival, ticker: nameOf(arrival.ticker), date: weekday(arrival.day) },
          clock.now,
        );
      case "upcoming": {
        const date = newYorkDay(clock.now.getTime() + arrival.inDays * 86_400_000);
        return await writeSplit(sql, { ...arrival, ticker: nameOf(arrival.ticker), date, active: true }, clock.now);
      }
      case "dividend": {
        // The day after a weekday may be a Saturday: then the first bar after it pays.
        const day = new Date(Date.parse(weekday(arrival.day)) + 86_400_000).toISOString().slice(0, 10);
        return await writeDividend(sql, { ...arrival, ticker: nameOf(arrival.ticker), date: day }, clock.now);
      }
      case "listing":
        return await writeTicker(sql, { ...arrival, ticker: nameOf(arrival.ticker) }, clock.now);
      case "lists": {
        const rows = arrival.rows.map((row) => ({ ...row, ticker: nameOf(row.ticker) }));
        return await writeListings(sql, rows, clock.now);
      }
      case "wait":
        clock.now = new Date(clock.now.getTime() + arrival.hours * 3_600_000);
        return;
      default:
        arrival satisfies never;
    }
  };
}

const newYork = new Intl.DateTimeFormat("en-CA", { timeZone: "America/New_York" });
const newYorkDay = (ms: number) => newYork.format(ms);

type RawBar = {
  ticker: string;
  date: string;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
  vwap: number | null;
  transactions: number | null;
};

/** A bar that depends on nothing but its arguments: of most tickers like a share's, of one of the least prices there are. */
function barOf(index: number, at: number, revision: number): RawBar {
  const noise = (salt: number) => Number(Bun.hash(`${index} ${at} ${revision} ${salt}`) % 10_000n) / 10_000;
  const level = index === 4 ? 4e-6 : 20 + 15 * Math.sin(at / 9 + index) + 80 * index;
  const close = level * (0.97 + 0.06 * noise(1));
  const open = level * (0.97 + 0.06 * noise(2));
  return {
    ticker: names[index] ?? "",
    date: weekday(at),
    open,
    close,
    high: Math.max(open, close) * (1 + 0.02 * noise(3)),
    low: Math.min(open, close) * (1 - 0.02 * noise(4)),
    volume: noise(5) < 0.05 ? 0 : Math.round(noise(6) * 1e9) / 1e4,
    vwap: noise(7) < 0.1 ? null : (open + close) / 2,
    transactions: noise(8) < 0.1 ? null : Math.round(noise(9) * 1000),
  };
}

async function writeRawBars(sql: Sql, bars: RawBar[], at: Date): Promise<void> {
  await sql`
    insert into source_polygon_stock_bars_daily as known
      (ticker, trade_date, open, high, low, close, volume, vwap, transactions, inserted_at)
    select ticker, date, open, high, low, close, volume, vwap, transactions, ${at}::timestamptz
    from jsonb_to_recordset(${sql.json(bars)}::jsonb) as item
      (ticker text, date date, open numeric, high numeric, low numeric, close numeric, volume numeric, vwap numeric,
        transactions bigint)
    on conflict (ticker, trade_date) do update set open = excluded.open, high = excluded.high, low = excluded.low,
      close = excluded.close, volume = excluded.volume, vwap = excluded.vwap, transactions = excluded.transactions,
      inserted_at = excluded.inserted_at
    where (known.open, known.high, known.low, known.close, known.volume, known.vwap, known.transactions)
      is distinct from (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume, excluded.vwap,
        excluded.transactions)`;
  const keys = bars.map(({ ticker, date }) => ({ ticker, tradeDate: date }));
  await sql.begin((transaction) => forgetRemoved(transaction, keys));
}

/** Of one ticker, or of all. */
async function removeRawBars(sql: Sql, days: string[], ticker: string | null, at: Date): Promise<void> {
  const keys = await sql<BarKey[]>`
    select ticker, trade_date as "tradeDate" from source_polygon_stock_bars_daily
    where trade_date = any(${days}::date[]) and (${ticker}::text is null or ticker = ${ticker}::text)`;
  await sql.begin((transaction) => removeBars(transaction, keys, at));
}

type RawSplit = { ticker: string; date: string; ratio: [number, number]; active: boolean; setAside?: boolean };

async function writeSplit(sql: Sql, split: RawSplit, at: Date): Promise<void> {
  const { ticker, date, ratio, active, setAside: isAside = false } = split;
  const [from, to] = ratio;
  await sql`
    insert into source_polygon_splits (ticker, execution_date, split_from, split_to, active, set_aside, inserted_at)
    values (${ticker}::text, ${date}::date, ${from}::float8::numeric, ${to}::float8::numeric, ${active}::boolean,
      ${isAside ? "prices" : null}::text, ${at}::timestamptz)
    on conflict (ticker, execution_date) do update set split_from = excluded.split_from, split_to = excluded.split_to,
      active = excluded.active, set_aside = excluded.set_aside, inserted_at = excluded.inserted_at`;
}

type RawDividend = {
  ticker: string;
  date: string;
  cash: number;
  currency: string | null;
  type: string | null;
  active: boolean;
};

async function writeDividend(sql: Sql, dividend: RawDividend, at: Date): Promise<void> {
  const { ticker, date, cash, currency, type, active } = dividend;
  await sql`
    insert into source_polygon_dividends
      (ticker, ex_dividend_date, cash_amount, currency, distribution_type, active, inserted_at)
    values (${ticker}::text, ${date}::date, ${cash}::float8::numeric, ${currency}::text, ${type}::text, ${active}::boolean,
      ${at}::timestamptz)
    on conflict (ticker, ex_dividend_date, cash_amount, distribution_type, currency) do update set
      active = excluded.active, inserted_at = excluded.inserted_at`;
}

type RawTicker = { ticker: string; revision: number; active: boolean };

async function writeTicker(sql: Sql, { ticker, revision, active }: RawTicker, at: Date): Promise<void> {
  const delistedOn = active ? null : weekday(revision * 10);
  await sql`
    insert into source_polygon_tickers (ticker, name, type, active, delisted_on, inserted_at)
    values (${ticker}::text, ${`${ticker} Inc. ${revision}`}::text, 'CS', ${active}::boolean, ${delistedOn}::date, ${at}::timestamptz)
    on conflict (ticker) do update set name = excluded.name, active = excluded.active, delisted_on = excluded.delisted_on,
      inserted_at = excluded.inserted_at`;
}

type RawListing = Omit<ListedRow, "ticker"> & { ticker: string };

async function writeListings(sql: Sql, rows: RawListing[], at: Date): Promise<void> {
  const listed = rows.map(({ ticker, figi, cik, until }) => ({
    ticker,
    listing: JSON.stringify([figi, cik, until]),
    name: `${ticker} Inc.`,
    type: "CS",
    active: until === null,
    compositeFigi: figi === null ? null : `BBG00000000${figi}`,
    cik: cik === null ? null : `000000000${cik}`,
    primaryExchange: "XNAS",
    delistedOn: typeof until === "number" ? weekday(until) : null,
  }));
  await sql.begin((transaction) => mergeListings(transaction, listed, at));
}
