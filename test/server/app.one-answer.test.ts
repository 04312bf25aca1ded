import { afterEach, expect, test } from "bun:test";
import type { Sql } from "../../db/client.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { createDashboardRoutes } from "../../server/pages.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { addRun, ask } from "./api-support.ts";
import { fakeJobs, fakePipeline } from "./fake-pipeline.ts";
import { addPipelineSample } from "./sample.ts";
import { createTestApp, type TestApp } from "./support.ts";

const { ingest, load } = jobIds;
const [firstSession, lastSession] = ["2020-01-02", "2020-01-09"];

let database: TestDatabase;
afterEach(() => database.drop());

/** Pages and API over one database; the ingest wants each session of the range. */
async function open(catchup: "all" | "latest" = "all"): Promise<{ sql: Sql; app: TestApp }> {
  database = await createTestDatabase();
  const { pipeline } = fakePipeline(fakeJobs(firstSession, lastSession, catchup));
  const environment = { START_DATE: firstSession };
  const app = createTestApp({ read: database.sql, pipeline, dashboard: createDashboardRoutes, environment });
  app.clock.now = new Date("2020-01-10T03:00:00Z");
  return { sql: database.sql, app };
}

const page = async (app: TestApp, path: string) => await (await app.get(path)).text();

/** A second landing of a session's run, which no load has claimed. */
async function landAgain(sql: Sql, runId: number): Promise<void> {
  const [event] = await sql<{ id: number }[]>`
    insert into barline.dataset_events (dataset, run_id, task_id, payload)
    select 's3://test/manifests', run_id, id, '{}' from barline.tasks where run_id = ${runId}
    returning id`;
  await sql`insert into barline.pending_events (job_id, event_id) values (${load}, ${event?.id ?? 0})`;
}

test("the API and the page find the same tickers, in the same order, for whatever is typed", async () => {
  const { sql, app } = await open();
  await sql`
    insert into public.source_polygon_tickers (ticker, name, type, active, inserted_at)
    values ('AAPL', 'Apple Inc.', 'CS', true, now()), ('APLE', 'Apple Hospitality', 'CS', true, now()),
      ('PLX', 'Snapple 100% Juice', 'CS', false, now()), ('KIMpL', 'Kimco Pref', 'PFD', true, now())`;
  for (const query of ["APL", "apple", "100%", "L", "kimpl", "", "none"]) {
    const text = encodeURIComponent(query);
    const { body } = await ask(app, "GET", `/api/tickers?search=${text}`);
    const shown = (await page(app, `/tickers?q=${text}`)).matchAll(/<a class="symbol" href="\/tickers\/(\w+)"/g);
    expect([...shown].map(([, ticker]) => ticker)).toEqual(body.map(({ ticker }: { ticker: string }) => ticker));
  }
  expect((await ask(app, "GET", "/api/tickers?search=APL")).body.map((row: { ticker: string }) => row.ticker)).toEqual([
    "APLE",
    "AAPL",
  ]);
});

test("a session that was landed again is no more published than loaded, wherever it is told", async () => {
  const { sql, app } = await open();
  const sample = await addPipelineSample(sql);
  const calendar = async () => {
    const { body } = await ask(app, "GET", "/api/calendar?year=2020");
    return body.find(({ date }: { date: string }) => date === firstSession);
  };
  const told = async () => ({
    overview: /Published <b>(\d+)<\/b>/.exec(await page(app, "/?year=2020"))?.[1],
    coverage: /(\d+) of 6 settled sessions published/.exec(await page(app, "/quality/coverage?year=2020"))?.[1],
    load: (await calendar()).load,
    transform: (await calendar()).transform,
  });
  expect(await told()).toMatchObject({
    overview: "1",
    coverage: "1",
    load: { state: "success" },
    transform: { state: "success" },
  });

  await landAgain(sql, sample.published);

  expect(await told()).toMatchObject({
    overview: undefined,
    coverage: "0",
    load: { state: "waiting" },
    transform: null,
  });
  // What was published once is seen meanwhile.
  expect(await page(app, "/")).toContain("<dt>Last session published</dt><dd>Thu 2 Jan 2020");
});

test("a failed run that a later one made good is counted as failed neither by the page nor by the API", async () => {
  const { sql, app } = await open();
  await addRun(sql, { jobId: ingest, state: "failed", partition: firstSession });
  const good = await addRun(sql, { jobId: ingest, state: "success", partition: firstSession });
  await sql`insert into barline.run_partitions values (${ingest}, ${firstSession}, ${good})`;
  const failedOf = async () =>
    (await ask(app, "GET", "/api/status")).body.jobs.find(({ id }: { id: string }) => id === ingest).failed;
  expect(await failedOf()).toBe(0);
  const failedOnPage = async () => /<dt>Failed<\/dt><dd>(?:<a [^>]*>)?(\d+)/.exec(await page(app, "/"))?.[1];
  expect(await failedOnPage()).toBe("0");

  const bad = await addRun(sql, { jobId: ingest, state: "failed", partition: "2020-01-03" });
  await sql`insert into barline.run_partitions values (${ingest}, '2020-01-03', ${bad})`;
  expect(await failedOf()).toBe(1);
  expect(await failedOnPage()).toBe("1");
});

test("sessions that catchup passed over are missing on no page", async () => {
  const { sql, app } = await open("latest");
  await sql`insert into barline.jobs (id, schedule_after) values (${ingest}, '2020-01-07')`;
  expect(await page(app, "/?year=2020")).toMatch(/Missing <b>2<\/b>.*Not wanted <b>4<\/b>/s);
  const coverage = await page(app, "/quality/coverage?year=2020");
  expect(coverage.match(/<title>[^<]*missing: wanted, and no run has fetched it/g)).toHaveLength(2);
  expect(coverage.match(/<title>[^<]*not wanted: past what CATCHUP asks for/g)).toHaveLength(4);
});
