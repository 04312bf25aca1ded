import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import type { TransactionSql } from "../../../../db/client.ts";
import { copyToStaging, emptyStaging, type Merged, type UniverseFilter } from "../../../../db/queries/market/load.ts";
import { openRawTables } from "../../../support/raw-tables.ts";

const everyTicker = { types: null, tickers: null };
const [first, second] = [new Date("2026-03-02T10:00:00Z"), new Date("2026-03-03T10:00:00Z")];

for (const raw of await openRawTables()) {
  describe(`with raw tables ${raw.name}`, () => {
    const { sql } = raw;

    beforeEach(async () => {
      await sql`truncate public.source_polygon_stock_bars_daily, barline.staging_stock_bars`;
    });
    afterAll(() => raw.drop());

    type StagedBar = {
      sequence: number;
      ticker: string;
      date: string;
      close: string;
      vwap?: string;
      requested?: boolean;
    };

    async function stage(transaction: TransactionSql, bars: StagedBar[]): Promise<void> {
      const copy = await copyToStaging(transaction);
      const lines = bars.map(({ sequence, ticker, date, close, vwap = "\\N", requested = false }) =>
        [1, 0, sequence, requested, ticker, date, close, close, close, close, 100, vwap, "\\N"].join("\t"),
      );
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      copy.on("finish", resolve).on("error", reject);
      copy.end(`${lines.join("\n")}\n`);
      await promise;
    }

    async function merge(bars: StagedBar[], at: Date, universe = everyTicker as UniverseFilter) {
      return (await sql.begin(async (transaction) => {
        await stage(transaction, bars);
        const merged = await raw.merge(transaction, 1, at, universe);
        await emptyStaging(transaction);
        return merged;
      })) as Merged;
    }

    const stored = async () =>
      [
        ...(await sql<{ ticker: string; close: string; insertedAt: Date }[]>`
      select ticker, close::text as close, inserted_at as "insertedAt"
      from public.source_polygon_stock_bars_daily order by ticker, trade_date`),
      ].map((row) => ({ ...row }));

    test("merging adds new bars, corrects those that differ, and leaves equal ones as they were", async () => {
      const date = "2026-03-02";
      const none = { inserted: 0, updated: 0, unchanged: 3, firstDate: null, lastDate: null };
      const bars = ["A", "B", "C"].map((ticker) => ({ sequence: 1, ticker, date, close: "10.50" }));
      expect(await merge(bars, first)).toEqual({
        inserted: 3,
        updated: 0,
        unchanged: 0,
        firstDate: date,
        lastDate: date,
      });
      const again = [
        { sequence: 2, ticker: "A", date, close: "10.5" },
        { sequence: 2, ticker: "B", date, close: "11" },
        { sequence: 2, ticker: "D", date: "2026-03-03", close: "7" },
      ];
      expect(await merge(again, second)).toEqual({
        ...{ inserted: 1, updated: 1, unchanged: 1 },
        ...{ firstDate: date, lastDate: "2026-03-03" },
      });
      expect(await stored()).toEqual([
        { ticker: "A", close: "10.50", insertedAt: first },
        { ticker: "B", close: "11", insertedAt: second },
        { ticker: "C", close: "10.50", insertedAt: first },
        { ticker: "D", close: "7", insertedAt: second },
      ]);
      expect(await merge(again, second)).toEqual(none);
    });

    test("merging notices a value that was null, and one that became null", async () => {
      const bar = { sequence: 1, ticker: "A", date: "2026-03-02", close: "10" };
      await merge([bar], first);
      expect(await merge([{ ...bar, vwap: "9.5" }], second)).toMatchObject({ inserted: 0, updated: 1 });
      expect(await merge([{ ...bar, vwap: "9.5" }], second)).toMatchObject({ inserted: 0, updated: 0 });
      expect(await merge([bar], second)).toMatchObject({ inserted: 0, updated: 1 });
    });

    test("merging takes the latest of several answers for one bar, new or known", async () => {
      const bar = { ticker: "A", date: "2026-03-02" };
      const answers = [
        { ...bar, sequence: 2, close: "12" },
        { ...bar, sequence: 3, close: "13" },
        { ...bar, sequence: 1, close: "11" },
      ];
      expect(await merge(answers, first)).toMatchObject({ inserted: 1, updated: 0 });
      expect(await stored()).toEqual([{ ticker: "A", close: "13", insertedAt: first }]);
      expect(await merge([...answers, { ...bar, sequence: 4, close: "14" }], second)).toMatchObject({ updated: 1 });
      expect(await stored()).toEqual([{ ticker: "A", close: "14", insertedAt: second }]);
    });

    test("merging takes tickers outside the universe only where they were asked for by name", async () => {
      const bars = [
        { sequence: 1, ticker: "A", date: "2026-03-02", close: "1" },
        { sequence: 1, ticker: "B", date: "2026-03-02", close: "1" },
        { sequence: 1, ticker: "C", date: "2026-03-02", close: "1", requested: true },
      ];
      await merge(bars, first, { types: null, tickers: ["A"] });
      expect((await stored()).map(({ ticker }) => ticker)).toEqual(["A", "C"]);
    });

    test("merging finds the one bar that is known among those of other months, and of other tickers", async () => {
      const known = { sequence: 1, ticker: "B", date: "2026-02-17", close: "10" };
      await merge([known], first);
      const others = ["2025-12-31", "2026-01-02", "2026-02-16", "2026-02-18", "2026-03-02"];
      const bars = ["A", "B"].flatMap((ticker) => others.map((date) => ({ sequence: 2, ticker, date, close: "10" })));
      expect(await merge([...bars, { ...known, sequence: 2 }], second)).toMatchObject({ inserted: 10, unchanged: 1 });
      expect(await merge([{ ...known, sequence: 3, close: "11" }], second)).toMatchObject({ inserted: 0, updated: 1 });
    });
  });
}
