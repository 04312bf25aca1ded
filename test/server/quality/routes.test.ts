import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { gapReason } from "../../../server/quality/gaps.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addMarketSample, addPipelineSample, hostile } from "../sample.ts";

const fact = "fct_performance";
let dashboard: Dashboard;

const text = async (path: string) => {
  const response = await dashboard.app.request(path);
  return { status: response.status, body: await response.text() };
};
const page = async (path: string) => (await text(path)).body;
/** What a reader sees of a part of a page, without its tags. */
const words = (body: string) => body.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
const main = (body: string) => body.split("<main")[1] ?? "";
const rowOf = (body: string, name: string) => words(main(body).split(`>${name}`)[1]?.split("</tr>")[0] ?? "");

type Result = { name: string; status: string; failures?: number; sample?: unknown; subject?: string; sql?: string };

/** A transform run that said this of its tests. */
async function addBuild(state: "success" | "failed", results: Result[], model?: { action: string; ms: number }) {
  const { sql } = dashboard;
  const [run] = await sql<{ id: number }[]>`
    insert into barline.runs (job_id, state, trigger, started_at, finished_at)
    values (${jobIds.transform}, ${state}, 'manual', now(), clock_timestamp()) returning id`;
  const id = run?.id ?? 0;
  for (const { name, status, failures = 0, sample, subject = fact, sql: asked } of results) {
    await sql`
      insert into barline.test_results
        (run_id, name, subject, status, severity, failures, sample, compiled_sql, duration_ms)
      values (${id}, ${name}, ${subject}, ${status}, 'error', ${failures},
        ${sample === undefined ? null : sql.json(sample as never)}, ${asked ?? null}, 12)`;
  }
  if (model)
    await sql`
      insert into barline.model_results (run_id, name, materialization, action, rows, duration_ms)
      values (${id}, ${fact}, 'incremental', ${model.action}, 1234, ${model.ms})`;
  return id;
}

beforeAll(async () => {
  dashboard = await openDashboard();
}, openingMs);
afterAll(() => dashboard.close());

describe("the quality pages of a fresh database", () => {
  test("list what the project declares as not run yet, and say that nothing was refused", async () => {
    const body = await page("/quality");
    expect(rowOf(body, "not_null_fct_performance_ticker")).toContain("Not run yet");
    expect(words(body)).toContain("Tests 2 Failed 0");
    expect(words(body)).toContain("no row yet");
    expect(await page("/quality/rejects")).toContain("No row has been refused");
    expect(rowOf(await page("/quality/coverage"), "Thu 2 Jan 2020")).toContain("missing: wanted");
    expect(await page("/quality/lineage")).toContain("Name a ticker and a session");
  });

  test("answer 404 for names that nobody knows, and for a source asked for as a model", async () => {
    const unknown = [
      "tests/x",
      "models/x",
      "sources/x.y",
      `models/${encodeURIComponent("polygon.source_polygon_splits")}`,
    ];
    for (const path of unknown) expect((await text(`/quality/${path}`)).status).toBe(404);
  });
});

describe("the quality pages after some builds", () => {
  let failed = 0;
  beforeAll(async () => {
    const name = "not_null_fct_performance_ticker";
    await addBuild("success", [{ name, status: "pass" }], { action: "created", ms: 900 });
    await addBuild("success", [
      { name, status: "warn", failures: 1 },
      { name: "no_jumps", status: "pass" },
    ]);
    const sample = [{ close: 1.5, trade_date: "2020-01-03", ticker: "AAPL" }, { ticker: hostile }];
    failed = await addBuild(
      "failed",
      [
        { name, status: "fail", failures: 7, sample, sql: "select 1 as asked" },
        { name: "no_jumps", status: "skipped" },
        { name: hostile, status: "pass", subject: hostile },
      ],
      { action: "incremental", ms: 20 },
    );
  });

  test("tell each test's last result and the runs before it in words", async () => {
    const body = await page("/quality");
    const row = rowOf(body, "not_null_fct_performance_ticker");
    expect(row).toMatch(/Failed\s+error\s+7\s+12 ms/);
    expect(body).toContain('aria-label="Last 3 runs, the oldest first: 1 passed, 1 warning, 1 failed"');
    expect(body).toContain('aria-label="Last 3 runs, the oldest first: 1 not run, 1 passed, 1 skipped"');
    expect(words(body)).toContain("Tests 3 Failed 1 Warnings 0 Passed 1 Skipped 1");
    expect(body.indexOf("not_null_fct_performance_ticker")).toBeLessThan(body.indexOf("no_jumps</a>"));
    expect(body).not.toContain(hostile);
  });

  test("filter by what the URL says", async () => {
    const names = async (query: string) =>
      [...main(await page(`/quality?${query}`)).matchAll(/href="\/quality\/tests\/([^"]+)"/g)].map(([, name = ""]) =>
        decodeURIComponent(name.replaceAll("&#39;", "'")),
      );
    expect(await names("status=failed")).toEqual(["not_null_fct_performance_ticker"]);
    expect(await names("status=skipped")).toEqual(["no_jumps"]);
    expect(await names("kind=singular")).toEqual(["no_jumps"]);
    expect(await names(`subject=${encodeURIComponent(hostile)}`)).toEqual([hostile]);
    expect(await page("/quality?status=warned")).toContain("No test is like that.");
    expect((await names("status=constructor")).length).toBe(3);
  });

  test("explain a test, and show the rows that failed it with their tickers", async () => {
    const body = await page("/quality/tests/not_null_fct_performance_ticker");
    expect(body).toContain("Every row of fct_performance has a value in ticker.");
    expect(body).toContain("nothing is published");
    expect(body).toContain("ticker &lt;&gt; &#39;X&#39;");
    expect(body).toContain("select 1 as asked");
    expect(body).toContain('href="/tickers/AAPL?on=2020-01-03">AAPL</a>');
    expect(body).toContain('href="/quality/lineage?ticker=AAPL&amp;date=2020-01-03"');
    expect(body.match(/<th scope="col">(ticker|trade_date|close)</g)).toEqual([
      '<th scope="col">ticker<',
      '<th scope="col">trade_date<',
      '<th scope="col">close<',
    ]);
    expect(body).toContain("The first 2 of them.");
    expect(body.split('id="history"')[1]?.match(/href="\/runs\/\d+"/g)?.length).toBe(3);
    expect(body).not.toContain(hostile);
  });

  test("explain a model: its columns, where they come from, its SQL and its builds", async () => {
    const body = await page(`/quality/models/${fact}`);
    const [, ticker = "", average = ""] = body.split('<tr id="column-');
    expect(ticker).toContain('href="/quality/models/stg_bars"');
    expect(ticker).toContain("Failed");
    expect(average).toContain("calculated here");
    expect(body).toContain("select * from {{ ref(&#39;stg_bars&#39;) }}");
    expect(body).toContain("select * from &quot;public&quot;.&quot;stg_bars&quot;");
    expect(body).toContain('href="/quality/sources/polygon.source_polygon_splits"');
    expect(body).toMatch(/<svg[^>]+role="img"[^>]+aria-label="How long the last 2 builds took, at the most 900 ms/);
    expect(rowOf(body, String(failed)).length).toBeGreaterThan(0);
    expect(words(body)).toMatch(/1,234 20 ms not published/);
    const staging = await page("/quality/models/stg_bars");
    expect(staging).toContain(`href="/quality/models/${fact}"`);
    expect(staging).not.toContain(hostile);
  });

  test("explain a source, and how old it may be", async () => {
    const body = await page("/quality/sources/polygon.source_polygon_stock_bars_daily");
    expect(body).toContain("warns after 1 d");
    expect(body).toContain('href="/quality/models/stg_bars"');
  });

  test("say on every page that shows data which build it is, until one is published again", async () => {
    const told = (body: string) => words(/<div class="banner" role="alert">(.*?)<\/div>/s.exec(body)?.[1] ?? "");
    for (const path of ["/", "/tickers", "/quality", "/quality/coverage"]) {
      const banner = told(await page(path));
      expect(banner).toContain("The last good build is shown");
      expect(banner).toMatch(
        /run \d+ .* Run \d+ .* was not published: not_null_fct_performance_ticker failed \(7 rows\)/,
      );
    }
    // A run that an outage ended says nothing of the data; before it, the build that failed still stands.
    await dashboard.sql`
      insert into barline.runs (job_id, state, trigger, finished_at)
      values (${jobIds.transform}, 'cancelled', 'manual', now())`;
    expect(told(await page("/"))).toContain("The last good build is shown");
    const model = await addBuild("failed", [], { action: "failed", ms: 1 });
    expect(told(await page("/"))).toMatch(new RegExp(`Run ${model} .*the model ${fact} could not be built`));
    const good = await addBuild("success", [{ name: "no_jumps", status: "pass" }]);
    expect(told(await page("/"))).toBe("");
    // Retried after it: the later end counts, whatever the number.
    await dashboard.sql`update barline.runs set finished_at = clock_timestamp() where id = ${failed}`;
    expect(told(await page("/"))).toContain(`run ${good}`);
    await dashboard.sql`update barline.runs set finished_at = now() - interval '1 hour' where id = ${failed}`;
    expect(told(await page("/"))).toBe("");
  });
});

describe("coverage, refused rows and the lake", () => {
  let runs: Awaited<ReturnType<typeof addPipelineSample>>;
  beforeAll(async () => {
    const { sql } = dashboard;
    runs = await addPipelineSample(sql);
    await addMarketSample(sql);
    for (const [id, rows] of [
      [runs.published, 100],
      [runs.loaded, 90],
    ] as const)
      await sql`update barline.runs set summary = ${sql.json({ strategy: "grouped", rows })} where id = ${id}`;
    await sql`
      insert into barline.rejects (run_id, batch, ticker, trade_date, reason, lake_key, row)
      select ${runs.load}, 1, 'AAPL', '2020-01-08', 'close is missing', 'raw/a', '{"T": "AAPL"}' from generate_series(1, 60)`;
  });

  test("count the tickers of each session against the median before, and say why one lacks them", async () => {
    const body = await page("/quality/coverage?year=2020");
    const why = (date: string) => rowOf(`<main${body.split('id="all-sessions"')[1]}`, date);
    expect(words(body)).toContain("1 of 6 settled sessions published");
    expect(why("Thu 2 Jan 2020")).toMatch(/100 – published, run/);
    expect(why("Fri 3 Jan 2020")).toMatch(/90 100 loaded, not published yet, run/);
    expect(why("Mon 6 Jan 2020")).toContain("fetched, not loaded yet");
    expect(why("Tue 7 Jan 2020")).toContain(`its run failed, run ${runs.failed}`);
    expect(why("Wed 8 Jan 2020")).toContain("missing: wanted, and no run has fetched it");
    expect(why("Wed 1 Jan 2020")).toContain("New Year");
    expect(why("Fri 10 Apr 2020")).toContain("Good Friday");
    const unwanted = { date: "2020-01-02", state: "unwanted", runId: null } as const;
    expect(gapReason(unwanted, "2020-01-03")).toBe("not wanted: before START_DATE, 3 Jan 2020");
    expect(gapReason(unwanted, "2020-01-02")).toContain("CATCHUP");
  });

  test("tell which sessions a ticker lacks, and why", async () => {
    const body = (await page("/quality/coverage?ticker=AAPL")).split('id="ticker"')[1] ?? "";
    const gaps = [...body.matchAll(/<th scope="row" class="nowrap">(.*?)<\/th><td>(.*?)<\/td>/g)].map(
      ([, ...gap]) => gap,
    );
    expect(gaps).toEqual([
      ["Thu 9 Jan 2020", "missing: wanted, and no run has fetched it"],
      ["Wed 8 Jan 2020", "its row was refused: close is missing"],
      ["Tue 7 Jan 2020", "its run failed"],
    ]);
    expect(await page(`/quality/coverage?ticker=${encodeURIComponent(hostile)}`)).not.toContain(hostile);
  });

  test("list refused rows by pages, filtered by the URL, each with its raw object", async () => {
    const first = await page("/quality/rejects?ticker=AAPL");
    expect(first.match(/<tr id="reject-/g)?.length).toBe(50);
    expect(first).toContain('href="/lake?key=raw%2Fa"');
    expect(words(first)).toContain("60 close is missing");
    const older = /href="([^"]+)">\s*Older/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect((await page(older)).match(/<tr id="reject-/g)?.length).toBe(10);
    expect(await page("/quality/rejects?session=2020-01-09")).toContain("No refused row is like that.");
    expect(await page("/quality/rejects?session=soon")).toContain("is not a date");
    const evil = await page(`/quality/rejects?reason=${encodeURIComponent(hostile)}`);
    expect(evil.match(/<tr id="reject-/g)?.length).toBe(1);
    expect(evil).not.toContain(hostile);
  });

  test("follow a bar through the tables that are there, though the lake has lost its answer", async () => {
    const body = await page("/quality/lineage?ticker=AAPL&date=2020-01-03");
    const [, close = ""] = body.split('<th scope="row">Close</th>');
    expect(words(close.split("</tr>")[0] ?? "")).toMatch(/– c 404 – – 101/);
    expect(words(body)).toContain(
      "multiplied by 0.25 and the volume divided by it, for the split 4 for 1 of 6 Jan 2020",
    );
    expect(body).toContain('href="/quality/models/fct_polygon__stock_bars_performance#column-return_1d"');
    expect(await page("/quality/lineage?ticker=AAPL&date=2019-05-05")).toContain("No answer and no table has a bar");
    expect(await page("/quality/lineage?ticker=AAPL&date=2020-02-31")).toContain("is not a date");
    expect(await page(`/quality/lineage?date=2020-01-03&ticker=${encodeURIComponent(hostile)}`)).not.toContain(hostile);
  });

  test("answer for an object that is asked for without its key, or is not there", async () => {
    expect((await text("/lake")).status).toBe(422);
    expect((await text("/lake?key=raw/none.json.gz")).status).toBe(404);
  });

  test("are reached from a ticker's sessions, a run's results and the graph", async () => {
    expect(await page("/tickers/AAPL")).toContain('href="/quality/lineage?ticker=AAPL&amp;date=2020-01-06"');
    expect(await page(`/runs/${runs.load}`)).toContain('href="/lake?key=raw%2Fa"');
    expect(await page("/graph")).toContain(`href="/quality/models/${fact}"`);
  });
});
