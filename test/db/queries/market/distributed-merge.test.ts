import { afterAll, expect, test } from "bun:test";
import fc from "fast-check";
import type { TransactionSql } from "../../../../db/client.ts";
import { emptyStaging, type Merged } from "../../../../db/queries/market/load.ts";
import { openRawTables, type RawTables } from "../../../support/raw-tables.ts";

const forms = await openRawTables();
afterAll(() => Promise.all(forms.map((raw) => raw.drop())));

const numRuns = process.env.SOAK ? 300 : 10;

/** Few keys and few values, so that most of what is staged meets a bar that is there, removed or held back. */
const staged = fc.record({
  sequence: fc.integer({ min: 1, max: 3 }),
  requested: fc.boolean(),
  ticker: fc.constantFrom("A", "B", "C", "D", "E", "F"),
  date: fc.constantFrom("2026-03-02", "2026-03-03"),
  close: fc.integer({ min: 1, max: 3 }),
  vwap: fc.option(fc.integer({ min: 1, max: 2 })),
});
const load = fc.record({
  // Of one answer no bar comes twice.
  rows: fc.uniqueArray(staged, {
    selector: ({ sequence, ticker, date }) => `${sequence} ${ticker} ${date}`,
    maxLength: 12,
  }),
  types: fc.constantFrom<string[] | null>(null, ["CS"]),
  tickers: fc.constantFrom<string[] | null>(null, ["B"]),
  sequences: fc.constantFrom<number[] | null>(null, [1, 3]),
  /** A load whose stamp is an earlier one's restates nothing: what was said first is kept. */
  isLater: fc.boolean(),
  /** What is taken out, or held back, before the load. */
  removed: fc.constantFrom([], ["A"], ["B", "C"]),
  held: fc.option(fc.constantFrom("A", "C")),
});
type Load = typeof load extends fc.Arbitrary<infer Step> ? Step : never;

async function prepare(sql: TransactionSql, { rows, removed, held }: Load): Promise<void> {
  await sql`
    insert into barline.staging_stock_bars
      (run_id, batch, sequence, requested, ticker, trade_date, open, high, low, close, volume, vwap)
    select 1, 0, sequence, requested, ticker, date, close, close, close, close, 1, vwap
    from jsonb_to_recordset(${sql.json(rows)}::jsonb)
      as item (sequence bigint, requested boolean, ticker text, date date, close numeric, vwap numeric)`;
  await sql`
    with gone as (
      delete from public.source_polygon_stock_bars_daily where ticker = any (${removed}::text[]) returning ticker, trade_date
    )
    insert into public.source_polygon_removed_bars (ticker, trade_date, removed_at)
    select ticker, trade_date, '2026-03-01' from gone on conflict do nothing`;
  await sql`
    insert into barline.quarantined_bars (quarantine_id, ticker, trade_date, open, high, low, close, volume, test, reason,
      run_id, held_at)
    select id, ${held}::text, '2026-03-02', 2, 2, 2, 2, 1, 'test', 'reason', run_id, '2026-03-01'
    from barline.quarantines where ${held}::text is not null on conflict do nothing`;
}

async function run({ sql, merge }: RawTables, loads: Load[]): Promise<unknown> {
  await sql`truncate public.source_polygon_stock_bars_daily, public.source_polygon_stock_bars_restatements,
    public.source_polygon_removed_bars, barline.staging_stock_bars, barline.compared_bars, barline.quarantined_bars`;
  let at = Date.parse("2026-03-04T10:00:00Z");
  const merged: Merged[] = [];
  for (const step of loads) {
    if (step.isLater) at += 60_000;
    const { types, tickers, sequences } = step;
    await sql.begin(async (transaction) => {
      await prepare(transaction, step);
      merged.push(await merge(transaction, 1, new Date(at), { types, tickers }, sequences));
      await emptyStaging(transaction);
    });
  }
  return {
    merged,
    bars: [...(await sql`select * from public.source_polygon_stock_bars_daily order by ticker, trade_date`)],
    restatements: [
      ...(await sql`
        select * from public.source_polygon_stock_bars_restatements order by ticker, trade_date, stated_at`),
    ],
    removed: [...(await sql`select * from public.source_polygon_removed_bars order by ticker, trade_date`)],
  };
}

test("any loads make the same bars, restatements, removed bars and counts in every form of the raw tables", async () => {
  for (const { sql } of forms) {
    await sql`insert into barline.jobs (id) values ('toy')`;
    await sql`
      with run as (
        insert into barline.runs (job_id, trigger, state) values ('toy', 'manual', 'running') returning id
      )
      insert into barline.quarantines (ticker, since, test, reason, run_id)
      select 'A', '2026-03-01', 'test', 'reason', id from run`;
    await sql`
      insert into public.source_polygon_tickers (ticker, name, type, active, inserted_at)
      select ticker, ticker, 'CS', true, '2026-03-01' from unnest(array['A', 'C', 'D']) as ticker`;
  }
  await fc.assert(
    fc.asyncProperty(fc.array(load, { minLength: 2, maxLength: 5 }), async (loads) => {
      const [whole, ...others] = await Promise.all(forms.map((raw) => run(raw, loads)));
      for (const other of others) expect(other).toEqual(whole);
    }),
    { numRuns },
  );
}, 120_000);
