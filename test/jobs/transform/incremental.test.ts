import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Transform } from "../../../jobs/transform/transform.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { bar, openTransform, weekday, writeBars, writeSplits } from "./support.ts";

const tickers = ["A", "B", "C"];

/** What an incremental build writes; that it comes to what a full refresh makes is in equality.test.ts. */
describe("incremental builds", () => {
  let database: TestDatabase;
  let transform: Transform;
  let clock = new Date();
  const passHours = (hours: number) => {
    clock = new Date(clock.getTime() + hours * 3_600_000);
  };

  beforeAll(async () => {
    database = await createTestDatabase();
    transform = openTransform(database.sql, { now: () => clock });
  });
  afterAll(() => database.drop());

  const reset = async () => {
    clock = new Date("2024-06-03T21:30:00Z");
    await database.sql`truncate source_polygon_stock_bars_daily, source_polygon_splits`;
    await database.sql`drop table if exists fct_polygon__stock_bars_performance`;
    // Rows that vanish from a source leave no trace in an incremental model; each case begins without one.
    await database.sql`drop table if exists int_polygon__split_factors cascade`;
  };

  const rows = () => database.sql<Record<string, unknown>[]>`
    select to_jsonb(fact) as row from fct_polygon__stock_bars_performance as fact order by ticker, trade_date`;

  test("write only the new session where one session is new, and nothing where nothing is", async () => {
    await reset();
    const upTo = (last: number) =>
      tickers.flatMap((ticker) => Array.from({ length: last }, (_, index) => bar(ticker, index)));
    await writeBars(database.sql, upTo(200), clock);
    expect((await transform.build()).models.at(-1)).toMatchObject({ action: "created", rows: 600 });
    passHours(24);
    await writeBars(
      database.sql,
      tickers.map((ticker) => bar(ticker, 200)),
      clock,
    );
    expect((await transform.build()).models.at(-1)).toMatchObject({ action: "incremental", rows: 3 });
    expect((await transform.build()).models.at(-1)).toMatchObject({ action: "unchanged", rows: 0 });
  });

  test("equal a full refresh where all windows are full: an appended session, a corrected one, a late one", async () => {
    await reset();
    const history = Array.from({ length: 300 }, (_, index) => bar("A", index)).filter(
      ({ date }) => date !== weekday(80),
    );
    await writeBars(database.sql, history, clock);
    await transform.build();
    for (const late of [bar("A", 300), bar("A", 150, 3), bar("A", 80)]) {
      passHours(24);
      await writeBars(database.sql, [late], clock);
      expect((await transform.build()).models.at(-1)).toMatchObject({ action: "incremental" });
      const incremental = await rows();
      await transform.build({ fullRefresh: true });
      expect(incremental).toEqual(await rows());
    }
  });

  test("write a late session and the 119 after it, and leave the years since alone", async () => {
    await reset();
    const history = Array.from({ length: 400 }, (_, index) => bar("A", index)).filter(
      ({ date }) => date !== weekday(10),
    );
    await writeBars(database.sql, history, clock);
    await transform.build();
    passHours(24);
    await writeBars(database.sql, [bar("A", 10), bar("A", 400)], clock);
    expect((await transform.build()).models.at(-1)).toMatchObject({ action: "incremental", rows: 121 });
  });

  test("write a ticker's whole history on the day its split takes effect, though no row changed", async () => {
    await reset();
    await writeBars(
      database.sql,
      Array.from({ length: 30 }, (_, index) => bar("A", index)),
      clock,
    );
    await writeSplits(database.sql, [{ ticker: "A", date: "2024-06-05", from: 1, to: 2, active: true }], clock);
    await transform.build();
    clock = new Date("2024-06-05T03:59:00Z");
    expect((await transform.build()).models.at(-1)).toMatchObject({ rows: 0 });
    clock = new Date("2024-06-05T04:00:00Z");
    expect((await transform.build()).models.at(-1)).toMatchObject({ action: "incremental", rows: 30 });
    const [first] =
      await database.sql`select split_factor::float8 as factor from fct_polygon__stock_bars_performance limit 1`;
    expect(first).toEqual({ factor: 0.5 });
  });
});
