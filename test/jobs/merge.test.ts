import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { emptyStaging } from "../../db/queries/market/load.ts";
import { lockRawTables } from "../../db/queries/market/raw-lock.ts";
import { mergeAnswers } from "../../jobs/merge.ts";
import { openRawTables } from "../support/raw-tables.ts";

const [day, next] = ["2026-03-02", "2026-03-03"];
/** Of so many bars one is less than a complete answer may lack. */
const market = Array.from({ length: 60 }, (_, index) => `T${index}`);
type Said = { ticker: string; session: string; close: number };
const session = (tickers: readonly string[], date: string, close = 1): Said[] =>
  tickers.map((ticker) => ({ ticker, session: date, close }));

for (const raw of await openRawTables()) {
  describe(`with raw tables ${raw.name}`, () => {
    const { sql } = raw;
    let sequence = 0;

    beforeEach(async () => {
      await sql`truncate public.source_polygon_stock_bars_daily, public.source_polygon_stock_bars_restatements,
        public.source_polygon_removed_bars, public.source_polygon_withdrawn_bars, barline.doubtful_bars,
        barline.loaded_answers`;
      sequence = 0;
    });
    afterAll(() => raw.drop());

    /** Loads one answer for each item, of the whole market or of a ticker, in one merge. */
    async function load(...answers: { rows: Said[]; from?: string; to?: string; ticker?: string }[]) {
      const placed = answers.map((answer) => ({ ...answer, sequence: ++sequence, lakeKey: `key ${sequence}` }));
      const rows = placed.flatMap(({ rows, sequence }) => rows.map((row) => ({ ...row, sequence })));
      return await sql.begin(async (transaction) => {
        const at = await lockRawTables(transaction);
        await transaction`
          insert into barline.staging_stock_bars
            (run_id, batch, sequence, requested, ticker, trade_date, open, high, low, close, volume)
          select 1, 0, sequence, false, ticker, session, close, close, close, close, 1
          from jsonb_to_recordset(${transaction.json(rows)}::jsonb)
            as item (sequence bigint, ticker text, session date, close numeric)`;
        const about = placed.map(({ sequence, lakeKey, ticker = null, from = day, to = from, rows }) => {
          return { sequence, lakeKey, ticker, from, to, bars: rows.length };
        });
        const universe = { types: null, tickers: null };
        const counts = await mergeAnswers(transaction, { runId: 1, answers: about, universe }, at);
        await emptyStaging(transaction);
        return counts;
      });
    }

    const closeOf = async (ticker: string) =>
      (
        await sql`select close::float8 from public.source_polygon_stock_bars_daily
        where ticker = ${ticker} and trade_date = ${day}`
      )[0]?.close;

    test("a bar that two answers in a row lack is withdrawn, and returns with the answer that has it again", async () => {
      expect(await load({ rows: session(market, day) })).toMatchObject({ new: 60, doubtful: 0 });
      const lacking = session(market.slice(1), day);
      expect(await load({ rows: lacking })).toMatchObject({ unchanged: 59, doubtful: 1, withdrawn: 0 });
      expect(await load({ rows: session(market, day) })).toMatchObject({ doubtful: 0, withdrawn: 0 });
      expect([...(await sql`select ticker from barline.doubtful_bars`)]).toEqual([]);
      await load({ rows: lacking });
      expect(await load({ rows: lacking })).toMatchObject({ withdrawn: 1, firstDate: day, lastDate: day });
      expect(await closeOf("T0")).toBeUndefined();
      const withdrawn = () => sql`
        select ticker, earlier_key as earlier, doubted_key as doubted, later_key as later, returned_at is not null as back
        from public.source_polygon_withdrawn_bars`;
      const kept = { ticker: "T0", earlier: "key 1", doubted: "key 4", later: "key 5" };
      expect([...(await withdrawn())]).toEqual([{ ...kept, back: false }]);
      expect((await sql`select ticker from public.source_polygon_removed_bars`).map((row) => row.ticker)).toEqual([
        "T0",
      ]);
      expect(await load({ rows: session(market, day) })).toMatchObject({ new: 1, returned: 1 });
      expect([...(await withdrawn())]).toEqual([{ ...kept, back: true }]);
      expect([...(await sql`select ticker from public.source_polygon_removed_bars`)]).toEqual([]);
    });

    test("a ticker's answer that lacks few of its bars doubts them, and one that lacks many doubts none", async () => {
      const days = Array.from({ length: 60 }, (_, index) =>
        new Date(Date.UTC(2026, 0, 5 + index)).toISOString().slice(0, 10),
      );
      const bars = days.map((date) => ({ ticker: "T0", session: date, close: 1 }));
      const range = { ticker: "T0", from: days[0] ?? "", to: days.at(-1) ?? "" };
      await load({ ...range, rows: bars });
      expect(await load({ ...range, rows: bars.slice(0, 30) })).toMatchObject({ doubtful: 0 });
      expect(await load({ ...range, rows: bars.slice(1) })).toMatchObject({ doubtful: 1 });
      expect(await load({ ...range, rows: bars.slice(1) })).toMatchObject({ withdrawn: 1, firstDate: days[0] });
    });

    test("of two answers for a session each is a version of its own, with the file that said it", async () => {
      await load(
        { rows: session(market, day) },
        { rows: session(market, day, 2) },
        { rows: session(market, next), from: next },
      );
      expect(await closeOf("T7")).toBe(2);
      const kept = await sql`
        select close::float8, stated_key as stated, replaced_key as replaced, stated_at < replaced_at as ordered
        from public.source_polygon_stock_bars_restatements where ticker = 'T7'`;
      expect([...kept]).toEqual([{ close: 1, stated: "key 1", replaced: "key 2", ordered: true }]);
    });
  });
}
