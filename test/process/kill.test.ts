import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBarline } from "../support/barline.ts";
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
import { backfillByApi, fetchingFrom, openWarehouse, spawnBarline } from "./support.ts";

/** A few in the ordinary run; `bun run test:soak` asks for more. */
const kills = process.env.SOAK ? 24 : 6;
/** A start and the whole backfill take some four seconds. */
const longestLifeMs = 2500;

let market: FaultyMarket;
let dataDir: string;

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  dataDir = await mkdtemp(join(tmpdir(), "barline-kill-"));
  await chmod(dataDir, 0o755);
});

afterAll(async () => {
  await market.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** From 0 to 1, the same in every run. */
const draw = (turn: number) => Number(Bun.hash(`kill ${turn}`) % 1000n) / 1000;

test(
  `a process that is killed ${kills} times ends with the warehouse of one that was not`,
  async () => {
    market.faults = { rate: 1, kinds: ["slow"], slowMs: 25 * kills, routes: ["grouped"] };
    const first = await startBarline(fetchingFrom(market), dataDir);
    await backfillByApi(first.url, season.from, season.to);
    await until("it is at work", () => market.countOf("grouped") > 3, 30_000);
    await first.end("SIGKILL");
    for (let turn = 1; turn < kills; turn += 1) {
      const { process: child, output } = spawnBarline(dataDir, fetchingFrom(market));
      // Every other one lives until it is at work, so that not all die at the start.
      if (turn % 2 === 0) await until("it is there", () => output().includes("Barline is at"), 30_000);
      // The instant is what the test is about, and no wait for anything.
      await Bun.sleep(draw(turn) * longestLifeMs);
      child.kill("SIGKILL");
      await child.exited;
    }
    market.faults.rate = 0;
    const last = await startBarline(fetchingFrom(market), dataDir);
    const sql = await openWarehouse(dataDir);
    await settle(sql, 60_000);
    await expectCleanState(sql);
    const demo = openMarket();
    const bars = barsBetween(demo, season.from, season.to);
    await expectRawBars(sql, bars);
    await expectFact(sql, bars, demo);
    const twice = await sql`
      select partition from barline.runs where partition is not null group by partition having count(*) > 1`;
    expect([...twice]).toEqual([]);
    await sql.end();
    expect(await last.end("SIGTERM")).toMatchObject({ code: 0 });
  },
  60_000 + kills * 10_000,
);
