import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readDataVersion } from "../../../../db/queries/research/data-version.ts";
import { createMart, publishBar } from "../../../server/api-support.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";

let database: TestDatabase;
const range = { ticker: "AAPL", from: "2026-03-02", to: "2026-03-03" };
const read = (changes: Partial<typeof range> | { ticker: null } = {}) =>
  readDataVersion(database.sql, { ...range, ...changes });

beforeAll(async () => {
  database = await createTestDatabase();
  const { sql } = database;
  await createMart(sql);
  await publishBar(sql, "AAPL", "2026-03-02", 100);
  await publishBar(sql, "AAPL", "2026-03-03", 101);
  await sql`
    create table public.fct_polygon__market_breadth_daily (
      trade_date date, tickers bigint, advancing bigint, declining bigint, median_return_1d numeric, dollar_volume numeric,
      source_inserted_at timestamptz
    )`;
  await sql`create table public.int_polygon__split_factors (ticker text, valid_from date, valid_before date, split_factor numeric)`;
  await sql`
    insert into public.fct_polygon__market_breadth_daily values
      ('2026-02-27', 1, 0, 0, null, 100, '2026-02-28T02:00:00Z'), ('2026-03-02', 1, 0, 0, 0, 100, '2026-03-03T02:00:00Z')`;
}, 60_000);
afterAll(() => database.drop());

/** The version after a change, which is undone: that the version is then the first one again, is held too. */
async function after(change: (sql: TestDatabase["sql"]) => Promise<unknown>, asked: Parameters<typeof read>[0] = {}) {
  const before = await read(asked);
  let version = "";
  await database.sql
    .begin(async (transaction) => {
      await change(transaction as unknown as TestDatabase["sql"]);
      version = await readDataVersion(transaction as unknown as TestDatabase["sql"], { ...range, ...asked });
      throw new Error("undone");
    })
    .catch((error: Error) => expect(error.message).toBe("undone"));
  expect(await read(asked)).toBe(before);
  return version;
}

describe("the data version of a ticker's range", () => {
  test("says its parts by name", async () => {
    expect(await read()).toMatch(/^sessions=2 bars=[0-9a-f]{32} dividends=none ended=false$/);
    expect(await read({ ticker: "NONE" })).toBe("sessions=0 bars=none dividends=none ended=false");
  });

  test.each(["open_price", "high_price", "low_price", "close_price", "volume"])("changes with %s", async (column) => {
    const version = await after(
      (sql) => sql`
        update public.fct_polygon__stock_bars_performance set ${sql(column)} = ${sql(column)} + 0.01
        where trade_date = '2026-03-02'`,
    );
    expect(version).not.toBe(await read());
    expect(version).toStartWith("sessions=2 ");
  });

  test("changes where prices change places, which no sum would tell", async () => {
    const version = await after(
      (sql) => sql`
        update public.fct_polygon__stock_bars_performance as bar
        set open_price = other.open_price, high_price = other.high_price, low_price = other.low_price,
          close_price = other.close_price
        from public.fct_polygon__stock_bars_performance as other where other.trade_date <> bar.trade_date`,
    );
    expect(version).not.toBe(await read());
  });

  test("does not change with a bar after the range, nor with another ticker's", async () => {
    expect(await after((sql) => publishBar(sql, "AAPL", "2026-03-04", 90))).toBe(await read());
    expect(await after((sql) => publishBar(sql, "aapl", "2026-03-03", 90))).toBe(await read());
  });

  test("changes with a dividend of the range alone that is paid in dollars and stands", async () => {
    const insert = (date: string, active: boolean, currency: string) =>
      after(
        (sql) => sql`
          insert into public.source_polygon_dividends (ticker, ex_dividend_date, cash_amount, currency, active, inserted_at)
          values ('AAPL', ${date}, 0.5, ${currency}, ${active}, now())`,
      );
    expect(await insert("2026-03-03", true, "USD")).not.toBe(await read());
    expect(await insert("2026-03-04", true, "USD")).toBe(await read());
    expect(await insert("2026-03-03", false, "USD")).toBe(await read());
    expect(await insert("2026-03-03", true, "EUR")).toBe(await read());
  });

  test("changes with a delisting where the range holds the last bar, once the market goes on without it", async () => {
    const delist = (sql: TestDatabase["sql"]) => sql`
      insert into public.source_polygon_tickers (ticker, name, active, inserted_at) values ('AAPL', 'Apple', false, now())`;
    const list = (sql: TestDatabase["sql"]) => sql`
      insert into public.source_polygon_tickers (ticker, name, active, inserted_at) values ('AAPL', 'Apple', true, now())`;
    const goOn = (sql: TestDatabase["sql"]) => publishBar(sql, "MSFT", "2026-03-04", 90);
    expect(await after(delist)).toEndWith(" ended=false");
    expect(await after((sql) => Promise.all([delist(sql), goOn(sql)]))).toEndWith(" ended=true");
    expect(await after((sql) => Promise.all([list(sql), goOn(sql)]))).toEndWith(" ended=false");
    expect(await after((sql) => Promise.all([delist(sql), goOn(sql)]), { to: "2026-03-02" })).toEndWith(" ended=false");
  });
});

describe("the data version of the universe", () => {
  test("says its parts by name, and those of no session", async () => {
    expect(await read({ ticker: null })).toMatch(/^sessions=2 market=[0-9a-f]{32} splits=none$/);
    expect(await readDataVersion(database.sql, { ticker: null, from: "2026-01-02", to: "2026-01-05" })).toBe(
      "sessions=0 market=none splits=none",
    );
  });

  test("changes with a bar of a session up to its end, and with no later one", async () => {
    const stamp = (date: string) =>
      after(
        (sql) => sql`
          update public.fct_polygon__market_breadth_daily set source_inserted_at = '2026-03-09T02:00:00Z'
          where trade_date = ${date}`,
        { ticker: null },
      );
    const version = await read({ ticker: null });
    expect(await stamp("2026-02-27")).not.toBe(version);
    expect(
      await after(
        (sql) => sql`insert into public.fct_polygon__market_breadth_daily (trade_date) values ('2026-03-04')`,
        {
          ticker: null,
        },
      ),
    ).toBe(version);
  });

  test("changes with a split of any ticker, which rounds its prices anew", async () => {
    const version = await after(
      (sql) => sql`insert into public.int_polygon__split_factors values ('AAPL', '-infinity', '2026-03-02', 0.25)`,
      { ticker: null },
    );
    expect(version).not.toBe(await read({ ticker: null }));
    expect(version).toMatch(/ splits=[0-9a-f]{32}$/);
  });
});
