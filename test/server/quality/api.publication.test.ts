import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPool, type Sql } from "../../../db/client.ts";
import { insertModelResults, insertTestResults } from "../../../db/queries/quality/transform.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import type { Transform } from "../../../jobs/transform/transform.ts";
import { createAssetRoutes, createDashboardRoutes } from "../../../server/pages.ts";
import { openTransform, warehouseDir } from "../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";
import { fakeJobs, fakePipeline } from "../fake-pipeline.ts";
import { createTestApp, type TestApp } from "../support.ts";

/** What readers of pages and API see while builds run, of which some fail their tests. */

const tickers = ["AAA", "BBB", "CCC"];
const sessions = ["2026-02-24", "2026-02-25", "2026-02-26", "2026-02-27"];
let database: TestDatabase;
let reader: Sql;
let transform: Transform;
let app: TestApp;
let folder: string;

beforeAll(async () => {
  database = await createTestDatabase();
  reader = openPool(database.url, "read", { max: 4 });
  folder = mkdtempSync(join(tmpdir(), "barline-publish-"));
  cpSync(warehouseDir, folder, { recursive: true });
  mkdirSync(join(folder, "tests"), { recursive: true });
  writeFileSync(
    join(folder, "tests/no_price_of_13.sql"),
    "select * from {{ ref('fct_polygon__stock_bars_performance') }} where close_price = 13",
  );
  transform = openTransform(database.sql, { projectDir: folder });
  const { pipeline } = fakePipeline(fakeJobs("2026-02-24", "2026-02-27"));
  const assets = await createAssetRoutes();
  app = createTestApp({ read: reader, pipeline, dashboard: createDashboardRoutes, assets });
}, 60_000);
afterAll(async () => {
  await reader.end();
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Every price of every session is the revision. */
async function restate(revision: number): Promise<void> {
  await database.sql`
    insert into source_polygon_stock_bars_daily (ticker, trade_date, open, high, low, close, volume, inserted_at)
    select ticker, trade_date::date, ${revision}, ${revision}, ${revision}, ${revision}, 100, clock_timestamp()
    from unnest(${tickers}::text[]) as ticker, unnest(${sessions}::text[]) as trade_date
    on conflict (ticker, trade_date) do update
    set open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close, inserted_at = excluded.inserted_at`;
}

/** A build as the job makes it: its run ends as the build does. */
async function build(fullRefresh: boolean): Promise<boolean> {
  const { sql } = database;
  const [run] = await sql<{ id: number }[]>`
    insert into barline.runs (job_id, state, trigger) values (${jobIds.transform}, 'running', 'manual') returning id`;
  const id = run?.id ?? 0;
  const result = await transform.build({ fullRefresh });
  await sql.begin(async (transaction) => {
    await insertModelResults(transaction, id, result.models);
    await insertTestResults(transaction, id, result.tests);
    await transaction`
      update barline.runs set state = ${result.published ? "success" : "failed"}, finished_at = clock_timestamp()
      where id = ${id}`;
  });
  return result.published;
}

/** The closes that the answer to one request tells of. */
async function closesInApi(): Promise<string> {
  const bars = await (await app.get("/api/bars/BBB")).json();
  return bars.map((bar: { close: number }) => bar.close).join();
}

async function closesOnPage(): Promise<string> {
  const body = await (await app.get("/tickers/BBB")).text();
  const rows = body.split('<table class="sessions">')[1]?.split("</table>")[0]?.split("<tr>").slice(2) ?? [];
  return rows.map((row) => /(?:<td class="number">.*?<\/td>){3}<td class="number">(.*?)<\/td>/.exec(row)?.[1]).join();
}

test("readers of pages and API see all of the old build or all of the new one, and never a bad one", async () => {
  await restate(1);
  expect(await build(true)).toBe(true);
  let isDone = false;
  const seen = { api: new Set<string>(), page: new Set<string>() };
  const read = async (into: Set<string>, ask: () => Promise<string>) => {
    while (!isDone) into.add(await ask());
  };
  const reading = Promise.all([
    read(seen.api, closesInApi),
    read(seen.page, closesOnPage),
    read(seen.page, closesOnPage),
  ]);
  const whole = (price: string) => sessions.map(() => price).join();
  const [onApi, onPage] = [(price: number) => whole(String(price)), (price: number) => whole(price.toFixed(2))];
  // However seldom they come to look, they look between the builds too.
  const isSeen = (price: number) =>
    until(`${price} was seen`, () => seen.api.has(onApi(price)) && seen.page.has(onPage(price)));
  await isSeen(1);
  const published: boolean[] = [];
  for (const [revision, fullRefresh] of [
    [2, false],
    [13, false],
    [3, true],
    [13, true],
    [4, false],
  ] as const) {
    await restate(revision);
    const isPublished = await build(fullRefresh);
    published.push(isPublished);
    if (isPublished) await isSeen(revision);
  }
  isDone = true;
  await reading;
  expect(published).toEqual([true, false, true, false, true]);
  expect([...seen.api]).toEqual([1, 2, 3, 4].map(onApi));
  expect([...seen.page]).toEqual([1, 2, 3, 4].map(onPage));
}, 60_000);

test("after a bad build pages go on with the good one, and lead to the rows that failed", async () => {
  await restate(13);
  expect(await build(false)).toBe(false);
  expect(await closesInApi()).toBe("4,4,4,4");
  const body = await (await app.get("/tickers/BBB")).text();
  expect(body).toContain("The last good build is shown");
  expect(body).toContain('href="/quality/tests/no_price_of_13"');
  const failed = await (await app.get("/quality/tests/no_price_of_13")).text();
  expect(failed).toContain(`href="/tickers/BBB?on=${sessions.at(-1)}">BBB</a>`);
  expect(failed.match(/the raw file/g)?.length).toBe(tickers.length * sessions.length);
  await restate(5);
  expect(await build(false)).toBe(true);
  expect(await (await app.get("/tickers/BBB")).text()).not.toContain("The last good build is shown");
  expect(await closesInApi()).toBe("5,5,5,5");
}, 60_000);
