import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addMarketSample, addPipelineSample } from "../sample.ts";

let dashboard: Dashboard;
let runs: Awaited<ReturnType<typeof addPipelineSample>>;
beforeAll(async () => {
  dashboard = await openDashboard();
  runs = await addPipelineSample(dashboard.sql);
  await addMarketSample(dashboard.sql);
  await dashboard.sql`
    insert into barline.backfills (job_id, from_partition, to_partition, reprocess, plan)
    values ('stocks_polygon_ingest', '2020-01-02', '2020-01-08', 'all', '{}')`;
}, openingMs);
afterAll(() => dashboard.close());

type Hit = { kind: string; label: string; href: string };

/** What the palette shows, in its order. */
async function found(query: string): Promise<Hit[]> {
  const response = await dashboard.fragment(`/search?${new URLSearchParams({ q: query })}`, "div#palette-results");
  const html = await response.text();
  expect(html).toStartWith('<div id="palette-results"');
  const options = html.matchAll(/data-href="([^"]*)"><b>([^<]*)<\/b>.*?<small>(\w+)<\/small>/g);
  return [...options].map(([, href = "", label = "", kind = ""]) => ({ kind, label, href }));
}

const firstOf = async (query: string) => (await found(query))[0];

describe("the palette", () => {
  test.each([
    ["AAP", "Ticker", "AAP", "/tickers/AAP"],
    ["aapl", "Ticker", "AAPL", "/tickers/AAPL"],
    ["backfill", "Page", "Backfills", "/backfills"],
    ["start a b", "Action", "Start a backfill", "/backfills/new"],
    ["stocks_polygon_load", "Job", "Load", "/jobs/stocks_polygon_load"],
    ["moving_avg_20d", "Column", "moving_avg_20d", "/quality/models/fct_performance#column-moving_avg_20d"],
    ["fct_perf", "Model", "fct_performance", "/quality/models/fct_performance"],
    ["no_jumps", "Test", "no_jumps", "/quality/tests/no_jumps"],
  ])("finds by %p first the %s %s", async (query, kind, label, href) => {
    expect(await firstOf(query)).toEqual({ kind, label, href });
  });

  test("finds runs and backfills by their numbers", async () => {
    const run = { kind: "Run", label: `Run ${runs.load}`, href: `/runs/${runs.load}` };
    expect(await found(`run ${runs.load}`)).toContainEqual(run);
    expect(await found(`#${runs.load}`)).toContainEqual(run);
    expect(await found("backfill 1")).toEqual([{ kind: "Backfill", label: "Backfill 1", href: "/backfills/1" }]);
    expect(await found("run 999999")).toEqual([]);
  });

  test("reads patterns as text, and shows what a hostile hand wrote as text", async () => {
    expect((await found("_AP")).map(({ kind }) => kind)).not.toContain("Ticker");
    const html = await (await dashboard.app.request("/search?q=%3Cscript%3E")).text();
    expect(html).toContain("&lt;script&gt;");
    expect(html).not.toContain("<script>");
  });

  test("counts what it found, in a place that is read out", async () => {
    const html = await (await dashboard.fragment("/search?q=zzzz", "div#palette-results")).text();
    expect(html).toMatch(/role="status">Nothing is called “zzzz”/);
    expect(html).toContain('data-query="zzzz"');
  });

  test("lists the shortcuts of the list of pages", async () => {
    const html = await (await dashboard.fragment("/search", "div#shortcut-list")).text();
    expect(html).toMatch(/<kbd>g<\/kbd> <kbd>t<\/kbd>.*?<dd>Tickers<\/dd>/);
  });
});

describe("the page of search", () => {
  test("opens the ticker whose symbol was sent, in its case or alone in another", async () => {
    const sent = async (query: string) => {
      const response = await dashboard.app.request(`/search?go=1&q=${query}`);
      return [response.status, response.headers.get("Location")];
    };
    expect(await sent("AAPL")).toEqual([303, "/tickers/AAPL"]);
    expect(await sent("kimpl")).toEqual([303, "/tickers/KIMpL"]);
    expect(await sent("AAP")).toEqual([303, "/tickers/AAP"]);
    expect(await sent("apple")).toEqual([200, null]);
  });

  test("is a page with links, which an address alone leads to", async () => {
    const page = await (await dashboard.app.request("/search?q=AAPL")).text();
    expect(page).toContain('<a href="/tickers/AAPL">AAPL</a>');
    expect(page).toContain('value="AAPL"');
  });
});
