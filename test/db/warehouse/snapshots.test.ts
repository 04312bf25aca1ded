import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Transform } from "../../../jobs/transform/transform.ts";
import { type Bar, bar, openTransform, weekday, writeBars } from "../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { mergeOf } from "../../support/raw-tables.ts";

setDefaultTimeout(60_000);

const snapshot = "snapshot_polygon_stock_bars";
const day = (number: number) => new Date(Date.UTC(2024, 5, number, 21));
const isoDay = (number: number) => day(number).toISOString();

describe("restated bars", () => {
  let database: TestDatabase;
  let transform: Transform;

  beforeAll(async () => {
    database = await createTestDatabase();
    transform = openTransform(database.sql, { now: () => day(28) });
  }, 60_000);
  afterAll(() => database.drop());
  afterEach(async () => {
    await database.sql`truncate source_polygon_stock_bars_daily, source_polygon_stock_bars_restatements`;
    await database.sql`drop table if exists snapshot_polygon_stock_bars`;
  });

  const restate = (index: number, revision: number, at: number, ticker = "A") =>
    writeBars(database.sql, [bar(ticker, index, revision)], day(at));
  const build = async () => (await transform.build({ select: [snapshot] })).models.at(-1);

  /** The close of each version, and from when to when it held. */
  const versions = async (ticker = "A") => {
    const rows = await database.sql<{ close: number; from: Date; to: Date | null }[]>`
      select close::float8, dbt_valid_from as from, dbt_valid_to as to
      from snapshot_polygon_stock_bars
      where ticker = ${ticker}
      order by trade_date, dbt_valid_from`;
    return rows.map(({ close, from, to }) => [close, from.toISOString(), to?.toISOString() ?? null]);
  };
  const closeOf = (index: number, revision: number) => bar("A", index, revision).close;

  test("have all their versions in the snapshot, also of two restatements between two builds", async () => {
    await restate(0, 0, 1);
    await restate(1, 0, 1);
    await build();
    expect(await versions()).toEqual([]);
    await restate(0, 1, 2);
    await restate(0, 2, 3);
    await build();
    const first = [
      [closeOf(0, 0), isoDay(1), isoDay(2)],
      [closeOf(0, 1), isoDay(2), isoDay(3)],
    ];
    expect(await versions()).toEqual([...first, [closeOf(0, 2), isoDay(3), null]]);
    await restate(0, 3, 4);
    await restate(0, 0, 5);
    expect(await build()).toMatchObject({ materialization: "snapshot", action: "incremental" });
    expect(await versions()).toEqual([
      ...first,
      [closeOf(0, 2), isoDay(3), isoDay(4)],
      [closeOf(0, 3), isoDay(4), isoDay(5)],
      [closeOf(0, 0), isoDay(5), null],
    ]);
  });

  test("make the same snapshot in one build as in many", async () => {
    const history = [
      [0, 1, 2],
      [1, 1, 3],
      [0, 2, 4],
      [0, 3, 5],
      [1, 2, 6],
    ] as const;
    const rows = () =>
      database.sql`select to_jsonb(version) as row from snapshot_polygon_stock_bars as version
        order by ticker, trade_date, stated_at`;
    await writeBars(database.sql, [bar("A", 0), bar("A", 1), bar("A", 2)], day(1));
    for (const [index, revision, at] of history) {
      await restate(index, revision, at);
      await build();
    }
    const many = await rows();
    expect(many).toHaveLength(7);
    await database.sql`drop table snapshot_polygon_stock_bars`;
    await build();
    expect(await rows()).toEqual(many);
  });

  test("leave the snapshot alone where a load says what is known, or only adds bars", async () => {
    await restate(0, 0, 1);
    await restate(0, 1, 2);
    await build();
    await restate(0, 1, 3);
    await restate(5, 0, 3, "B");
    expect(await build()).toMatchObject({ action: "unchanged", rows: 0 });
    expect(await versions("B")).toEqual([]);
  });

  test("are kept by the load's merge with what they said before, and new bars are not", async () => {
    const { sql } = database;
    await restate(0, 0, 1);
    const stage = ({ ticker, date, open, high, low, close, volume }: Bar) => sql`
      insert into barline.staging_stock_bars
        (run_id, batch, sequence, requested, ticker, trade_date, open, high, low, close, volume)
      values (1, 0, 1, true, ${ticker}, ${date}, ${open}, ${high}, ${low}, ${close}, ${volume})`;
    await stage(bar("A", 0, 2));
    await stage(bar("B", 0));
    const merged = await sql.begin((transaction) =>
      mergeOf(database)(transaction, 1, day(2), { types: null, tickers: null }),
    );
    expect(merged).toMatchObject({ inserted: 1, updated: 1 });
    const kept = await sql`
      select ticker, trade_date as date, close::float8, stated_at as "statedAt", replaced_at as "replacedAt"
      from source_polygon_stock_bars_restatements`;
    const said = { ticker: "A", date: weekday(0), close: closeOf(0, 0) };
    expect([...kept]).toEqual([{ ...said, statedAt: day(1), replacedAt: day(2) }]);
  });
});
