import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { settle } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import {
  barsBetween,
  expectCleanState,
  expectFact,
  expectRawBars,
  marketSize,
  openMarket,
  season,
} from "../support/warehouse.ts";
import { backfillByApi, fetchingFrom, openWarehouse } from "./support.ts";

let market: FaultyMarket;
let barline: BarlineProcess;

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  barline = await startBarline(fetchingFrom(market));
}, 60_000);

afterAll(async () => {
  await barline.stop();
  await market.stop();
});

const serverPid = async () =>
  Number((await readFile(join(barline.dataDir, "postgres", "postmaster.pid"), "utf8")).split("\n")[0]);

test("an embedded server that is killed in mid-work is started again, and the work ends as if nothing had happened", async () => {
  market.faults = { rate: 1, kinds: ["slow"], slowMs: 100, routes: ["grouped"] };
  await backfillByApi(barline.url, season.from, season.to);
  for (const calls of [10, 30]) {
    await until(`${calls} sessions were asked for`, () => market.countOf("grouped") > calls, 30_000);
    const pid = await serverPid();
    process.kill(pid, "SIGKILL");
    await until("another server runs", async () => (await serverPid().catch(() => pid)) !== pid, 30_000);
  }
  market.faults.rate = 0;
  const sql = await openWarehouse(barline.dataDir);
  await until("the server answers", async () => (await sql`select 1`.catch(() => undefined)) !== undefined, 30_000);
  await settle(sql, 60_000);
  await expectCleanState(sql);
  const demo = openMarket();
  const bars = barsBetween(demo, season.from, season.to);
  await expectRawBars(sql, bars);
  await expectFact(sql, bars, demo);
  await sql.end();
  expect(barline.output()).toContain("was started again");
}, 120_000);
