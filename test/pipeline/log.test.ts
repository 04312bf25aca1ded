import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { jobIds } from "../../jobs/pipeline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { type LogLine, runsOf, startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import { marketSize } from "../support/warehouse.ts";

setDefaultTimeout(60_000);
let market: FaultyMarket;
let pipeline: TestPipeline;

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  pipeline = await startTestPipeline({ market, settings: { startDate: "2018-09-04" } });
  market.refusal = { status: 404, message: "not here", routes: ["grouped"] };
  const run = await pipeline.createRun(jobIds.ingest, { session: "2018-09-04" });
  await pipeline.settle();
  market.refusal = undefined;
  await pipeline.orchestrator.retryRun(run);
  await pipeline.settle();
  await until("the last end is told", () => lines("run ended").some((line) => line.job === jobIds.transform));
}, 60_000);
afterAll(async () => {
  await pipeline.close();
  await market.stop();
});

const lines = (message: string): LogLine[] => pipeline.log.filter((line) => line.msg === message);

test("every line about a task names its job, run, task and try", async () => {
  const runs = (await runsOf(pipeline.sql)).map(({ id }) => id);
  const told = ["task succeeded", "task failed", "building the whole table"].map(lines);
  for (const list of told) expect(list.length).toBeGreaterThan(0);
  for (const line of told.flat()) {
    expect(Object.values(jobIds)).toContain(line.job as (typeof jobIds)["ingest"]);
    expect(runs).toContain(Number(line.run));
    expect(line.task).toBeNumber();
    expect(line.try).toBeNumber();
  }
  expect(lines("task failed")).toMatchObject([{ level: "error", name: "fetch", batch: 0, try: 1 }]);
});

test("the end of each run is told once, with its state and how long it took", async () => {
  const ended = lines("run ended").map(({ job, state }) => [job, state]);
  expect(ended.toSorted()).toEqual(
    [
      [jobIds.ingest, "failed"],
      [jobIds.ingest, "success"],
      [jobIds.load, "success"],
      [jobIds.transform, "success"],
    ].toSorted(),
  );
  for (const line of lines("run ended")) expect(line.durationMs).toBeGreaterThan(0);
});
