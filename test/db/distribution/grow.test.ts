import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { abandonGrowth, copyBars, finishGrowth, type Ground } from "../../../db/distribution/grow.ts";
import { createPartitioning, openPartitions } from "../../../db/distribution/partitions.ts";
import { type Bar, openTransform, windowsTable, writeBars } from "../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

const shards = 4;
const ground: Ground = createPartitioning(shards);
const tickers = Array.from({ length: 12 }, (_, index) => `T${index}`);
/** The tests of the project want other data; what they leave is no table of the market's. */
const exclude = ["resource_type:test", "resource_type:seed", "resource_type:snapshot"];

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const bar = (ticker: string, day: number, close: number): Bar => ({
  ...{ ticker, date: new Date(Date.UTC(2019, 7, day)).toISOString().slice(0, 10) },
  ...{ open: close, high: close + 1, low: close - 1, close, volume: 1000 + day },
});

const write = (bars: Bar[], second: number) =>
  writeBars(database.sql, bars, new Date(Date.UTC(2019, 8, 1, 0, 0, second)));

/** Every row of a relation, but when a build has seen it. */
async function rowsOf(name: string): Promise<string[]> {
  const rows = await database.sql`select * from ${database.sql(name)}`;
  return rows.map((row) => JSON.stringify({ ...row, bars_seen_at: null, source_inserted_at: null })).sort();
}

async function standing() {
  const { sql } = database;
  const [around] = await sql`
    select
      (select array_agg(indexname::text order by indexname) from pg_indexes where tablename = 'source_polygon_stock_bars_daily') as indexes,
      (select relacl::text from pg_class where oid = 'public.source_polygon_stock_bars_daily'::regclass) as rights,
      (select array_agg(nspname::text order by nspname) from pg_namespace where nspname !~ '^pg_(toast|temp)') as schemas`;
  return around;
}

describe("a warehouse that grows onto shards", () => {
  test("has the rows, rights and names that it had, whatever came while it was copied", async () => {
    const { sql } = database;
    await write(
      tickers.flatMap((ticker, index) => Array.from({ length: 30 }, (_, day) => bar(ticker, day + 1, 50 + index))),
      1,
    );
    await sql`create view newest_bar as select ticker, max(trade_date) as day from source_polygon_stock_bars_daily group by ticker`;
    await openTransform(sql).build({ exclude });
    await sql`create view desk as select ticker, trade_date, moving_avg_20d from fct_polygon__stock_bars_performance`;
    const before = await standing();
    const told: string[] = [];
    const copy = () => copyBars(sql, { ground, chunk: 100, onProgress: (copied, of) => told.push(`${copied}/${of}`) });
    await copy();
    expect(told).toEqual(["0/360", "90/360", "180/360", "270/360", "360/360"]);
    // A correction, a bar that is taken out, one for another, and a ticker that is new.
    await write([bar("T3", 5, 77), bar("NEW", 6, 5), bar("T5", 31, 9)], 2);
    await sql`delete from source_polygon_stock_bars_daily where ticker = 'T4' and trade_date = '2019-08-06'`;
    await sql`delete from source_polygon_stock_bars_daily where ticker = 'T5' and trade_date = '2019-08-06'`;
    told.length = 0;
    await copy();
    expect(told).toEqual(["270/360", "360/360"]);
    await write([bar("T7", 8, 78)], 3);
    await sql`delete from source_polygon_stock_bars_daily where ticker = 'T11'`;
    const bars = await rowsOf("source_polygon_stock_bars_daily");
    expect(await sql.begin((transaction) => finishGrowth(transaction, { ground }))).toBe(bars.length);
    expect(await rowsOf("source_polygon_stock_bars_daily")).toEqual(bars);
    expect(
      await ground.isDistributed((text) => sql.unsafe(text), {
        schema: "public",
        identifier: "source_polygon_stock_bars_daily",
      }),
    ).toBe(true);
    expect((await rowsOf("newest_bar")).length).toBe(12);
    expect(await standing()).toEqual(before);
  });

  test("has its models laid there by the next build, beneath other people's views, and equal to those of one server", async () => {
    const { sql } = database;
    // Bars went without a note of it, which only a whole build sees.
    await openTransform(sql).build({ exclude, fullRefresh: true });
    const names = ["fct_polygon__stock_bars_performance", "fct_polygon__latest_session", "dim_securities", "desk"];
    const before = await Promise.all(names.map(rowsOf));
    const [view] = await sql`select 'desk'::regclass::oid as oid`;
    await sql`create schema if not exists barline_shared`;
    const distributed = openTransform(sql, { distribution: await openPartitions(sql) });
    const actionOf = async () => {
      const { published, models } = await distributed.build({ exclude });
      expect(models.flatMap(({ error }) => error ?? [])).toEqual([]);
      expect(published).toBe(true);
      return models.find(({ name }) => name === windowsTable)?.action;
    };
    expect(await distributed.outdated()).toContain(windowsTable);
    expect(await actionOf()).toBe("full_refresh");
    expect(await distributed.outdated()).not.toContain(windowsTable);
    expect(await ground.isDistributed((text) => sql.unsafe(text), { schema: "public", identifier: windowsTable })).toBe(
      true,
    );
    expect(await Promise.all(names.map(rowsOf))).toEqual(before);
    expect(await sql`select 'desk'::regclass::oid as oid`).toMatchObject([{ oid: view?.oid }]);
    expect(await actionOf()).toBe("unchanged");
  }, 60_000);

  test("is left as it is where a copy is given up, and refuses what stands on the table in another way", async () => {
    const other = await createTestDatabase();
    try {
      const { sql } = other;
      await writeBars(sql, [bar("A", 1, 5)], new Date());
      const schemas = () => sql`select nspname::text from pg_namespace where nspname like 'barline%' order by 1`;
      const before = await schemas();
      await sql`create materialized view kept as select ticker from source_polygon_stock_bars_daily`;
      await copyBars(sql, { ground, onProgress: () => {} });
      const refused = sql.begin((transaction) => finishGrowth(transaction, { ground }));
      await expect(refused).rejects.toMatchObject({
        code: "2BP01",
        detail: expect.stringContaining("materialized view kept"),
      });
      await sql.begin(abandonGrowth);
      expect(await schemas()).toEqual(before);
    } finally {
      await other.drop();
    }
  });
});
