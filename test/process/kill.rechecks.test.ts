import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "../../db/client.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { startBarline } from "../support/barline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { runsOf, settle } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import { expectCleanState, warehouseDigest } from "../support/warehouse.ts";
import { backfillByApi, fetchingFrom, openWarehouse } from "./support.ts";

const range = { from: "2018-10-01", to: "2018-10-12" };
/** One bar of so many is less than a complete answer may lack. */
const marketSize = 80;
const kills = process.env.SOAK ? 30 : 5;
/** Starting, fetching and loading take about as long. */
const longestLifeMs = 900;

let market: FaultyMarket;
const folders: string[] = [];

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
}, 30_000);
afterAll(async () => {
  await market.stop();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

/** A data folder with the range as the vendor first states it. */
async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "barline-recheck-"));
  await chmod(folder, 0o755);
  folders.push(folder);
  market.revise = undefined;
  const barline = await startBarline(fetchingFrom(market), folder);
  await backfillByApi(barline.url, range.from, range.to);
  await barline.untilIdle();
  await barline.end("SIGTERM");
  // From now on each session lacks a bar, and states another one anew.
  market.revise = (rows) =>
    rows.flatMap((row, index) => (index === 3 ? [] : index === 8 ? [{ ...row, c: row.h, n: 7 }] : [row]));
  return folder;
}

/** From 0 to 1, the same in every run. */
const draw = (turn: number) => Number(Bun.hash(`recheck ${turn}`) % 10_000n) / 10_000;

/** Asks for a recheck and is killed on its way: while an answer is awaited, or at some instant. */
async function liveAndDie(dataDir: string, turn: number): Promise<void> {
  if (turn === 0) market.hold(4);
  const barline = await startBarline(fetchingFrom(market), dataDir);
  await backfillByApi(barline.url, range.from, range.to, "recheck");
  if (turn === 0) await until("its calls wait for their answers", () => market.held() > 0);
  // The instant is what the test is about, and no wait for anything.
  else await Bun.sleep(draw(turn) * longestLifeMs);
  await barline.end("SIGKILL");
  market.release();
}

/** Lets two rechecks come to their end, and reads what is there then. */
async function finish(dataDir: string) {
  const last = await startBarline(fetchingFrom(market), dataDir);
  const sql = await openWarehouse(dataDir);
  for (const _ of [1, 2]) {
    await settle(sql, 60_000);
    await backfillByApi(last.url, range.from, range.to, "recheck");
  }
  await settle(sql, 60_000);
  await expectCleanState(sql);
  const end = { digest: await warehouseDigest(sql), ...(await keptOf(sql)), sums: await sumsOf(sql) };
  await sql.end();
  expect(await last.end("SIGTERM")).toMatchObject({ code: 0 });
  return end;
}

async function keptOf(sql: Sql) {
  const withdrawn = await sql`
    select ticker, trade_date, close, returned_at from source_polygon_withdrawn_bars order by ticker, trade_date`;
  const restated = await sql`
    select ticker, trade_date, close, stated_key is not null and replaced_key is not null as traced
    from source_polygon_stock_bars_restatements order by ticker, trade_date`;
  const doubtful = await sql`select * from barline.doubtful_bars`;
  const removed = await sql`select ticker, trade_date from source_polygon_removed_bars order by ticker, trade_date`;
  return { withdrawn: [...withdrawn], restated: [...restated], doubtful: [...doubtful], removed: [...removed] };
}

/** What the loads say that they did. */
async function sumsOf(sql: Sql): Promise<Record<string, number>> {
  const loads = await runsOf(sql, jobIds.load);
  const sum = (name: string) => loads.reduce((total, { summary }) => total + Number(summary?.[name]), 0);
  return Object.fromEntries(["new", "revised", "withdrawn", "doubtful", "returned"].map((name) => [name, sum(name)]));
}

test(
  "rechecks that are killed on their way end with the warehouse, and the numbers, of those that were not",
  async () => {
    const undisturbed = await finish(await makeFolder());
    expect(undisturbed.sums).toMatchObject({ revised: 10, withdrawn: 10, doubtful: 10, returned: 0 });
    expect(undisturbed.withdrawn).toHaveLength(10);

    const dataDir = await makeFolder();
    for (let turn = 0; turn < kills; turn += 1) await liveAndDie(dataDir, turn);
    expect(await finish(dataDir)).toEqual(undisturbed);
  },
  120_000 + kills * 10_000,
);
