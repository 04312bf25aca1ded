import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { forgetRemoved, removeBars } from "../../../../db/queries/market/removed-bars.ts";
import { openRawTables } from "../../../support/raw-tables.ts";

const [loaded, removed, later] = ["02", "03", "04"].map((day) => new Date(`2026-03-${day}T10:00:00Z`)) as [
  Date,
  Date,
  Date,
];
const everyTicker = { types: null, tickers: null };
const key = { ticker: "A", tradeDate: "2026-03-02" };

for (const raw of await openRawTables()) {
  describe(`with raw tables ${raw.name}`, () => {
    const { sql } = raw;

    beforeEach(async () => {
      await sql`
    truncate public.source_polygon_stock_bars_daily, public.source_polygon_removed_bars, barline.staging_stock_bars`;
      await sql`
    insert into public.source_polygon_stock_bars_daily (ticker, trade_date, open, high, low, close, volume, inserted_at)
    select ticker, '2026-03-02', 1, 1, 1, 1, 1, ${loaded}::timestamptz from unnest(array['A', 'B']) as ticker`;
    });
    afterAll(() => raw.drop());

    const held = async () => {
      const bars = await sql<
        { ticker: string }[]
      >`select ticker from public.source_polygon_stock_bars_daily order by 1`;
      const gone = await sql<{ ticker: string; at: Date }[]>`
    select ticker, removed_at as at from public.source_polygon_removed_bars order by 1`;
      return { bars: bars.map(({ ticker }) => ticker), gone: gone.map(({ ticker, at }) => ({ ticker, at })) };
    };

    test("a bar that is removed leaves word of when, and one that is not there leaves none", async () => {
      const keys = [key, { ticker: "A", tradeDate: "2026-03-09" }];
      expect(await sql.begin((transaction) => removeBars(transaction, keys, removed))).toBe(1);
      expect(await held()).toEqual({ bars: ["B"], gone: [{ ticker: "A", at: removed }] });
    });

    test("a removed bar that a load brings back is no longer among the removed ones", async () => {
      await sql.begin((transaction) => removeBars(transaction, [key, { ...key, ticker: "B" }], removed));
      await sql`
    insert into barline.staging_stock_bars
      (run_id, batch, sequence, requested, ticker, trade_date, open, high, low, close, volume)
    values (1, 0, 1, false, 'A', '2026-03-02', 1, 1, 1, 1, 1)`;
      await sql.begin((transaction) => raw.merge(transaction, 1, later, everyTicker));
      expect(await held()).toEqual({ bars: ["A"], gone: [{ ticker: "B", at: removed }] });
    });

    test("whoever writes a bar back forgets that it was removed, and only then", async () => {
      await sql.begin((transaction) => removeBars(transaction, [key], removed));
      await sql.begin((transaction) => forgetRemoved(transaction, [key]));
      expect((await held()).gone).toHaveLength(1);
      await sql`
    insert into public.source_polygon_stock_bars_daily (ticker, trade_date, open, high, low, close, volume, inserted_at)
    values ('A', '2026-03-02', 1, 1, 1, 1, 1, ${later}::timestamptz)`;
      await sql.begin((transaction) => forgetRemoved(transaction, [key]));
      expect(await held()).toEqual({ bars: ["A", "B"], gone: [] });
    });
  });
}
