import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addPipelineSample, hostile } from "../sample.ts";

const { ingest, load } = jobIds;
let dashboard: Dashboard;
let failed: number;
let published: number;
let alike: number[];

beforeAll(async () => {
  dashboard = await openDashboard();
  const { sql } = dashboard;
  const sample = await addPipelineSample(sql);
  ({ failed, published } = sample);
  const rows = await sql<{ id: number }[]>`
    insert into barline.runs (job_id, state, trigger, partition, partition_to, error, started_at, finished_at)
    select ${ingest}, 'failed', 'backfill', day, day, (select error from barline.runs where id = ${failed}),
      '2020-01-10T02:00Z', '2020-01-10T02:30Z'
    from unnest(array['2019-12-30', '2019-12-31']) as day
    returning id`;
  alike = rows.map(({ id }) => id);
  await sql`
    insert into barline.run_partitions (job_id, partition, run_id)
    select job_id, partition, id from barline.runs where id = any (${alike})`;
}, openingMs);
afterAll(() => dashboard.close());

const page = async (path: string) => await (await dashboard.app.request(path)).text();
const words = (html: string) => html.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
const runsIn = (html: string) => [...html.matchAll(/<tr id="run-(\d+)"/g)].map(([, id]) => Number(id));
const post = (path: string, fields: [string, string][]) =>
  dashboard.app.request(path, { method: "POST", body: new URLSearchParams(fields) });

describe("the list of runs", () => {
  test("is filtered by its address, and escapes what runs say", async () => {
    const all = await page("/runs");
    expect(all).not.toContain(hostile);
    expect(runsIn(all).length).toBeGreaterThan(5);
    expect(runsIn(await page(`/runs?job=${ingest}&state=failed`))).toEqual(
      [...alike, failed].toSorted((a, b) => b - a),
    );
    expect(runsIn(await page(`/runs?job=${ingest}&trigger=backfill&from=2019-12-31&to=2020-01-31`))).toEqual([
      alike[1] ?? 0,
    ]);
    expect(words(await page("/runs?state=queued"))).toContain("No run matches.");
  });

  test("of runs that failed alike is where the overview's problem leads", async () => {
    const overview = await page("/");
    const [, href = ""] = /href="(\/runs\?alike=\d+)"/.exec(overview) ?? [];
    expect(words(overview)).toContain("and 2 other runs alike");
    expect(runsIn(await page(href)).toSorted()).toEqual([failed, ...alike].toSorted());
  });
});

describe("a change of many runs", () => {
  test("is shown before it is made, and tells why it cannot be made to some", async () => {
    const shown = await post("/runs/preview", [
      ["change", "retry"],
      ["scope", "chosen"],
      ["run", "2"],
      ["run", String(failed)],
    ]);
    expect(shown.status).toBe(200);
    const html = await shown.text();
    expect(words(html)).toContain("Retry 1 run");
    expect(html).toContain("Run 2 is &lt;b&gt;not&lt;/b&gt; over.");
    expect(html).toContain(`name="run" value="${failed}"`);
    expect(html).not.toContain('name="run" value="2"');
    expect(dashboard.asked.at(-1)).toMatchObject({
      call: "changeRuns",
      argument: { dryRun: true, runIds: [2, failed] },
    });
  });

  test("of all that match takes those, and keeps the filter on the way back", async () => {
    const html = await (
      await post("/runs/preview", [
        ["change", "cancel"],
        ["scope", "all"],
        ["alike", String(failed)],
      ])
    ).text();
    expect(words(html)).toContain("Cancel 3 runs");
    const made = await post("/runs/changes", [
      ["change", "cancel"],
      ["alike", String(failed)],
      ...alike.map((id): [string, string] => ["run", String(id)]),
    ]);
    expect(made.status).toBe(303);
    expect(made.headers.get("Location")).toBe(`/runs?alike=${failed}&done=cancel.2.0`);
    expect(dashboard.asked.at(-1)).toMatchObject({ argument: { change: "cancel", runIds: alike } });
    expect(words(await page(`/runs?alike=${failed}&done=cancel.2.0`))).toContain("2 runs were cancelled.");
  });

  test("asks for the runs where none is chosen", async () => {
    const refused = await post("/runs/preview", [["change", "retry"]]);
    expect(refused.status).toBe(422);
    expect(words(await refused.text())).toContain("Choose the runs first");
  });
});

describe("timelines", () => {
  test("show each job's runs of a day, and lead to the run's own", async () => {
    const html = await page("/timeline");
    expect(words(html)).toContain("Timeline of 9 Jan 2020");
    expect(html).toContain(`href="/jobs/${load}"`);
    expect(html).toContain(`href="/runs/${published}/timeline"`);
    expect(words(await page("/timeline?day=2020-01-09&from=21:10&to=22:00"))).toContain("2020");
    expect(runsAt(await page("/timeline?day=2020-01-09&from=21:10&to=22:00"))).toEqual(alike.toSorted((a, b) => b - a));
    expect(words(await page("/timeline?day=2020-01-01"))).toContain("Nothing ran then.");
    expect(words(await page("/timeline?day=2020-01-09&from=12:00&to=11:00"))).toContain("not before the last");
  });

  test("show the tries of a run's tasks", async () => {
    const html = await page(`/runs/${failed}/timeline`);
    expect(words(html)).toContain(`Timeline of run ${failed}`);
    expect(html).toContain(`href="/runs/${failed}/tasks/`);
    expect((await dashboard.app.request("/runs/987654/timeline")).status).toBe(404);
  });
});

const runsAt = (html: string) =>
  [...html.matchAll(/<th scope="row" class="number"><a href="\/runs\/(\d+)\//g)].map(([, id]) => Number(id));
