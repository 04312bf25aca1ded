import { afterAll, beforeAll, expect, test } from "bun:test";
import { jobIds } from "../../jobs/pipeline.ts";
import { martsDataset } from "../../jobs/transform-job.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { marketSize, season } from "../support/warehouse.ts";

let market: FaultyMarket;
let first: TestPipeline;

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  first = await startTestPipeline({ market, settings: { startDate: season.from } });
});
afterAll(async () => {
  await first.close();
  await market.stop();
});

/** A start on the same database, as after an upgrade; what it queued by itself, once that is done. */
async function startAgain(): Promise<{ parameters: object; state: string }[]> {
  const [newest] = await first.sql<{ id: number }[]>`select coalesce(max(id), 0) as id from barline.runs`;
  const again = await startTestPipeline({
    ...{ market, database: first.database, lake: first.lakeOptions },
    settings: { startDate: season.from },
  });
  await again.settle();
  await again.close();
  return [
    ...(await first.sql<{ parameters: object; state: string }[]>`
      select parameters, state from barline.runs where id > ${newest?.id ?? 0}::bigint and job_id = ${jobIds.transform}::text`),
  ];
}

const markAs = (mark: string) =>
  first.sql.unsafe(`comment on table int_polygon__stock_bars_windows is '[barline ${mark}]'`);

async function expectEventOfEachPublication(): Promise<void> {
  const told = await first.sql<{ runs: number; events: number }[]>`
    select count(*)::int as runs, count(events.id)::int as events
    from barline.runs
    left join barline.dataset_events as events on events.run_id = runs.id and events.dataset = ${martsDataset}::text
    where runs.job_id = ${jobIds.transform}::text and runs.state = 'success'`;
  expect(told[0]?.runs).toBeGreaterThan(0);
  expect(told[0]?.events).toBe(told[0]?.runs);
  const counted = await first.sql<{ number: number }[]>`select number from barline.publications`;
  expect([...counted]).toEqual([{ number: told[0]?.runs ?? 0 }]);
}

test("a start builds what a changed model makes old, once, and shows what is published until then", async () => {
  // Nothing is published yet: the first build is for the first data.
  expect(await startAgain()).toEqual([]);
  await first.backfill(season.from, "2018-08-31");
  await first.settle();
  await first.stop();
  await expectEventOfEachPublication();
  // As it is built now: nothing to do.
  expect(await startAgain()).toEqual([]);

  // As an earlier version's model built it, with one table that it did not have.
  await markAs("0".repeat(32));
  await first.sql`drop table fct_polygon__month_ends`;
  const rows = await first.sql`select count(*)::int as count from fct_polygon__stock_bars_performance`;
  expect(rows[0]?.count).toBeGreaterThan(0);
  expect(await startAgain()).toEqual([{ parameters: { changedModels: true }, state: "success" }]);
  expect([...(await first.sql`select count(*)::int as count from fct_polygon__stock_bars_performance`)]).toEqual([
    ...rows,
  ]);
  expect([...(await first.sql`select to_regclass('fct_polygon__month_ends')::text as name`)]).toEqual([
    { name: "fct_polygon__month_ends" },
  ]);
  expect(await startAgain()).toEqual([]);
});
