import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { selectEventsOfRun } from "../../../db/queries/pipeline/read-events.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addPipelineSample } from "../sample.ts";

const manifests = "s3://test/manifests";
const pathOf = (name: string) => `/datasets/${encodeURIComponent(name)}`;

let dashboard: Dashboard;
let runs: Awaited<ReturnType<typeof addPipelineSample>>;
beforeAll(async () => {
  dashboard = await openDashboard();
  runs = await addPipelineSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());

const text = async (path: string) => (await dashboard.app.request(path)).text();
const eventIds = (page: string) => [...page.matchAll(/<tr id="event-(\d+)"/g)].map(([, id]) => Number(id));

describe("the list of datasets", () => {
  test("names who records and who reads each, and what waits", async () => {
    const page = await text("/datasets");
    expect(page).toContain(`href="${pathOf(manifests)}"`);
    expect(page).toContain(`href="/jobs/${jobIds.load}"`);
    expect(page).toMatch(/1 event waits, for/);
  });

  test("keeps one that no job declares any more, as long as it has events", async () => {
    const fresh = await openDashboard();
    await addPipelineSample(fresh.sql);
    await fresh.sql`update barline.dataset_events set dataset = 's3://old/<b>bucket' where dataset = ${manifests}`;
    const page = await (await fresh.app.request("/datasets")).text();
    expect(page).toContain("s3://<wbr/>old/<wbr/>&lt;b&gt;bucket");
    expect((await fresh.app.request(pathOf("s3://old/<b>bucket"))).status).toBe(200);
    await fresh.close();
  });
});

describe("a dataset's page", () => {
  test("lists its events, newest first, with the runs that recorded and claimed each", async () => {
    const page = await text(pathOf(manifests));
    const ids = eventIds(page);
    expect(ids.length).toBe(3);
    expect(ids).toEqual(ids.toSorted((a, b) => b - a));
    expect(page).toContain(`<a href="/runs/${runs.published}">run ${runs.published}</a> of Ingest`);
    expect(page).toContain(`<a href="/runs/${runs.load}">run ${runs.load}</a> of Load`);
    expect(page).toMatch(/claimed after \d+/);
    expect(page).toContain("waits for Load");
  });

  test("goes on where the page before ended", async () => {
    const [first, second, third] = eventIds(await text(pathOf(manifests)));
    expect(eventIds(await text(`${pathOf(manifests)}?before=${first}`))).toEqual([second ?? 0, third ?? 0]);
    const last = await text(`${pathOf(manifests)}?before=${third}`);
    expect(eventIds(last)).toEqual([]);
    expect(last).toContain("No older ones.");
    expect(last).toContain(`href="${pathOf(manifests)}"`);
  });

  test("is cut into pages, each linking to the next", async () => {
    const fresh = await openDashboard();
    await addPipelineSample(fresh.sql);
    await fresh.sql`
      insert into barline.dataset_events (dataset, run_id, task_id)
      select dataset, run_id, task_id from barline.dataset_events, generate_series(1, 30) where dataset = ${manifests}`;
    const seen: number[] = [];
    for (let path: string | undefined = pathOf(manifests); path !== undefined; ) {
      const page = await (await fresh.app.request(path)).text();
      seen.push(...eventIds(page));
      path = /href="([^"]+\?before=\d+)"/.exec(page)?.[1];
    }
    expect(seen.length).toBe(93);
    expect(new Set(seen).size).toBe(93);
    await fresh.close();
  });

  test("refreshes as a fragment", async () => {
    const part = await (await dashboard.fragment(pathOf(manifests), "div#dataset")).text();
    expect(part.startsWith('<div id="dataset"')).toBe(true);
    expect(part).not.toContain("<html");
  });

  test("shows what a hostile hand wrote as text", async () => {
    for (const path of [pathOf(manifests), "/events/1"]) {
      const page = await text(path);
      expect(page).toContain("&lt;script&gt;alert");
      expect(page).not.toMatch(/<script>|<img|onerror='y'/);
    }
  });

  test.each([pathOf("s3://none"), "/events/999", "/events/x", "/events/0"])("%s is not found", async (path) => {
    expect((await dashboard.app.request(path)).status).toBe(404);
  });
});

describe("an event's page", () => {
  test("tells whence it came, who claimed it, and all that it says", async () => {
    const page = await text("/events/1");
    expect(page).toContain(`href="${pathOf(manifests)}"`);
    expect(page).toContain(`<a href="/runs/${runs.published}">run ${runs.published}</a>`);
    expect(page).toContain("task fetch");
    expect(page).toContain(`<a href="/runs/${runs.load}">run ${runs.load}</a> of Load`);
  });
});

describe("the events of a run", () => {
  test("are those that it claimed and those that it recorded, with every run that they woke and who waits", async () => {
    const { claimed, produced, claimedAll, producedAll } = await selectEventsOfRun(dashboard.sql, runs.load, 100);
    expect([claimedAll, producedAll]).toEqual([1, 1]);
    expect(claimed).toMatchObject([
      { dataset: manifests, producer: { runId: runs.published, jobId: jobIds.ingest, task: "fetch" }, waitingFor: [] },
    ]);
    expect(produced).toMatchObject([
      { claims: [{ jobId: jobIds.transform, runId: runs.transform, state: "success", claimedAt: expect.any(Date) }] },
    ]);
    const { produced: unclaimed } = await selectEventsOfRun(dashboard.sql, runs.fetched, null);
    expect(unclaimed).toMatchObject([{ claims: [], waitingFor: [jobIds.load] }]);
  });

  test("are counted also beyond the limit", async () => {
    const { sql } = dashboard;
    await sql`
      insert into barline.dataset_events (dataset, run_id, task_id)
      select 's3://many', run_id, task_id from barline.dataset_events, generate_series(1, 20) where run_id = ${runs.loaded}`;
    const { produced, producedAll } = await selectEventsOfRun(sql, runs.loaded, 5);
    expect([produced.length, producedAll]).toEqual([5, 21]);
  });
});
