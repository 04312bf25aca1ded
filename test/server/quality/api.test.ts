import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createAssetRoutes, createDashboardRoutes } from "../../../server/pages.ts";
import { type FaultyMarket, startFaultyMarket, type WireRow } from "../../support/faulty-market.ts";
import { startTestPipeline, type TestPipeline } from "../../support/pipeline.ts";
import { marketSize } from "../../support/warehouse.ts";
import { ask } from "../api-support.ts";
import { listRelation } from "../market/workspace-sample.ts";
import { createTestApp, type TestApp } from "../support.ts";

setDefaultTimeout(60_000);

const ticker = "LYST";
const session = "2018-09-05";
let market: FaultyMarket;
let pipeline: TestPipeline;
let app: TestApp;
/** What the market answered for the session. */
let answered: WireRow | undefined;

beforeAll(async () => {
  market = await startFaultyMarket({ tickers: marketSize });
  market.revise = (rows, { subject }) => {
    if (subject !== session) return rows;
    answered = rows.find((row) => row.T === ticker);
    return [...rows, { T: "ZVZZT", o: 1, h: 1, l: 2, c: 1, v: 5 }];
  };
  pipeline = await startTestPipeline({ market, settings: { startDate: "2018-09-04" } });
  await pipeline.backfill("2018-09-04", "2018-09-06");
  await pipeline.settle();
  const assets = await createAssetRoutes();
  app = createTestApp({
    environment: { START_DATE: "2018-09-04" },
    read: pipeline.sql,
    pipeline,
    dashboard: createDashboardRoutes,
    assets,
  });
}, 120_000);
afterAll(async () => {
  await pipeline.close();
  await market.stop();
});

const text = async (path: string) => (await app.get(path)).text();

describe("GET /api/lineage", () => {
  test("follows a bar from the row that was answered to the one that is published", async () => {
    const { status, body } = await ask(app, "GET", `/api/lineage?ticker=${ticker}&date=${session}`);
    expect(status).toBe(200);
    expect(body.raw.row).toEqual(answered);
    expect(body.raw.key).toStartWith(`raw/stocks/daily/date=${session}/grouped-`);
    expect([body.ingest.state, body.load.state, body.transform.state]).toEqual(["success", "success", "success"]);
    // Every split since, up to today: 3 for 2, and 3 for 1 at the end of 2019.
    expect(body.splits).toEqual([
      { date: "2018-10-26", from: 2, to: 3 },
      { date: "2019-12-31", from: 1, to: 3 },
    ]);
    const [loaded, staging, adjusted, published] = body.relations.map(
      ({ row }: { row: Record<string, string> }) => row,
    );
    expect(Number(loaded.close)).toBe(Number(answered?.c));
    expect(Number(staging.close_price)).toBe(Number(answered?.c));
    expect(Number(adjusted.close_price)).toBeCloseTo((Number(answered?.c) * 2) / 9, 5);
    expect(published.close_price).toBe(adjusted.close_price);
    expect(published.stock_bar_id).toBe(`${ticker}_${session}`);
  });

  test("tells what the people's own models have of the session", async () => {
    const { sql } = pipeline;
    await sql`
      create table public.own_rank as select ${ticker}::text as ticker, ${session}::date as trade_date, 3 as rank, '<b>' as note`;
    const columns = [
      { name: "rank", sqlType: "integer", description: "Of its day" },
      { name: "note", kind: "text" as const },
    ];
    await listRelation(sql, "own_rank", "ticker_session", columns);
    const { body } = await ask(app, "GET", `/api/lineage?ticker=${ticker}&date=${session}`);
    expect(body.workspace).toEqual([{ model: "own_rank", problem: null, values: { rank: 3, note: "<b>" } }]);
    const page = await text(`/quality/lineage?ticker=${ticker}&date=${session}`);
    expect(page).toContain('<a href="/quality/models/own_rank">own_rank</a>');
    expect(page).toContain('<div title="Of its day">');
    expect(page).toContain("<dd>&lt;b&gt;</dd>");
    await sql`delete from barline.workspace_relations`;
  });

  test("says what is wrong with a request, and that nothing is known", async () => {
    expect(await ask(app, "GET", `/api/lineage?ticker=${ticker}&date=soon`)).toMatchObject({
      status: 422,
      body: { error: { field: "date" } },
    });
    expect((await ask(app, "GET", `/api/lineage?ticker=NONE&date=${session}`)).status).toBe(404);
  });

  test("is what the page shows, with links to the raw object and its manifest", async () => {
    const page = await text(`/quality/lineage?ticker=${ticker}&date=${session}`);
    const keys = [...page.matchAll(/href="(\/lake\?key=[^"]+)"/g)].map(([, href = ""]) => href);
    expect(keys).toHaveLength(2);
    const raw = await app.get(keys[0] ?? "");
    expect(raw.headers.get("Content-Type")).toStartWith("text/plain");
    expect(raw.headers.get("X-Content-Type-Options")).toBe("nosniff");
    const { results } = JSON.parse(await raw.text());
    expect(results).toContainEqual(answered);
    expect(JSON.parse(await text(keys[1] ?? ""))).toMatchObject({ sessions: { from: session, to: session } });
    const file = await app.get(`${keys[0]}&download=1`);
    expect(file.headers.get("Content-Disposition")).toMatch(/^attachment; filename="grouped-[0-9a-f]+\.json\.gz"$/);
    expect(JSON.parse(new TextDecoder().decode(Bun.gunzipSync(await file.arrayBuffer()))).results).toEqual(results);
  });

  test("finds the answer that came last, and leaves no way into the lake for other keys", async () => {
    await pipeline.backfill(session, session, { strategy: "per_ticker", reprocess: "all", tickers: [ticker] });
    await pipeline.settle();
    const { body } = await ask(app, "GET", `/api/lineage?ticker=${ticker}&date=${session}`);
    expect(body.raw.key).toStartWith(`raw/stocks/range/date=${session}/ticker=${ticker}/`);
    expect(body.raw.row.c).toBe(Number(answered?.c));
    // Of another ticker the whole market's answer is still the last.
    const { body: other } = await ask(app, "GET", `/api/rejects?ticker=ZVZZT`);
    expect(other[0].lakeKey).toStartWith("raw/stocks/daily/");
    for (const key of ["../postgres.url", "raw/../../postgres.url", "/etc/passwd"])
      expect((await app.get(`/lake?key=${encodeURIComponent(key)}`)).status).toBe(422);
  });
});

describe("GET /api/quality/tests", () => {
  test("answers every test with its last result, filtered by status and subject", async () => {
    const { body } = await ask(app, "GET", "/api/quality/tests");
    const windows = "int_polygon__stock_bars_windows";
    const found = body.find(({ name }: { name: string }) => name === `not_null_${windows}_ticker`);
    expect(found).toMatchObject({ status: "pass", subject: windows, column: "ticker", severity: "error", failures: 0 });
    expect(found.history.at(-1)).toMatchObject({ runId: found.runId, status: "pass" });
    expect((await ask(app, "GET", "/api/quality/tests?status=failed")).body).toEqual([]);
    expect((await ask(app, "GET", "/api/quality/tests?subject=nothing")).body).toEqual([]);
    expect((await ask(app, "GET", "/api/quality/tests?status=bad")).body.error.field).toBe("status");
    const { body: one } = await ask(app, "GET", `/api/quality/tests/${found.name}`);
    expect(one).toMatchObject({ asserts: `Every row of ${windows} has a value in ticker.`, failingRows: null });
    expect(one.sql).toContain("ticker is null");
    expect(one.history.length).toBeGreaterThan(0);
    expect((await ask(app, "GET", "/api/quality/tests/none")).status).toBe(404);
  });
});

describe("GET /api/rejects", () => {
  test("answers refused rows with their reason and raw object, by pages", async () => {
    const { body } = await ask(app, "GET", `/api/rejects?ticker=ZVZZT&session=${session}`);
    expect(body).toMatchObject([{ ticker: "ZVZZT", session, reason: "high is below low", row: { T: "ZVZZT", l: 2 } }]);
    const { id, reason } = body[0];
    expect((await ask(app, "GET", `/api/rejects?before=${id}&ticker=ZVZZT`)).body).toEqual([]);
    expect((await ask(app, "GET", `/api/rejects?reason=${encodeURIComponent(reason)}&limit=1`)).body).toHaveLength(1);
    expect((await ask(app, "GET", "/api/rejects?limit=0")).body.error.field).toBe("limit");
  });
});

describe("the pages of a pipeline that has run", () => {
  test("count the session's tickers, show every model and test, and stay free of errors", async () => {
    const fetched = await pipeline.sql<{ count: number }[]>`
      select count(*)::int as count from source_polygon_stock_bars_daily where trade_date = ${session}`;
    const coverage = await text("/quality/coverage?year=2018");
    expect(coverage).toMatch(/<title>Tue 4 Sep 2018: \d+ tickers<\/title>/);
    // The garbage row is in the answer, and not in the table; the mart of the breadth counts bars.
    const counted = Number(/Wed 5 Sep 2018: (\d+) ticker/.exec(coverage)?.[1] ?? fetched[0]?.count);
    expect(Math.abs(counted - (fetched[0]?.count ?? 0))).toBeLessThanOrEqual(1);
    const { nodes, sources } = await pipeline.project();
    const paths = [
      ...nodes.map(({ name, resourceType }) => `/quality/${resourceType === "test" ? "tests" : "models"}/${name}`),
      ...sources.map(({ name }) => `/quality/sources/${name}`),
    ];
    for (const path of ["/quality", "/quality/rejects", ...paths]) {
      const response = await app.get(path);
      expect({ path, status: response.status }).toEqual({ path, status: 200 });
    }
    expect(app.logged.filter(({ level }) => level === "error")).toEqual([]);
    const last = await pipeline.sql<{ state: string }[]>`
      select state from barline.runs where job_id = ${jobIds.transform} order by id desc limit 1`;
    expect(last[0]?.state).toBe("success");
  });
});
