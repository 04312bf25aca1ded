import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { marketErrorCodes } from "../../jobs/market/failures.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type Dashboard, openDashboard, openingMs } from "./dashboard.ts";
import { addMarketSample, addPipelineSample } from "./sample.ts";

const simulated = "SIMULATED DATA: demo exchange";

describe("pages of a fresh database", () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
  }, openingMs);
  afterAll(() => dashboard.close());

  const paths = [
    "/",
    ...[jobIds.ingest, jobIds.load, jobIds.transform].map((id) => `/jobs/${id}`),
    "/tickers",
    "/tickers?q=nothing",
    "/about",
    "/export",
  ];
  test.each(paths)("%s answers, says that the data is simulated, and runs nothing inline", async (path) => {
    const response = await dashboard.app.request(path);
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(page.startsWith("<!doctype html>")).toBe(true);
    expect(page).toContain(simulated);
    expect(page).not.toMatch(/<script(?![^>]* src=)|\son\w+=|\sstyle=|<style/);
  });

  test.each(["/jobs/none", "/runs/1", "/runs/x", "/backfills/1", "/tickers/NONE"])("%s is not found", async (path) => {
    expect((await dashboard.app.request(path)).status).toBe(404);
  });

  test("every wanted session without a run shows as missing, and holidays as closed", async () => {
    const page = await (await dashboard.app.request("/")).text();
    expect(page).toContain("Thu 2 Jan 2020: missing");
    expect(page).toContain("Wed 1 Jan 2020: closed, New Year");
    expect(page).toContain("Fri 10 Jan 2020: upcoming");
  });
});

describe("with sessions at every stage", () => {
  let dashboard: Dashboard;
  let runs: Awaited<ReturnType<typeof addPipelineSample>>;
  beforeAll(async () => {
    dashboard = await openDashboard();
    runs = await addPipelineSample(dashboard.sql);
    await addMarketSample(dashboard.sql);
  }, openingMs);
  afterAll(() => dashboard.close());

  const text = async (path: string) => (await dashboard.app.request(path)).text();

  test("the calendar follows each session's event to the load and the transform", async () => {
    const page = await text("/");
    expect(page).toContain("Thu 2 Jan 2020: published");
    expect(page).toContain("Fri 3 Jan 2020: loaded");
    expect(page).toContain("Mon 6 Jan 2020: fetched");
    expect(page).toContain("Tue 7 Jan 2020: failed");
    expect(page).toContain(`href="/runs/${runs.failed}"`);
  });

  test("the last published session is the last whose load was transformed", async () => {
    expect(await text("/")).toContain("Thu 2 Jan 2020<small>5 sessions behind 9 Jan 2020");
  });

  test("a run names the runs whose events it claimed and those that it woke", async () => {
    const page = await text(`/runs/${runs.load}`);
    expect(page).toContain(`<a href="/runs/${runs.published}">run ${runs.published}</a>`);
    expect(page).toContain(`<a href="/runs/${runs.transform}">run ${runs.transform}</a>`);
  });

  test("runs filter by state", async () => {
    const page = await text(`/jobs/${jobIds.ingest}?state=failed`);
    expect(page).toContain(`id="run-${runs.failed}"`);
    expect(page).not.toContain(`id="run-${runs.published}"`);
  });

  test("each fragment is the part of the page of that id, alone", async () => {
    const parts: [string, string][] = [
      ["/", "overview"],
      ["/", "coverage-live"],
      [`/jobs/${jobIds.ingest}`, "job-runs"],
      [`/runs/${runs.load}`, "run"],
      ["/tickers", "ticker-results"],
    ];
    for (const [path, id] of parts) {
      const part = await (await dashboard.fragment(path, `div#${id}`)).text();
      expect(part.startsWith(`<div id="${id}"`)).toBe(true);
      expect(part).not.toContain("<html");
    }
  });

  test("what a hostile hand wrote is shown as text, in pages and fragments", async () => {
    const paths: [string, string][] = [
      ["/", "div#overview"],
      [`/jobs/${jobIds.ingest}`, "div#job-runs"],
      [`/runs/${runs.load}`, "div#run"],
      [`/runs/${runs.failed}`, "div#run"],
      [`/runs/${runs.transform}`, "div#run"],
      ["/tickers", "div#ticker-results"],
      ["/tickers?q=%3Cscript%3E", "div#ticker-results"],
      ["/tickers/EVIL", ""],
      ["/about", ""],
    ];
    for (const [path, target] of paths) {
      const bodies = [await text(path), ...(target ? [await (await dashboard.fragment(path, target)).text()] : [])];
      for (const body of bodies) {
        expect(body).toMatch(/&lt;script|&lt;img/);
        // No tag opens, and no quote ends an attribute.
        expect(body).not.toMatch(/<script>|<img|alert\("x"\)|onerror='y'/);
      }
    }
  });

  test("an unknown ticker with markup in it is escaped, and near ones are suggested", async () => {
    const response = await dashboard.app.request("/tickers/%3Cb%3EA");
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain("<b>A");
    const near = await (await dashboard.app.request("/tickers/aap")).text();
    expect(near).toContain('href="/tickers/AAPL"');
  });

  test("search takes the exact symbol first, ignores case, and reads wildcards as text", async () => {
    const symbols = async (query: string) =>
      [...(await text(`/tickers?q=${query}`)).matchAll(/class="symbol" href="\/tickers\/(\w+)"/g)].map(([, it]) => it);
    expect(await symbols("aap")).toEqual(["AAP", "AAPL"]);
    expect(await symbols("kimpl")).toEqual(["KIMpL"]);
    expect(await symbols("100%25")).toEqual(["KIMpL"]);
    expect(await symbols("_AP")).toEqual([]);
  });

  test("a chart's data is adjusted or as traded, with averages in the session's own shares", async () => {
    const bars = async (adjusted: boolean) =>
      (await dashboard.app.request(`/tickers/AAPL/bars.json?adjusted=${adjusted}`)).json();
    expect(await bars(true)).toMatchObject({
      date: ["2020-01-02", "2020-01-03", "2020-01-06"],
      close: [100, 101, 102],
      volume: [400, 400, 400],
      indicators: [{ column: "moving_avg_20d", values: [100, 100, 100] }, {}, {}],
      splits: [{ date: "2020-01-06", from: 1, to: 4 }],
    });
    expect(await bars(false)).toMatchObject({
      close: [400, 404, 102],
      volume: [100, 100, 400],
      indicators: [{ column: "moving_avg_20d", values: [400, 400, 100] }, {}, {}],
    });
  });

  test("a ticker's page draws its prices without a script", async () => {
    const page = await text("/tickers/AAPL?range=1m");
    expect(page).toContain('<svg class="pane-svg price-svg"');
    expect(page).toContain("closes from 100.00 to 102.00");
    expect(page).toContain("4 for 1");
  });
});

describe("a refused API key", () => {
  test("shows on every page until a later run succeeds", async () => {
    const dashboard = await openDashboard({ POLYGON_API_KEY: "wrong" });
    const error = { name: "PermanentError", message: "The market API refused the key (401).", advice: "Set another." };
    const kept = { ...error, code: marketErrorCodes.refusedKey };
    const addRun = (state: string, at: string) => dashboard.sql`
      insert into barline.runs (job_id, state, trigger, error, finished_at)
      values (${jobIds.ingest}, ${state}, 'manual', ${state === "failed" ? dashboard.sql.json(kept) : null}, ${at})`;
    const pages = () =>
      Promise.all(["/", "/tickers", "/about"].map(async (path) => (await dashboard.app.request(path)).text()));
    await addRun("failed", "2020-01-09T00:00Z");
    for (const page of await pages()) {
      expect(page).toContain(error.message);
      expect(page).not.toContain(simulated);
    }
    await addRun("success", "2020-01-09T01:00Z");
    for (const page of (await pages()).slice(1)) expect(page).not.toContain(error.message);
    await dashboard.close();
  });
});
