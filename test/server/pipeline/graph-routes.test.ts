import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { PermanentError } from "../../../jobs/orchestrator/errors.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { readConfig } from "../../../server/config.ts";
import { readGraph } from "../../../server/pipeline/graph-read.ts";
import { type Dashboard, now, openDashboard, openingMs } from "../dashboard.ts";
import { fakeJobs, fakePipeline } from "../fake-pipeline.ts";
import { addPipelineSample } from "../sample.ts";

const { ingest, load, transform } = jobIds;
const manifests = "s3://test/manifests";
const bars = "postgres_dwh://public/source_polygon_stock_bars_daily";

function contextOf({ sql }: Dashboard, models?: () => Promise<never>): Parameters<typeof readGraph>[0] {
  const { pipeline } = fakePipeline(fakeJobs("2020-01-02", "2020-01-09"));
  return {
    config: readConfig({ START_DATE: "2020-01-02" }, now),
    read: sql,
    pipeline: models ? { ...pipeline, models } : pipeline,
    now: () => now,
  };
}

describe("the graph of a fresh database", () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
  }, openingMs);
  afterAll(() => dashboard.close());

  test("has every job, dataset, source and model, and says that nothing ran yet", async () => {
    const { nodes, edges, isWorking } = await readGraph(contextOf(dashboard));
    expect(nodes.map(({ id, state, stateLabel }) => [id, state, stateLabel])).toEqual([
      ["market", "idle", "Not asked yet"],
      [`job:${ingest}`, "idle", "Never run"],
      [`job:${load}`, "idle", "Never run"],
      [`job:${transform}`, "idle", "Never run"],
      [`dataset:${manifests}`, "idle", "No event yet"],
      [`dataset:${bars}`, "idle", "No event yet"],
      ["source:polygon.source_polygon_stock_bars_daily", "idle", "Not tested"],
      ["source:polygon.source_polygon_splits", "idle", "Not tested"],
      ["model:stg_bars", "idle", "Not built yet"],
      ["model:stg_splits", "idle", "Part of others"],
      ["model:fct_performance", "idle", "Not built yet"],
    ]);
    expect(edges.map(({ from, kind, to }) => `${from} ${kind} ${to}`)).toEqual([
      `market fetches job:${ingest}`,
      `job:${ingest} records dataset:${manifests}`,
      `dataset:${manifests} wakes job:${load}`,
      `job:${load} records dataset:${bars}`,
      `dataset:${bars} wakes job:${transform}`,
      `job:${transform} begins source:polygon.source_polygon_stock_bars_daily`,
      `job:${transform} begins source:polygon.source_polygon_splits`,
      "source:polygon.source_polygon_stock_bars_daily reads model:stg_bars",
      "source:polygon.source_polygon_splits reads model:stg_splits",
      "model:stg_bars reads model:fct_performance",
      "model:stg_splits reads model:fct_performance",
    ]);
    expect(isWorking).toBe(false);
  });

  test("leaves the models out where the project cannot be read, and says why", async () => {
    const refuse = () => Promise.reject(new PermanentError("models/a.sql:3 names an <b>unknown</b> model."));
    const { nodes, projectProblem } = await readGraph(contextOf(dashboard, refuse));
    expect(nodes.some(({ kind }) => kind === "model")).toBe(false);
    expect(projectProblem).toContain("models/a.sql:3");
  });

  test("fails where the reading of the project fails for another reason", async () => {
    const fail = () => Promise.reject(new Error("out of memory"));
    expect(readGraph(contextOf(dashboard, fail))).rejects.toThrow("out of memory");
  });
});

describe("the graph of a pipeline at work", () => {
  let dashboard: Dashboard;
  let runs: Awaited<ReturnType<typeof addPipelineSample>>;
  beforeAll(async () => {
    dashboard = await openDashboard();
    runs = await addPipelineSample(dashboard.sql);
    const { sql } = dashboard;
    await sql`
      insert into barline.runs (job_id, state, trigger) values (${ingest}, 'running', 'schedule'), (${ingest}, 'queued', 'schedule')`;
    await sql`update barline.jobs set paused = true where id = ${load}`;
    const results = [
      ["stg_bars", "replaced", 5, null],
      ["fct_performance", "incremental", 5, null],
    ] as const;
    for (const [name, action, rows, error] of results) {
      await sql`
        insert into barline.model_results (run_id, name, materialization, action, rows, duration_ms, error)
        values (${runs.transform}, ${name}, 'view', ${action}, ${rows}, 1, ${error})`;
    }
    // A later build of another job says nothing of these.
    await sql`insert into barline.jobs (id) values (${jobIds.workspace}) on conflict do nothing`;
    await sql`
      with build as (
        insert into barline.runs (job_id, state, trigger) values (${jobIds.workspace}, 'success', 'event') returning id
      )
      insert into barline.model_results (run_id, name, materialization, action, rows, duration_ms)
      select id, 'z_score', 'table', 'created', 1, 1 from build`;
    for (const [name, status] of [
      ["unique", "pass"],
      ["not_null", "warn"],
    ] as const) {
      await sql`
        insert into barline.test_results (run_id, name, subject, status, severity, failures, duration_ms)
        values (${runs.transform}, ${name}, 'fct_performance', ${status}, 'warn', 1, 1)`;
    }
  }, openingMs);
  afterAll(() => dashboard.close());

  const text = async (path: string) => (await dashboard.app.request(path)).text();
  const node = async (id: string) => (await readGraph(contextOf(dashboard))).nodes.find((one) => one.id === id);
  const edge = async (to: string) => (await readGraph(contextOf(dashboard))).edges.find((one) => one.to === to);

  test("tells what a job does, or how its last run ended, and what people set", async () => {
    expect(await node(`job:${ingest}`)).toMatchObject({ state: "running", running: 1, queued: 1, failed: 1 });
    expect(await node(`job:${load}`)).toMatchObject({ state: "success", paused: true, running: 0 });
    expect(await node(`job:${transform}`)).toMatchObject({
      state: "success",
      stateRunId: runs.transform,
      lastSuccess: { runId: runs.transform },
    });
  });

  test("tells how the last build left a model, with its data tests", async () => {
    expect(await node("model:stg_bars")).toMatchObject({ state: "success", stateRunId: runs.transform, tests: null });
    expect(await node("model:fct_performance")).toMatchObject({
      state: "warn",
      tests: { all: 3, passed: 1, warned: 1, failed: 0, skipped: 0 },
      lastSuccess: { runId: runs.transform },
    });
  });

  test("tells on each edge the last event, and what waits", async () => {
    expect(await edge(`dataset:${manifests}`)).toMatchObject({ event: { runId: runs.fetched }, waiting: 0 });
    const waking = await edge(`job:${load}`);
    expect(waking).toMatchObject({ event: { runId: expect.any(Number) }, waiting: 1 });
    expect(waking?.waitingSince).toBeInstanceOf(Date);
    expect(waking?.event?.id).not.toBe((await edge(`dataset:${manifests}`))?.event?.id);
    expect(await node(`dataset:${manifests}`)).toMatchObject({ state: "waiting", waiting: 1, events: 3 });
  });

  test("is drawn for wide and narrow screens, each with title, description and a link for each node and event", async () => {
    const page = await text("/graph");
    for (const name of ["graph-wide", "graph-tall"]) {
      const drawing = page.slice(page.indexOf(`<svg class="graph ${name}"`)).split("</svg>")[0] ?? "";
      expect(drawing).toContain(`<title id="${name}-title">The pipeline as a graph</title>`);
      expect(drawing).toMatch(
        new RegExp(`<desc id="${name}-desc">11 nodes and 11 edges.* Running: Ingest.* Paused: Load.* 2 events waiting`),
      );
      for (const id of [jobIds.ingest, jobIds.load, jobIds.transform]) expect(drawing).toContain(`href="/jobs/${id}"`);
      expect(drawing).toContain(`href="/datasets/${encodeURIComponent(manifests)}"`);
      expect(drawing).toMatch(/href="\/events\/\d+"/);
      expect(drawing).toContain(`href="/runs/${runs.transform}"`);
      expect(drawing).toContain("paused");
      expect(drawing).toContain("1 of 3 tests warned");
    }
    expect(page).not.toMatch(/<script(?![^>]* src=)|\son\w+=|\sstyle=|<style/);
  });

  test("tells links in the order in which data passes through them", async () => {
    const drawing = (await text("/graph")).split('<svg class="graph')[1] ?? "";
    const links = [...drawing.matchAll(/href="\/(?:jobs|datasets)\/([^"]+)"/g)].map(([, name]) => name);
    expect(links).toEqual([ingest, encodeURIComponent(manifests), load, encodeURIComponent(bars), transform]);
  });

  test("is told in tables too", async () => {
    const tables = (await text("/graph")).split('id="graph-tables"')[1] ?? "";
    expect(tables.match(/<tr>/g)?.length).toBe(2 + 11 + 11);
    expect(tables).toContain("1 running · 1 queued · 1 failed");
  });

  test("refreshes as a fragment, faster while something runs", async () => {
    const part = await (await dashboard.fragment("/graph", "div#graph")).text();
    expect(part.startsWith('<div id="graph" hx-get="/graph" hx-trigger="every 2s"')).toBe(true);
    expect(part).not.toContain("<html");
  });
});
