import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { JsonValue, Sql } from "../../../db/client.ts";
import { mergeListings } from "../../../db/queries/market/listings.ts";
import { removeBars } from "../../../db/queries/market/removed-bars.ts";
import { parseTickers } from "../../../jobs/market/reference.ts";
import { bar, openTransform, weekday, writeBars, writeDividends, writeSplits } from "../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

setDefaultTimeout(120_000);

const now = new Date("2020-03-02T22:00:00Z");
const at = (seconds: number) => new Date(now.getTime() + seconds * 1000);
const barsOf = (ticker: string, from: number, to: number, revision = 0) =>
  Array.from({ length: to - from }, (_, step) => bar(ticker, from + step, revision));

/** The session of the rename. Until 20 sessions were over the new label was a fund's. */
const renamed = 130;
const fundEnds = 20;
const company = { name: "Meta Example Inc.", type: "CS", composite_figi: "BBG000EXMET1", cik: "0001326801" };
const fund = { name: "Example Ball Metaverse ETF", type: "ETF", composite_figi: "BBG000EXBALL" };
const lists = [
  { ticker: "META", active: true, ...company },
  { ticker: "FB", active: false, ...company, delisted_utc: `${weekday(renamed)}T04:00:00Z` },
  { ticker: "META", active: false, ...fund, delisted_utc: `${weekday(fundEnds)}T05:00:00Z` },
  { ticker: "PA", active: true, name: "PA Example Inc.", type: "CS", composite_figi: "BBG000EXPA00" },
];

async function writeLists(sql: Sql, rows: Record<string, unknown>[], seconds: number): Promise<void> {
  const parsed = parseTickers([{ answer: { results: rows } }]);
  expect(parsed.rejects).toEqual([]);
  await sql.begin((transaction) => mergeListings(transaction, parsed.rows as unknown as JsonValue, at(seconds)));
}

type Row = {
  ticker: string;
  date: string;
  security: string;
  close: number;
  before: number | null;
  mean: number | null;
};

const readFacts = (sql: Sql, ticker: string, date: string) =>
  sql<Row[]>`
    select ticker, trade_date as date, security_id as security, close_price::float8 as close,
      previous_close::float8 as before, moving_avg_120d::float8 as mean
    from fct_polygon__stock_bars_performance where ticker = ${ticker} and trade_date = ${date}`.then(([row]) => row);

/** In which transaction each row of a ticker was written. */
const readWrites = async (sql: Sql, ticker: string) => [
  ...(await sql<{ write: string }[]>`
    select distinct xmin::text as write from int_polygon__stock_bars_windows where ticker = ${ticker}`),
];

describe("securities", () => {
  let database: TestDatabase;
  const build = async () => {
    const result = await openTransform(database.sql, { now: () => now }).build();
    expect(result.models.flatMap(({ error }) => error ?? [])).toEqual([]);
    expect(result.published).toBe(true);
  };
  const path = [...barsOf("FB", 0, renamed), ...barsOf("META", renamed, 140)].map(({ close }) => close);
  const meanOf = (session: number) =>
    path.slice(session - 119, session + 1).reduce((sum, close) => sum + close, 0) / 120;

  beforeAll(async () => {
    database = await createTestDatabase();
    const { sql } = database;
    await writeBars(
      sql,
      [
        ...barsOf("FB", 0, renamed),
        ...barsOf("META", 0, fundEnds, 2),
        ...barsOf("META", renamed, 139),
        ...barsOf("LINX", 100, 107),
        ...barsOf("PA", 0, 139),
      ],
      at(1),
    );
    await build();
  });
  afterAll(() => database.drop());

  test("are their labels' own where no list places a bar, which is not to be delisted", async () => {
    const rows = await database.sql`
      select security_id, ticker, status, name, first_session, last_session from dim_securities order by 1`;
    expect(rows.map(({ security_id, status }) => `${security_id} ${status}`)).toEqual(
      ["FB", "LINX", "META", "PA"].map((ticker) => `label:${ticker} unlisted`),
    );
    expect({ ...rows[1] }).toEqual({
      ...{ security_id: "label:LINX", ticker: "LINX", status: "unlisted", name: null },
      ...{ first_session: weekday(100), last_session: weekday(106) },
    });
  });

  test("go on over a rename and begin anew where a symbol is used again, as soon as the lists tell; nobody else is built again", async () => {
    const { sql } = database;
    const before = await readWrites(sql, "LINX");
    await writeLists(sql, lists, 2);
    await build();
    expect(await readFacts(sql, "META", weekday(renamed))).toEqual({
      ...{ ticker: "META", date: weekday(renamed), security: "BBG000EXMET1", close: path[renamed] },
      ...{ before: path[renamed - 1], mean: Number(meanOf(renamed).toFixed(8)) },
    } as Row);
    expect(await readFacts(sql, "META", weekday(0))).toMatchObject({ security: "BBG000EXBALL", before: null });
    expect(await readFacts(sql, "FB", weekday(renamed - 1))).toMatchObject({ security: "BBG000EXMET1" });
    expect(await readFacts(sql, "LINX", weekday(101))).toMatchObject({ security: "label:LINX" });
    expect(await readWrites(sql, "LINX")).toEqual(before);
  });

  test("are told with their labels, old and new", async () => {
    const { sql } = database;
    const periods = await sql`
      select ticker, security_id, valid_from, valid_to from dim_ticker_periods where ticker in ('FB', 'META') order by 1, 3`;
    expect(periods.map((row) => Object.values(row).join(" "))).toEqual([
      `FB BBG000EXMET1 ${weekday(0)} 2018-07-01`,
      `META BBG000EXBALL ${weekday(0)} ${weekday(fundEnds)}`,
      `META BBG000EXMET1 ${weekday(renamed)} `,
    ]);
    const securities = await sql`
      select security_id, ticker, status, first_session, last_session from dim_securities where composite_figi is not null order by 1`;
    expect(securities.map((row) => Object.values(row).join(" "))).toEqual([
      `BBG000EXBALL META delisted ${weekday(0)} ${weekday(fundEnds - 1)}`,
      `BBG000EXMET1 META listed ${weekday(0)} ${weekday(138)}`,
      `BBG000EXPA00 PA listed ${weekday(0)} ${weekday(138)}`,
    ]);
    const labels = await sql`select ticker, status, security_id from dim_tickers where ticker = 'FB'`;
    expect(labels.map((row) => ({ ...row }))).toEqual([
      { ticker: "FB", status: "unlisted", security_id: "BBG000EXMET1" },
    ]);
  });

  test("have the next session under a new label with all that was before", async () => {
    const { sql } = database;
    await writeBars(sql, [...barsOf("META", 139, 140), ...barsOf("PA", 139, 140)], at(3));
    await build();
    expect(await readFacts(sql, "META", weekday(139))).toMatchObject({
      ...{ before: path[138], mean: Number(meanOf(139).toFixed(8)) },
    });
  });

  test("have splits and dividends of their own, under whatever label", async () => {
    const { sql } = database;
    const day = (session: number) => weekday(session);
    await writeSplits(
      sql,
      [
        { ticker: "META", date: day(10), from: 1, to: 5, active: true },
        // The vendor may list the same one under both labels.
        { ticker: "META", date: day(renamed), from: 1, to: 2, active: true },
        { ticker: "FB", date: day(renamed), from: 1, to: 2, active: true },
      ],
      at(4),
    );
    await writeDividends(sql, [{ ticker: "META", date: day(renamed + 2), amount: 1, active: true }], at(4));
    await build();
    const factors = await sql<{ ticker: string; factor: number; growth: boolean }[]>`
      select ticker || ' ' || trade_date as ticker, split_factor::float8 as factor, dividend_factor > 1 as growth
      from fct_polygon__stock_bars_performance
      where ticker in ('FB', 'META') and trade_date = any(${[0, 9, 10, renamed - 1, renamed, renamed + 2].map(day)}::date[])`;
    expect(Object.fromEntries(factors.map(({ ticker, factor, growth }) => [ticker, [factor, growth]]))).toEqual({
      [`FB ${day(0)}`]: [0.5, false],
      [`FB ${day(9)}`]: [0.5, false],
      [`FB ${day(10)}`]: [0.5, false],
      [`FB ${day(renamed - 1)}`]: [0.5, false],
      [`META ${day(0)}`]: [0.2, false],
      [`META ${day(9)}`]: [0.2, false],
      [`META ${day(10)}`]: [1, false],
      [`META ${day(renamed)}`]: [1, false],
      [`META ${day(renamed + 2)}`]: [1, true],
    });
  });

  test("lose a bar that is removed, and the new label's windows with it", async () => {
    const { sql } = database;
    await sql.begin((transaction) =>
      removeBars(transaction, [{ ticker: "FB", tradeDate: weekday(renamed - 1) }], at(5)),
    );
    await build();
    expect(await readFacts(sql, "FB", weekday(renamed - 1))).toBeUndefined();
    expect(await readFacts(sql, "META", weekday(renamed))).toMatchObject({ before: (path[renamed - 2] ?? 0) / 2 });
  });
});
