import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
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
import { backfillByApi, fetchingFrom, openWarehouse, refusedStart, spawnBarline } from "./support.ts";

let market: FaultyMarket;
let barline: BarlineProcess;
const demo = openMarket();

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  barline = await startBarline(fetchingFrom(market));
});

afterAll(async () => {
  await barline.stop();
  await market.stop();
});

/** Where any user may run the database server. */
async function newFolder(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), "barline-start-"));
  await chmod(dataDir, 0o755);
  return dataDir;
}

const hasServer = (dataDir: string) => existsSync(join(dataDir, "postgres", "postmaster.pid"));

test.each([
  ["PORT", "http"],
  ["UNIVERSE", "aapl"],
  ["POLYGON_CALLS_PER_MINUTE", "-5"],
  ["START_DATE", "2018-02-30"],
  ["CATCHUP", "some"],
  ["POLYGON_API_KYE", "x"],
])("%s=%s ends the process with code 2 and names the variable", async (name, value) => {
  const { code, output } = await refusedStart("/nonexistent", { [name]: value });
  expect(code).toBe(2);
  expect(output).toStartWith(name);
});

test("the connection string is readable by its owner only", async () => {
  const { mode } = await stat(join(barline.dataDir, "postgres.url"));
  expect(mode & 0o777).toBe(0o600);
});

test("a port that is taken ends the process with code 1, names it, and leaves no server behind", async () => {
  const dataDir = await newFolder();
  const { port } = new URL(barline.url);
  const { code, output } = await refusedStart(dataDir, { ...fetchingFrom(market), PORT: port });
  expect(code).toBe(1);
  expect(output).toContain(`Port ${port} on 127.0.0.1 is in use`);
  expect(hasServer(dataDir)).toBe(false);
  await rm(dataDir, { recursive: true });
});

test("a signal while it starts stops it with code 0 and leaves no server behind", async () => {
  const dataDir = await newFolder();
  const { process: child } = spawnBarline(dataDir, fetchingFrom(market));
  await until("the server is starting", () => hasServer(dataDir), 30_000);
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
  expect(hasServer(dataDir)).toBe(false);
  await rm(dataDir, { recursive: true });
});

test("SIGTERM and SIGINT end it in the middle of its work with code 0, and the next start goes on", async () => {
  market.hold(6);
  await backfillByApi(barline.url, season.from, season.to);
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    const calls = market.countOf("grouped");
    market.release(6);
    await until("it is at work", () => market.countOf("grouped") >= calls + 6);
    // The answers that it waits for never come: it has to let go of them. Each part has seconds for tenths of one.
    const { code, ms } = await barline.end(signal);
    expect(code).toBe(0);
    expect(barline.output()).not.toContain("did not stop in time");
    process.stderr.write(`${signal} ended it after ${Math.round(ms)} ms\n`);
    barline = await startBarline(fetchingFrom(market), barline.dataDir);
  }
  market.release();
  const sql = await openWarehouse(barline.dataDir);
  await settle(sql);
  await expectCleanState(sql);
  const bars = barsBetween(demo, season.from, season.to);
  await expectRawBars(sql, bars);
  await expectFact(sql, bars, demo);
  await sql.end();
});
