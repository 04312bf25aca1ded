import { afterAll, beforeAll, expect, test } from "bun:test";
import { readManifest, readRaw } from "../../jobs/lake/manifest.ts";
import { isSession, sessionsBetween } from "../../jobs/market/calendar.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { createTestDatabase } from "../support/database.ts";
import { allFaults, type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { runsOf, startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { startS3 } from "../support/s3.ts";
import { until } from "../support/until.ts";
import {
  barsBetween,
  expectCleanState,
  expectFact,
  expectRawBars,
  marketSize,
  openMarket,
  season,
  warehouseDigest,
} from "../support/warehouse.ts";

/** However the sessions get there, the warehouse ends with the same content. */

const market = openMarket();
const bars = barsBetween(market, season.from, season.to);
const sessions = sessionsBetween(season.from, season.to);
let reference: TestPipeline;
let referenceMarket: FaultyMarket;
let digest: string;

beforeAll(async () => {
  referenceMarket = await startFaultyMarket({ tickers: marketSize });
  reference = await startTestPipeline({ market: referenceMarket, settings: { startDate: season.from } });
  const { runs, plan } = await reference.backfill(season.from, season.to);
  expect({ runs, calls: plan.calls, sessions: plan.sessions }).toEqual({ runs: 60, calls: 60, sessions: 60 });
  await reference.settle();
  digest = await warehouseDigest(reference.sql);
});

afterAll(async () => {
  await reference.close();
  await referenceMarket.stop();
});

/** Runs `work` on a pipeline over a market of its own, and asserts that it ended with the reference's warehouse. */
async function endsTheSame(
  work: (pipeline: TestPipeline, served: FaultyMarket) => Promise<void>,
  options: Omit<Parameters<typeof startTestPipeline>[0], "market"> = {},
): Promise<void> {
  const served = await startFaultyMarket({ tickers: marketSize });
  const pipeline = await startTestPipeline({ market: served, settings: { startDate: season.from }, ...options });
  try {
    await work(pipeline, served);
    await pipeline.settle();
    await expectCleanState(pipeline.sql);
    expect(await warehouseDigest(pipeline.sql)).toBe(digest);
  } finally {
    await pipeline.close();
    await served.stop();
  }
}

/** The same order in every run of the tests. */
function shuffled<T>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (Bun.hash(`order ${a}`) < Bun.hash(`order ${b}`) ? -1 : 1));
}

test("a backfill brings exactly what the market serves, to the cent and the share", async () => {
  await expectRawBars(reference.sql, bars);
  await expectCleanState(reference.sql);
});

test("the fact table's adjusted closes, averages and returns are those of an independent calculation", async () => {
  await expectFact(reference.sql, bars, market);
});

test("a backfill calls once for each session, Fridays too, and for no other date", () => {
  const called = referenceMarket.calledSessions();
  expect(called).toEqual(sessions);
  expect(called.filter((date) => new Date(date).getUTCDay() === 5)).toHaveLength(12);
  expect(called.every(isSession)).toBe(true);
});

test("the lake holds each answer byte for byte, as its manifest says", async () => {
  const ingested = await runsOf(reference.sql, jobIds.ingest);
  for (const run of ingested) {
    const manifest = await readManifest(reference.lake, String(run.summary?.manifest));
    const [object] = manifest.objects;
    if (!object) throw new Error(`The manifest of run ${run.id} is empty.`);
    expect(manifest).toMatchObject({ sessions: { from: run.partition, to: run.partition }, strategy: "grouped" });
    // readRaw checks the hashes of the stored and of the answered bytes.
    const raw = await readRaw(reference.lake, object);
    expect(Buffer.compare(raw, referenceMarket.served.get(object.request) ?? new Uint8Array())).toBe(0);
    expect(object.rows).toBe(JSON.parse(new TextDecoder().decode(raw)).results.length);
  }
});

test("one call per ticker ends in the same warehouse, with those that were delisted since", async () => {
  await endsTheSame(async (pipeline, served) => {
    // The names are known from an earlier session.
    await pipeline.createRun(jobIds.ingest, { session: season.to });
    await pipeline.settle();
    const { plan } = await pipeline.backfill(season.from, season.to, { strategy: "per_ticker", reprocess: "all" });
    await pipeline.settle();
    expect(served.countOf("range")).toBe(plan.calls);
    expect(plan.alternative).toEqual({ strategy: "grouped", calls: 60 });
  });
});

test("sessions in random order, by hand and by overlapping backfills, end in the same warehouse", async () => {
  await endsTheSame(async (pipeline) => {
    const [one, two, three] = [shuffled(sessions), sessions[20] ?? "", sessions[40] ?? ""];
    for (const session of one.slice(0, 12)) await pipeline.createRun(jobIds.ingest, { session });
    await pipeline.backfill(three, season.to);
    await pipeline.settle();
    await pipeline.backfill(season.from, two, { reprocess: "all" });
    await pipeline.settle();
    await pipeline.backfill(season.from, season.to);
  });
});

test("two halves with a restart in the middle of the work end in the same warehouse", async () => {
  const database = await createTestDatabase();
  const served = await startFaultyMarket({ tickers: marketSize });
  const given = { market: served, database, settings: { startDate: season.from } };
  const first = await startTestPipeline(given);
  served.hold(10);
  await first.backfill(season.from, season.to);
  await until("some sessions are there and others are not", async () => {
    const ended = (await runsOf(database.sql, jobIds.ingest)).filter((run) => run.state === "success");
    return ended.length === 10;
  });
  await first.stop();
  served.release();
  const left = (await runsOf(database.sql, jobIds.ingest)).filter((run) => run.state !== "success");
  expect(left).not.toHaveLength(0);
  const second = await startTestPipeline({ ...given, lake: first.lakeOptions });
  await second.settle();
  await expectCleanState(database.sql);
  expect(await warehouseDigest(database.sql)).toBe(digest);
  await second.close();
  await served.stop();
  await database.drop();
});

test("a fifth of all answers faulty ends in the same warehouse", async () => {
  await endsTheSame(async (pipeline, served) => {
    served.faults.rate = 0.2;
    await pipeline.backfill(season.from, season.to);
    await pipeline.settle();
    const faulty = new Set(served.calls.map((call) => call.outcome).filter((outcome) => outcome !== "answered"));
    expect(faulty.size).toBeGreaterThanOrEqual(allFaults.length - 1);
  });
});

test("an S3 lake ends in the same warehouse", async () => {
  const s3 = await startS3();
  const { endpoint, region, accessKeyId, secretAccessKey } = s3;
  const lake = { kind: "s3" as const, bucket: "bars", endpoint, region, accessKeyId, secretAccessKey };
  await endsTheSame(async (pipeline) => void (await pipeline.backfill(season.from, season.to)), { lake });
  await s3.stop();
});

test("fetching everything again changes nothing, and marks nothing as new", async () => {
  const marks = () => reference.sql`
    select max(inserted_at) as newest, min(inserted_at) as oldest from public.source_polygon_stock_bars_daily`;
  const before = [...(await marks())];
  await reference.backfill(season.from, season.to, { reprocess: "all" });
  await reference.settle();
  expect([...(await marks())]).toEqual(before);
  expect(await warehouseDigest(reference.sql)).toBe(digest);
});
