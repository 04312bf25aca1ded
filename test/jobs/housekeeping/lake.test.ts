import { afterAll, afterEach, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import pino from "pino";
import type { RetentionDays } from "../../../db/queries/operations/housekeeping.ts";
import { createHousekeeping } from "../../../jobs/housekeeping/housekeeping.ts";
import { readManifest, writeManifest } from "../../../jobs/lake/manifest.ts";
import { RequestError } from "../../../jobs/orchestrator/types.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { type FaultyMarket, startFaultyMarket } from "../../support/faulty-market.ts";
import { runsOf, startTestPipeline, type TestPipeline } from "../../support/pipeline.ts";
import { until } from "../../support/until.ts";
import { expectCleanState, marketSize, warehouseDigest } from "../../support/warehouse.ts";

setDefaultTimeout(60_000);
const tuesday = "2018-09-04";
const somebody = { name: "Ada", via: "api" } as const;
let market: FaultyMarket;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
}, 60_000);
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  market.revise = undefined;
});
afterAll(() => market.stop());

/** The real pipeline with one session in the warehouse, and `landings` of it, each a correction of the one before. */
async function startWith(landings: number): Promise<TestPipeline> {
  const pipeline = await startTestPipeline({ market, settings: { startDate: tuesday } });
  closers.push(pipeline.close);
  for (let landing = 1; landing <= landings; landing += 1) await land(pipeline, landing);
  return pipeline;
}

/** Lands the session once more, with a volume of its own. */
async function land(pipeline: TestPipeline, volume: number): Promise<void> {
  market.revise = (rows) => rows.map((row) => (row.T === "ALGA" ? { ...row, v: volume } : row));
  await pipeline.createRun(jobIds.ingest, { session: tuesday });
  await pipeline.settle();
}

/** Housekeeping more than a year later, with some days set. */
async function keepHouse(pipeline: TestPipeline, days: Partial<RetentionDays>) {
  const now = () => new Date(Date.now() + 400 * 86_400_000);
  const options = { sql: pipeline.sql, lake: pipeline.lake, log: pino({ level: "silent" }), now };
  const housekeeping = createHousekeeping(options);
  await housekeeping.changeRetention(days, somebody);
  return housekeeping;
}

const keysOf = async (pipeline: TestPipeline, prefix: string) =>
  (await Array.fromAsync(pipeline.lake.list(prefix))).map(({ key }) => key);
const rawKeys = (pipeline: TestPipeline) => keysOf(pipeline, "raw/stocks/daily/");
const manifests = (pipeline: TestPipeline) => keysOf(pipeline, "manifests/");

const volume = async ({ sql }: TestPipeline) => {
  const [row] = await sql<{ volume: number }[]>`
    select volume::float8 as volume from public.source_polygon_stock_bars_daily where ticker = 'ALGA'`;
  return row?.volume;
};

const cleaned = async (pipeline: TestPipeline): Promise<Record<string, number>> => {
  const [row] = await pipeline.sql<{ counts: Record<string, number>; error: string | null }[]>`
    select removed -> 'counts' as counts, error from barline.housekeeping_runs order by id desc limit 1`;
  expect(row?.error).toBeNull();
  return row?.counts ?? {};
};

test("raw answers stay, however old, until somebody says otherwise", async () => {
  const pipeline = await startWith(2);
  const housekeeping = await keepHouse(pipeline, {});
  expect((await housekeeping.preview({ withNewest: true })).counts).toMatchObject({ lakeObjects: 0, lakeBytes: 0 });
  await housekeeping.runIfDue();
  expect(await rawKeys(pipeline)).toHaveLength(2);
  expect(await manifests(pipeline)).toHaveLength(2);
});

test("of several landings of a session the newest stays; the warehouse is as it was", async () => {
  const pipeline = await startWith(2);
  const [first, second] = await runsOf(pipeline.sql, jobIds.ingest);
  const digest = await warehouseDigest(pipeline.sql);
  const housekeeping = await keepHouse(pipeline, { lakeDays: 30 });
  const { counts } = await housekeeping.preview();
  expect(counts.lakeObjects).toBe(1);
  await housekeeping.runIfDue();
  expect(await cleaned(pipeline)).toMatchObject({ lakeObjects: 1, lakeBytes: counts.lakeBytes });
  expect(await rawKeys(pipeline)).toHaveLength(1);
  expect(await manifests(pipeline)).toEqual([String(second?.summary?.manifest)]);
  const [marked, kept] = await runsOf(pipeline.sql, jobIds.ingest);
  expect(marked).toMatchObject({ id: first?.id, summary: { rawRemoved: expect.any(String) } });
  expect(kept?.summary).not.toHaveProperty("rawRemoved");
  expect(await warehouseDigest(pipeline.sql)).toBe(digest);
  expect((await housekeeping.preview()).counts.lakeObjects).toBe(0);
});

test("an answer that came twice is one object, which stays with the landing that stays", async () => {
  const pipeline = await startWith(2);
  const [first, second] = (await runsOf(pipeline.sql, jobIds.ingest)).map((run) => String(run.summary?.manifest));
  // As if the second answer had been the first again: equal bytes lie under one key.
  const { objects } = await readManifest(pipeline.lake, first ?? "");
  await writeManifest(pipeline.lake, { ...(await readManifest(pipeline.lake, second ?? "")), objects });
  const housekeeping = await keepHouse(pipeline, { lakeDays: 30 });
  await housekeeping.runIfDue();
  expect(await pipeline.lake.head(objects[0]?.key ?? "")).toBeDefined();
  expect(await manifests(pipeline)).toEqual([second ?? ""]);
  expect(await cleaned(pipeline)).toMatchObject({ lakeObjects: 0 });
});

test("the newest landing goes only where somebody asks for it; bars and models stay", async () => {
  const pipeline = await startWith(1);
  const digest = await warehouseDigest(pipeline.sql);
  const housekeeping = await keepHouse(pipeline, { lakeDays: 30 });
  await housekeeping.runIfDue();
  expect(await rawKeys(pipeline)).toHaveLength(1);
  expect((await housekeeping.preview({ withNewest: true })).counts.lakeObjects).toBe(1);
  await housekeeping.begin({ withNewest: true }, somebody);
  await until("it has ended", async () => {
    const open = await pipeline.sql`select from barline.housekeeping_runs where finished_at is null`;
    return open.length === 0;
  });
  expect(await rawKeys(pipeline)).toEqual([]);
  expect(await manifests(pipeline)).toEqual([]);
  expect(await warehouseDigest(pipeline.sql)).toBe(digest);
});

test("a failed load that is retried after a year of housekeeping does not bring back what was corrected", async () => {
  const pipeline = await startWith(0);
  await pipeline.orchestrator.setPaused(jobIds.load, true);
  await pipeline.createRun(jobIds.ingest, { session: tuesday });
  await until("it has landed", async () => (await runsOf(pipeline.sql, jobIds.ingest))[0]?.state === "success");
  const [key = ""] = await rawKeys(pipeline);
  const bytes = await pipeline.lake.get(key);
  await pipeline.lake.delete(key);
  await pipeline.orchestrator.setPaused(jobIds.load, false);
  await until("the load has failed", async () => (await runsOf(pipeline.sql, jobIds.load))[0]?.state === "failed");
  await land(pipeline, 4321);

  const housekeeping = await keepHouse(pipeline, { eventsDays: 30, lakeDays: 30 });
  await housekeeping.begin({ withNewest: true }, somebody);
  await until("it has ended", async () => {
    const open = await pipeline.sql`select from barline.housekeeping_runs where finished_at is null`;
    return open.length === 0;
  });
  expect(await manifests(pipeline)).toHaveLength(2);

  await pipeline.lake.put(key, bytes);
  const failed = (await runsOf(pipeline.sql, jobIds.load)).find((run) => run.state === "failed");
  await pipeline.orchestrator.retryRun(failed?.id ?? 0);
  await pipeline.settle();
  expect(await volume(pipeline)).toBe(4321);
  await expectCleanState(pipeline.sql);
});

test("an old load whose events went cannot be cleared: it would overwrite what came later", async () => {
  const pipeline = await startWith(2);
  const [first, second] = await runsOf(pipeline.sql, jobIds.load);
  const housekeeping = await keepHouse(pipeline, { eventsDays: 30 });
  await housekeeping.runIfDue();
  const left = await pipeline.sql<{ id: number }[]>`
    select run_id as id from barline.event_claims where job_id = ${jobIds.load}`;
  expect([...left]).toEqual([{ id: second?.id ?? 0 }]);
  const tasks = await pipeline.sql<{ id: number }[]>`
    select id from barline.tasks where run_id = ${first?.id ?? 0}::bigint order by step`;
  expect(tasks.length).toBeGreaterThan(2);
  for (const { id } of tasks) {
    const cleared = pipeline.orchestrator.clearTask(id);
    expect(cleared).rejects.toBeInstanceOf(RequestError);
    await cleared.catch(() => {});
  }
  expect(await volume(pipeline)).toBe(2);
});
