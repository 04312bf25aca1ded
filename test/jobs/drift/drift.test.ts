import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import pino from "pino";
import { openPool, type Sql } from "../../../db/client.ts";
import { mergeListings } from "../../../db/queries/market/listings.ts";
import { lockBuilds, selectDriftChecks } from "../../../db/queries/quality/drift.ts";
import { createDrift } from "../../../jobs/drift/drift.ts";
import type { Drift } from "../../../jobs/drift/types.ts";
import type { Transform } from "../../../jobs/transform/transform.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import {
  bar,
  openTransform,
  warehouseDir,
  weekday,
  windowsTable,
  writeBars,
  writeSplits,
} from "../transform/support.ts";

setDefaultTimeout(60_000);

const tickers = ["AAPL", "BRK.B", "KIMPL", "KIMpL", "O'NEIL"];
const sessions = 30;
const by = { name: "ann", via: "api" } as const;

describe("the drift check", () => {
  let database: TestDatabase;
  let sql: Sql;
  let transform: Transform;
  let drift: Drift;
  let clock: Date;
  const logged: Record<string, unknown>[] = [];
  const log = pino({ base: null }, { write: (line: string) => logged.push(JSON.parse(line)) });

  beforeAll(async () => {
    database = await createTestDatabase();
    transform = openTransform(database.sql, { now: () => clock });
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    logged.length = 0;
    clock = new Date("2018-03-01T22:00:00Z");
    await database.sql`
      truncate barline.drift_checks, barline.actions, source_polygon_stock_bars_daily, source_polygon_splits,
        source_polygon_dividends, source_polygon_tickers, source_polygon_listings`;
    const bars = tickers.flatMap((ticker) => Array.from({ length: sessions }, (_, index) => bar(ticker, index)));
    await writeBars(database.sql, bars, clock);
    await writeSplits(database.sql, [{ ticker: "AAPL", date: weekday(9), from: 1, to: 4, active: true }], clock);
    expect((await transform.build({ fullRefresh: true })).published).toBe(true);
    clock = new Date("2018-03-02T10:30:00Z");
    sql = openPool(database.url, "work", { max: 3 });
    drift = createDrift({ sql, projectDir: warehouseDir, log, now: () => clock });
  });
  afterEach(async () => {
    await drift.stop();
    await sql.end();
  });

  /** Checks as asked and answers the record. */
  const check = async (request: Parameters<Drift["begin"]>[0] = {}) => {
    const id = await drift.begin(request, by);
    await drift.stop();
    const [newest] = await selectDriftChecks(database.sql, 1);
    if (newest?.id !== id) throw new Error(`The check ${id} left no record.`);
    return newest;
  };

  test("finds nothing where what is published is what a full build makes, in every incremental model", async () => {
    const found = await check();
    expect(found).toMatchObject({ trigger: "manual", differences: 0, example: null, error: null });
    expect(found.tickers.toSorted()).toEqual(tickers.toSorted());
    const incremental = transform.project().nodes.filter(({ materialization }) => materialization === "incremental");
    const models = found.models as { name: string; rows: number; skipped: string | null }[];
    expect(models.map(({ name }) => name).sort()).toEqual(incremental.map(({ name }) => name).sort());
    expect(models.find(({ name }) => name === windowsTable)).toMatchObject({ rows: 150, skipped: null });
    expect(models.find(({ name }) => name === "int_polygon__split_factors")).toMatchObject({ rows: 2, skipped: null });
    expect(logged.at(-1)).toMatchObject({ msg: "published rows equal recomputed ones", tickers: 5, differences: 0 });
  });

  test("computes a renamed company with all its labels, though one was drawn", async () => {
    const listed = (ticker: string, active: boolean, delistedOn: string | null) => ({
      ...{ ticker, listing: `${active}`, name: ticker, type: "CS", active, compositeFigi: "BBG000EXMET1", cik: null },
      ...{ primaryExchange: null, delistedOn },
    });
    await writeBars(database.sql, [bar("OLD", 26), bar("OLD", 27), bar("NEW", 28), bar("NEW", 29)], clock);
    const rows = [listed("NEW", true, null), listed("OLD", false, weekday(28))];
    await database.sql.begin((transaction) => mergeListings(transaction, rows, clock));
    expect((await transform.build()).published).toBe(true);
    const found = await check({ tickers: ["NEW"] });
    expect(found).toMatchObject({ differences: 0, error: null });
    expect(found.tickers.toSorted()).toEqual(["NEW", "OLD"]);
  });

  test("finds a value that is off by its last digit, a row that is missing and one that is too many", async () => {
    const windows = database.sql(windowsTable);
    await database.sql`
      update ${windows} set close_sum_20d = close_sum_20d + 0.00000001
      where ticker = 'KIMpL' and trade_date = ${weekday(25)}::date`;
    const changed = await check();
    expect(changed).toMatchObject({ differences: 1, error: null });
    expect(changed.example).toMatchObject({
      model: windowsTable,
      key: { ticker: "KIMpL", trade_date: weekday(25) },
      column: "close_sum_20d",
    });
    expect(logged.at(-1)).toMatchObject({
      level: 50,
      msg: "published rows differ from recomputed ones",
      differences: 1,
    });
    await transform.build({ fullRefresh: true });
    await database.sql`delete from ${windows} where ticker = 'AAPL' and trade_date = ${weekday(3)}::date`;
    await database.sql`
      update ${windows} set trade_date = trade_date + 5000 where ticker = 'BRK.B' and trade_date = ${weekday(29)}::date`;
    const rows = await check();
    expect(rows).toMatchObject({ rows: expect.any(Number), differences: 3 });
    expect(rows.example).toMatchObject({
      ...{ model: windowsTable, key: { ticker: "AAPL", trade_date: weekday(3) }, column: null, published: null },
      recomputed: { ticker: "AAPL" },
    });
  });

  test("looks at nothing of a ticker that waits for a build: a new bar, a split, a split whose day has come", async () => {
    await writeBars(database.sql, [bar("BRK.B", 4, 1)], clock);
    await writeSplits(database.sql, [{ ticker: "KIMPL", date: weekday(5), from: 1, to: 2, active: true }], clock);
    const found = await check();
    expect(found).toMatchObject({ differences: 0, error: null });
    expect(found.tickers.toSorted()).toEqual(["AAPL", "KIMpL", "O'NEIL"]);
  });

  test("says of a model that has changed since it was built that it was left out", async () => {
    await database.sql.unsafe(`comment on table ${windowsTable} is 'made by hand'`);
    const found = await check();
    expect(found.models).toContainEqual({
      ...{ name: windowsTable, rows: 0, differences: 0 },
      skipped: "it has changed since it was built",
    });
  });

  test("draws as many tickers as asked, others on another day, and the named ones where they are named", async () => {
    const drawn = (await check({ sample: 2 })).tickers;
    expect(drawn).toHaveLength(2);
    expect((await check({ sample: 2 })).tickers).toEqual(drawn);
    const days = new Set<string>();
    for (let day = 0; day < 6; day++) {
      clock = new Date(clock.getTime() + 86_400_000);
      days.add((await check({ sample: 2 })).tickers.toSorted().join());
    }
    expect(days.size).toBeGreaterThan(1);
    expect((await check({ tickers: ["O'NEIL", "NOBODY"] })).tickers).toEqual(["O'NEIL"]);
  });

  test("is done once a day, by whichever process comes first, and is refused to a second who asks meanwhile", async () => {
    const other = createDrift({ sql: database.sql, projectDir: warehouseDir, log, now: () => clock });
    await Promise.all([drift.runIfDue(), other.runIfDue()]);
    await Promise.all([drift.runIfDue(), other.runIfDue()]);
    expect(await selectDriftChecks(database.sql, 9)).toHaveLength(1);
    await database.sql`update barline.drift_checks set started_at = ${clock} - interval '25 hours'`;
    await drift.runIfDue();
    expect(await selectDriftChecks(database.sql, 9)).toHaveLength(2);
    const holder = openPool(database.url, "work", { max: 1 });
    const refused = await holder.begin(async (transaction) => {
      await lockBuilds(transaction);
      await drift.begin({}, by);
      return await other.begin({}, by).catch((error: Error) => error.message);
    });
    expect(refused).toBe("A drift check is under way already; wait until it has ended.");
    await holder.end();
  });

  test("keeps why it could not be done, and tries again when it is due", async () => {
    const broken = createDrift({ sql, projectDir: "/nowhere", log, now: () => clock });
    await broken.runIfDue();
    const [record] = await selectDriftChecks(database.sql, 1);
    expect(record).toMatchObject({ tickers: [], differences: 0, error: expect.stringContaining("cannot be read") });
    await drift.runIfDue();
    expect((await selectDriftChecks(database.sql, 1))[0]?.error).toBeNull();
  });
});
