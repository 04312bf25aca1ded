import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createTickerIndex } from "../../../server/search/ticker-index.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";
import { openingMs } from "../dashboard.ts";

let database: TestDatabase;
const clock = { now: new Date("2026-03-02T15:00:00Z") };
const keepMs = 30_000;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.sql`
    insert into public.source_polygon_tickers (ticker, name, type, active, inserted_at)
    values
      ('FB', 'Facebook Inc.', 'CS', false, now()),
      ('META', 'Meta Platforms Inc.', 'CS', true, now()),
      ('METC', 'Ramaco Resources', 'CS', true, now())`;
  await database.sql`
    create table public.dim_securities as
    select 'figi-1'::text as security_id, 'META'::text as ticker, 'Meta Platforms Inc.'::text as name, 'figi-1'::text as composite_figi,
      null::text as cik`;
  await database.sql`create table public.dim_tickers as select 'META'::text as ticker, 'figi-1'::text as security_id`;
  await database.sql`
    create table public.dim_ticker_periods as
    select * from (values ('FB', 'figi-1'), ('META', 'figi-1')) as periods (ticker, security_id)`;
  await database.sql`
    insert into public.source_polygon_listings (ticker, listing, name, type, active, composite_figi, placed_at, inserted_at)
    values ('FB', 'one', 'Facebook Inc.', 'CS', false, 'figi-1', now(), now())`;
}, openingMs);
afterAll(() => database.drop());

const open = () => createTickerIndex({ read: database.sql, keepMs, now: () => clock.now });

describe("tickers", () => {
  test("are found by their symbol, by a word of their name, and by what they were called", async () => {
    const index = open();
    const found = async (query: string) =>
      (await index.find(query, 10)).map(({ ticker, former }) => (former === null ? ticker : `${ticker}, ${former}`));
    expect(await found("met")).toEqual(["META", "METC"]);
    expect(await found("FB")).toEqual(["FB", "META, FB"]);
    expect(await found("facebook")).toEqual(["META, Facebook Inc.", "FB"]);
    expect(await found("resources")).toEqual(["METC"]);
    expect(await found("nothing")).toEqual([]);
    expect((await index.find("e", 1)).length).toBe(1);
  });

  test("are a symbol in another case where only one is", async () => {
    const index = open();
    expect(await index.symbol("meta")).toBe("META");
    expect(await index.symbol("met")).toBeNull();
  });

  test("that are new are there for who asks after those that are kept have grown old", async () => {
    const index = open();
    expect(await index.find("NEWX", 10)).toEqual([]);
    await database.sql`
      insert into public.source_polygon_tickers (ticker, name, active, inserted_at) values ('NEWX', 'New Inc.', true, now())`;
    expect(await index.find("NEWX", 10)).toEqual([]);
    clock.now = new Date(clock.now.getTime() + keepMs);
    // The first who asks is answered at once, from what is kept.
    expect(await index.find("NEWX", 10)).toEqual([]);
    await until("the new ticker is found", async () => (await index.symbol("newx")) === "NEWX");
  });
});
