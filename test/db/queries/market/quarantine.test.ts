import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { type RawBar, selectBelievedBars, selectNewBars, takeBack } from "../../../../db/queries/market/held-bars.ts";
import {
  endConfirmed,
  endReplaced,
  insertHeldBars,
  releaseBars,
  undoHeldBars,
} from "../../../../db/queries/market/quarantine.ts";
import { mergeDividends } from "../../../../db/queries/market/reference.ts";
import { selectListedSplits, selectSplitsToJudge } from "../../../../db/queries/market/splits.ts";
import { openRawTables } from "../../../support/raw-tables.ts";

const [first, second, held, later] = ["02", "03", "04", "05"].map((day) => new Date(`2026-03-${day}T10:00:00Z`)) as [
  Date,
  Date,
  Date,
  Date,
];
const [day, next] = ["2026-03-02", "2026-03-03"];
/** The models have seen the first load. */
const mark = "2026-03-02 12:00:00+00";

for (const raw of await openRawTables()) {
  describe(`with raw tables ${raw.name}`, () => {
    const { sql, distributed } = raw;
    let run = 0;

    async function load(rows: { ticker: string; session: string; close: number }[], at: Date): Promise<void> {
      await sql`
        insert into barline.staging_stock_bars
          (run_id, batch, sequence, requested, ticker, trade_date, open, high, low, close, volume)
        select 1, 0, 1, false, ticker, session, close, close, close, close, 1
        from jsonb_to_recordset(${sql.json(rows)}::jsonb) as item (ticker text, session date, close numeric)`;
      await sql.begin((transaction) => raw.merge(transaction, 1, at, { types: null, tickers: null }));
      await sql`truncate barline.staging_stock_bars`;
    }
    const stored = async () =>
      (
        await sql<{ told: string }[]>`
        select ticker || ' ' || trade_date || ' ' || close as told from public.source_polygon_stock_bars_daily
        order by ticker, trade_date`
      ).map(({ told }) => told);
    const said = async () =>
      (
        await sql<{ told: string }[]>`
        select ticker || ' ' || close as told from public.source_polygon_stock_bars_restatements
        order by ticker, stated_at`
      ).map(({ told }) => told);
    const hold = (bars: RawBar[]) =>
      sql.begin(async (transaction) => {
        await takeBack(transaction, mark, bars, held);
        const why = { test: "test", reason: "reason", lakeKey: null };
        await insertHeldBars(
          transaction,
          run,
          bars.map((bar) => ({ ...bar, ...why })),
          held,
        );
      });

    /** A's bar is revised and B's next one is new: both are held. C is as it was. */
    beforeEach(async () => {
      await sql`truncate public.source_polygon_stock_bars_daily, public.source_polygon_stock_bars_restatements,
        public.source_polygon_removed_bars, barline.quarantined_bars, barline.quarantines`;
      await sql`insert into barline.jobs (id) values ('toy') on conflict do nothing`;
      const [row] = await sql<{ id: number }[]>`
        insert into barline.runs (job_id, trigger, state) values ('toy', 'manual', 'running') returning id`;
      run = row?.id ?? 0;
      await load(
        ["A", "B", "C"].map((ticker) => ({ ticker, session: day, close: 1 })),
        first,
      );
      await load(
        [
          { ticker: "A", session: day, close: 9 },
          { ticker: "B", session: next, close: 9 },
        ],
        second,
      );
      await hold(await selectNewBars(sql, mark, null));
    });
    afterAll(() => raw.drop());

    test("holding bars puts back what was published, and undoing it what they say", async () => {
      expect(await stored()).toEqual([`A ${day} 1`, `B ${day} 1`, `C ${day} 1`]);
      expect(await said()).toEqual([]);
      const undone = await sql.begin((transaction) => undoHeldBars(transaction, run, later));
      expect(undone).toHaveLength(2);
      expect(await stored()).toEqual([`A ${day} 9`, `B ${day} 1`, `B ${next} 9`, `C ${day} 1`]);
      expect(await said()).toEqual(["A 1"]);
      expect([...(await sql`select ticker from public.source_polygon_removed_bars`)]).toEqual([]);
      expect([...(await sql`select from barline.quarantines`)]).toHaveLength(0);
    });

    test("a release gives back all but what another answer has replaced, and believes it", async () => {
      await load([{ ticker: "B", session: next, close: 2 }], later);
      const ids = (await sql<{ id: number }[]>`select id from barline.quarantines order by ticker`).map(({ id }) => id);
      const at = new Date(later.getTime() + 1000);
      for (const id of ids) await sql.begin((transaction) => releaseBars(transaction, id, at));
      expect(await stored()).toEqual([`A ${day} 9`, `B ${day} 1`, `B ${next} 2`, `C ${day} 1`]);
      await sql`update barline.quarantines set state = 'released', decided_by = 'Ada'`;
      expect(await selectBelievedBars(sql)).toEqual([{ ticker: "A", session: day }]);
    });

    test("a quarantine ends with an answer that is published, or that says what was published last", async () => {
      await load([{ ticker: "B", session: next, close: 2 }], later);
      expect(await endReplaced(sql, mark)).toEqual([]);
      expect(await endReplaced(sql, "infinity")).toEqual(["B"]);
      await sql`
        insert into barline.staging_stock_bars
          (run_id, batch, sequence, requested, ticker, trade_date, open, high, low, close, volume)
        values (1, 0, 1, false, 'A', ${day}, 1, 1, 1, 1, 1)`;
      expect(await sql.begin((transaction) => endConfirmed(transaction, 1, later))).toEqual(["A"]);
      await sql`truncate barline.staging_stock_bars`;
    });

    test("splits and dividends find the bars around their days", async () => {
      await sql`truncate public.source_polygon_splits, public.source_polygon_dividends`;
      await load([{ ticker: "C", session: next, close: 2 }], later);
      await sql`
        insert into public.source_polygon_splits (ticker, execution_date, split_from, split_to, inserted_at)
        values ('C', ${next}, 1, 2, ${later}), ('B', ${day}, 1, 2, ${later}), ('Z', ${day}, 1, 2, ${later}),
          ('A', '2025-01-02', 1, 2, ${later})`;
      const range = { from: "2026-01-01", to: null, days: 14 };
      const judged = await sql.begin((transaction) => selectSplitsToJudge(transaction, range));
      const prices = (splits: { ticker: string; closeBefore: number | null; openAfter: number | null }[]) =>
        splits.map(({ ticker, closeBefore, openAfter }) => [ticker, closeBefore, openAfter]).sort();
      const near = [
        ["B", null, 1],
        ["C", 1, 2],
        ["Z", null, null],
      ];
      expect(prices(judged)).toEqual(near);
      const listed = await selectListedSplits(sql, { ticker: null, doubted: false, setAside: null }, 10, distributed);
      expect(prices(listed)).toEqual([["A", null, 1], ...near]);
      const changes = async (ticker: string, exDividendDate: string) =>
        await sql.begin((transaction) => {
          const rows = [{ ticker, exDividendDate, cashAmount: 1 }];
          return mergeDividends(transaction, { rows, from: day, insertedAt: later, withdraw: false, distributed });
        });
      expect([await changes("C", next), await changes("C", day), await changes("Z", next)]).toEqual([
        true,
        false,
        false,
      ]);
    });
  });
}
