import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool } from "../../db/client.ts";
import { startEmbeddedPostgres } from "../../db/embedded.ts";
import { migrateDatabase } from "../../db/migrate.ts";
import { folderError } from "../../jobs/lake/folder-errors.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { startGateway } from "../support/gateway.ts";
import { runsOf, startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { type S3Server, startS3 } from "../support/s3.ts";
import { endWithThisProcess } from "../support/server-guard.ts";
import { until } from "../support/until.ts";
import {
  barsBetween,
  expectCleanState,
  expectFact,
  expectRawBars,
  marketSize,
  openMarket,
} from "../support/warehouse.ts";

/** What the pipeline stands on goes away in the middle of the work, and comes back. */

const month = { from: "2018-09-04", to: "2018-09-28" } as const;
const demo = openMarket();
const bars = barsBetween(demo, month.from, month.to);
let market: FaultyMarket;
const closers: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  market.release();
  market.calls.length = 0;
});

afterAll(() => market.stop());

async function start(options: Partial<Parameters<typeof startTestPipeline>[0]> = {}): Promise<TestPipeline> {
  const pipeline = await startTestPipeline({ market, settings: { startDate: month.from }, ...options });
  closers.push(pipeline.close);
  return pipeline;
}

const lakeOn = ({ region, accessKeyId, secretAccessKey }: S3Server, endpoint: string) => ({
  ...{ kind: "s3" as const, bucket: "bars", endpoint, region, accessKeyId, secretAccessKey },
});

/** Holds the market's answers after some of them, so that the outage finds some sessions fetched and others not. */
const holdAfterSome = () => market.hold(6);

/** Some have been answered, and the next wait for their answer until `market.release`. */
const atWork = () => until("some sessions are fetched", () => market.countOf("grouped") > 6);

/** Waits until a task was put off because of an outage that its error names. */
const putOff = (pipeline: TestPipeline, words: string) =>
  until(`a task waits: ${words}`, async () => {
    const rows = await pipeline.sql`
      select 1 from barline.tries where state = 'retry' and error ->> 'message' like ${`%${words}%`}::text`;
    return rows.length > 0;
  });

async function endsWhole(pipeline: TestPipeline): Promise<void> {
  await pipeline.settle();
  await expectCleanState(pipeline.sql);
  await expectRawBars(pipeline.sql, bars);
  await expectFact(pipeline.sql, bars, demo);
}

test("a lake server that goes away is waited for, with a line that says so", async () => {
  const s3 = await startS3();
  closers.push(s3.stop);
  const gateway = await startGateway(Number(new URL(s3.endpoint).port));
  closers.push(gateway.stop);
  const pipeline = await start({ lake: lakeOn(s3, `http://127.0.0.1:${gateway.port}`) });
  holdAfterSome();
  await pipeline.backfill(month.from, month.to);
  await atWork();
  await gateway.close();
  market.release();
  await putOff(pipeline, "s3");
  await gateway.open();
  await endsWhole(pipeline);
  expect(pipeline.log.some((line) => line.level === "warn" && line.msg === "task will be tried again")).toBe(true);
});

test("a bucket that somebody deletes is made again, and what was lost with it says how to get it back", async () => {
  const s3 = await startS3();
  closers.push(s3.stop);
  const pipeline = await start({ lake: lakeOn(s3, s3.endpoint) });
  await s3.loseBucket("bars");
  await pipeline.orchestrator.setPaused(jobIds.load, true);
  await pipeline.backfill(month.from, month.to);
  await until("all sessions have landed", async () => {
    const runs = await runsOf(pipeline.sql, jobIds.ingest);
    return runs.every((run) => run.state === "success");
  });
  await s3.loseBucket("bars");
  await pipeline.orchestrator.setPaused(jobIds.load, false);
  await putOff(pipeline, "bucket");
  await pipeline.backfill(month.from, month.to, { reprocess: "all" });
  await pipeline.settle();
  const [lost] = await runsOf(pipeline.sql, jobIds.load);
  expect(lost?.state).toBe("failed");
  expect(lost?.error?.advice).toContain("backfill that reprocesses all");
  await expectRawBars(pipeline.sql, bars);
});

test("a full disk is waited for, however long, and uses up no tries", async () => {
  let full = false;
  let refused = 0;
  const pipeline = await start({
    wrapLake: (lake) => ({
      ...lake,
      async put(key, bytes, options) {
        if (!full) return await lake.put(key, bytes, options);
        refused += 1;
        throw folderError(Object.assign(new Error("write"), { code: "ENOSPC" }), `write ${key}`);
      },
    }),
  });
  holdAfterSome();
  await pipeline.backfill(month.from, month.to);
  await atWork();
  full = true;
  market.release();
  await putOff(pipeline, "the disk is full");
  await until("more tries than a task has", () => refused > 20, 30_000);
  full = false;
  await endsWhole(pipeline);
});

test("a database server that is stopped and started again in the middle of the work is waited for", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "barline-outage-"));
  await chmod(dataDir, 0o755);
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  endWithThisProcess(dataDir);
  let server = await startEmbeddedPostgres({ dataDir, settings: { fsync: "off" } });
  closers.push(() => server.stop());
  await migrateDatabase(server.url);
  const sql = openPool(server.url, "work");
  closers.push(() => sql.end());
  const pipeline = await start({ database: { url: server.url, sql } });
  holdAfterSome();
  await pipeline.backfill(month.from, month.to);
  await atWork();
  await server.stop();
  market.release();
  await until("the log says that the database is away", () =>
    pipeline.log.some((line) => line.msg === "the database does not answer; work waits for it"),
  );
  server = await startEmbeddedPostgres({ dataDir, settings: { fsync: "off", port: new URL(server.url).port } });
  await endsWhole(pipeline);
  expect(pipeline.log.some((line) => line.msg === "the database answers again")).toBe(true);
});
