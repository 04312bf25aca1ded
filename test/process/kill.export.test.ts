import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCurrent } from "../../jobs/export/manifest.ts";
import { openLake } from "../../jobs/lake/open.ts";
import { sha256Hex } from "../../jobs/lake/store.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { expectSameRows } from "../jobs/export/same-rows.ts";
import { startBarline } from "../support/barline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { settle } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import { backfillByApi, fetchingFrom, openWarehouse } from "./support.ts";

const range = { from: "2018-12-27", to: "2019-01-04" };
const marketSize = 60;
const kills = process.env.SOAK ? 30 : 3;
/** Writing a small market and publishing it take about as long. */
const longestLifeMs = 700;

let market: FaultyMarket;
let dataDir: string;
const variables = () => ({ ...fetchingFrom(market), EXPORT: "all" });
const lakeOf = () => ({ root: join(dataDir, "lake"), bucket: "test" });

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  dataDir = await mkdtemp(join(tmpdir(), "barline-kill-export-"));
  await chmod(dataDir, 0o755);
}, 30_000);
afterAll(async () => {
  await market.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** From 0 to 1, the same in every run. */
const draw = (turn: number) => Number(Bun.hash(`export ${turn}`) % 10_000n) / 10_000;

/** Has the vendor state a price of each session anew, and asks for all of them: what follows from it is exported. */
async function change(url: string, turn: number): Promise<void> {
  market.revise = (rows) => rows.map((row, index) => (index === turn % 7 ? { ...row, n: 1000 + turn } : row));
  await backfillByApi(url, range.from, range.to, "recheck");
}

async function liveAndDie(turn: number): Promise<void> {
  const barline = await startBarline(variables(), dataDir);
  await change(barline.url, turn);
  await until(
    "the export is at work",
    async () => {
      const status = (await (await fetch(`${barline.url}/api/status`)).json()) as {
        jobs: { id: string; running: number }[];
      };
      return (status.jobs.find(({ id }) => id === jobIds.export)?.running ?? 0) > 0;
    },
    60_000,
  );
  // The instant is what the test is about, and no wait for anything.
  await Bun.sleep(draw(turn) * longestLifeMs);
  await barline.end("SIGKILL");
}

/** Asserts that whoever reads the current build now finds each of its files, as it was written. */
async function expectWhole(): Promise<void> {
  const lake = openLake({ kind: "folder", ...lakeOf() });
  const current = await readCurrent(lake);
  for (const { partitions } of Object.values(current?.tables ?? {})) {
    for (const { key, sha256, bytes } of partitions.flatMap(({ files }) => files)) {
      const found = await lake.get(key);
      expect({ key, sha256: sha256Hex(found), bytes: found.byteLength }).toEqual({ key, sha256, bytes });
    }
  }
}

test(
  `an export that is killed ${kills} times leaves a whole build each time, and ends with what the database has`,
  async () => {
    const first = await startBarline(variables(), dataDir);
    await backfillByApi(first.url, range.from, range.to);
    await first.untilIdle();
    await first.end("SIGTERM");
    for (let turn = 0; turn < kills; turn += 1) {
      await liveAndDie(turn);
      await expectWhole();
    }
    const last = await startBarline(variables(), dataDir);
    const sql = await openWarehouse(dataDir);
    await settle(sql, 60_000);
    const { tables } = await expectSameRows(sql, lakeOf());
    const partitions = tables.fct_polygon__stock_bars_performance?.partitions ?? [];
    expect(partitions.map(({ year }) => year)).toEqual([2018, 2019]);
    await sql.end();
    await last.end("SIGTERM");
    expect(await orphans()).toEqual([]);
  },
  120_000 + kills * 20_000,
);

/** Files that no list names. */
async function orphans(): Promise<string[]> {
  const lake = openLake({ kind: "folder", ...lakeOf() });
  const said = JSON.stringify([
    await readCurrent(lake),
    JSON.parse(new TextDecoder().decode(await lake.get("marts/_retired.json"))),
  ]);
  const found: string[] = [];
  for await (const { key } of lake.list("marts/")) if (key.endsWith(".parquet") && !said.includes(key)) found.push(key);
  return found;
}
