import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Sql } from "../../db/client.ts";
import { openLake } from "../../jobs/lake/open.ts";
import { sessionsBetween } from "../../jobs/market/calendar.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { startBarline } from "../support/barline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { type LakeContents, lakeContents } from "../support/lake.ts";
import { settle } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import { expectCleanState, marketSize, season, warehouseDigest } from "../support/warehouse.ts";
import { backfillByApi, fetchingFrom, openWarehouse, spawnBarline } from "./support.ts";

/** Some in the ordinary run; `bun run test:soak` asks for all. */
const kills = process.env.SOAK ? 120 : 10;
/** Fetching, loading and building a piece takes about as long. */
const longestLifeMs = 1600;
/** Of the processes, how many are killed while they still start. */
const killedAtStart = 0.15;
const sessionsPerPiece = 20;

type End = { digest: string; lake: LakeContents };

let market: FaultyMarket;
const folders: string[] = [];

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  market.faults = { rate: 1, kinds: ["slow"], slowMs: 60, routes: ["grouped"] };
}, 30_000);

afterAll(async () => {
  await market.stop();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "barline-kill-"));
  await chmod(folder, 0o755);
  folders.push(folder);
  return folder;
}

/** From 0 to 1, the same in every run. */
const draw = (what: string, turn: number) => Number(Bun.hash(`${what} ${turn}`) % 10_000n) / 10_000;

/** Lets what is asked for come to its end, and reads what is there then. */
async function finish(dataDir: string, check: (sql: Sql) => Promise<void>): Promise<End> {
  const last = await startBarline(fetchingFrom(market), dataDir);
  const sql = await openWarehouse(dataDir);
  // What no piece happened to take.
  await settle(sql, 120_000);
  await backfillByApi(last.url, season.from, season.to);
  await settle(sql, 120_000);
  await expectCleanState(sql);
  await check(sql);
  const lake = openLake({ kind: "folder", root: join(dataDir, "lake"), bucket: "test" });
  const end = { digest: await warehouseDigest(sql), lake: await lakeContents(lake) };
  await Promise.all([sql.end(), lake.close()]);
  expect(await last.end("SIGTERM")).toMatchObject({ code: 0 });
  return end;
}

/** Asks for a piece of the season again, whatever of it is there. */
async function askForPiece(url: string, turn: number): Promise<void> {
  const sessions = sessionsBetween(season.from, season.to);
  const first = Math.floor(draw("piece", turn) * (sessions.length - sessionsPerPiece));
  const [from = "", to = ""] = [sessions[first], sessions[first + sessionsPerPiece - 1]];
  await backfillByApi(url, from, to, "all");
}

/** Starts the process, gives it work where it has none, and kills it at some instant, or while it waits for the market. */
async function liveAndDie(dataDir: string, turn: number, { amidCalls = false } = {}): Promise<void> {
  if (amidCalls) market.hold();
  const { process: child, output } = spawnBarline(dataDir, fetchingFrom(market));
  const address = /Barline is at (http:\/\/[^"\s]+)/;
  let url = "";
  const isIdle = async () => ((await (await fetch(`${url}/api/status`)).json()) as { idle: boolean }).idle;
  if (amidCalls || draw("start", turn) >= killedAtStart) {
    await until("it is there", () => address.test(output()) || child.exitCode !== null, 45_000);
    url = address.exec(output())?.[1] ?? "";
    if (await isIdle()) await askForPiece(url, turn);
  }
  if (amidCalls) {
    await until("its calls wait for their answers", async () => {
      // What an earlier one left may have been fetched already, and only be loaded.
      if (market.held() === 0 && (await isIdle())) await askForPiece(url, turn);
      return market.held() > 0;
    });
  }
  // The instant is what the test is about, and no wait for anything.
  else await Bun.sleep(draw("life", turn) * longestLifeMs);
  expect(child.exitCode).toBeNull();
  child.kill("SIGKILL");
  await child.exited;
  market.release();
}

/** Asserts what no kill may break: one event for each success that owes one, and no session with two runs at once. */
async function expectExactBookkeeping(sql: Sql): Promise<void> {
  const [events] = await sql<{ owed: number; recorded: number; runs: number }[]>`
    select (select count(*)::int from barline.runs where job_id in ${sql([jobIds.ingest, jobIds.load])}) as owed,
      count(*)::int as recorded, count(distinct run_id)::int as runs
    from barline.dataset_events`;
  expect(events).toEqual({ owed: events?.recorded ?? 0, recorded: events?.owed ?? 0, runs: events?.owed ?? 0 });
  const overlapping = await sql`
    select older.id, newer.id from barline.runs older join barline.runs newer
      on newer.job_id = older.job_id and newer.partition = older.partition and newer.id > older.id
    where newer.created_at < older.finished_at`;
  expect([...overlapping]).toEqual([]);
}

/** Tries that ended with their process, by job. */
async function lossesByJob(sql: Sql): Promise<Record<string, number>> {
  const rows = await sql<{ jobId: string; lost: number }[]>`
    select job_id as "jobId", count(*)::int as lost
    from barline.tries join barline.tasks on tasks.id = tries.task_id where tries.state = 'lost' group by job_id`;
  return Object.fromEntries(rows.map(({ jobId, lost }) => [jobId, lost]));
}

test(
  `a process that is killed ${kills} times ends with the lake, the warehouse and the claims of one that was not`,
  async () => {
    const undisturbed = await finish(await makeFolder(), expectExactBookkeeping);

    const dataDir = await makeFolder();
    for (let turn = 0; turn < kills; turn += 1) await liveAndDie(dataDir, turn);
    // However fast or slow the machine is, one of them strikes a batch.
    await liveAndDie(dataDir, kills, { amidCalls: true });
    const disturbed = await finish(dataDir, async (sql) => {
      await expectExactBookkeeping(sql);
      const losses = await lossesByJob(sql);
      // A harness that only ever kills an idle process would prove nothing.
      const struck = process.env.SOAK ? [jobIds.ingest, jobIds.load, jobIds.transform] : [jobIds.ingest];
      for (const jobId of struck) expect(losses[jobId] ?? 0).toBeGreaterThan(0);
      process.stderr.write(`${kills} kills; tries lost with their process: ${JSON.stringify(losses)}\n`);
    });

    expect(disturbed.lake).toEqual(undisturbed.lake);
    expect(Object.keys(disturbed.lake.sessions)).toEqual(sessionsBetween(season.from, season.to));
    expect(disturbed.digest).toBe(undisturbed.digest);
    expect(disturbed.digest).not.toBe("");
  },
  90_000 + kills * 10_000,
);
