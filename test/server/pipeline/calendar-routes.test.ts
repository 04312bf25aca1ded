import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type PartitionPath, selectPaths } from "../../../db/queries/pipeline/read-calendar.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { countRowsRead } from "../../support/rows-read.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addPipelineSample, hostile } from "../sample.ts";

let dashboard: Dashboard;
let runs: Awaited<ReturnType<typeof addPipelineSample>>;
beforeAll(async () => {
  dashboard = await openDashboard();
  runs = await addPipelineSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());

const text = async (path: string) => (await dashboard.app.request(path)).text();

/** The part of a page between a map's heading and the next section. */
const mapOf = (page: string, step: string) => page.slice(page.indexOf(`id="${step}"`)).split("</section>")[0] ?? "";

describe("the calendar", () => {
  test("follows each session's event from the ingest to the load and the transform", async () => {
    const page = await text("/calendar?year=2020");
    for (const told of [
      "Thu 2 Jan 2020: ingest success, load success, transform success",
      "Fri 3 Jan 2020: ingest success, load success, transform waiting",
      "Mon 6 Jan 2020: ingest success, load waiting, transform not reached",
      "Tue 7 Jan 2020: ingest failed, load not reached, transform not reached",
      "Wed 8 Jan 2020: ingest missing",
      "Fri 10 Jan 2020: ingest upcoming",
      "Wed 1 Jan 2020: closed, New Year",
    ]) {
      expect(page).toContain(`aria-label="${told}`);
    }
    expect(page).toContain("Fri 27 Nov 2020: ingest upcoming; early close");
  });

  test("leads from a day to the run of each job, and from a day without one to what can be done", async () => {
    const page = await text("/calendar?year=2020");
    const second = (step: string) => mapOf(page, step).match(/href="([^"]+)" title="Thu 2 Jan 2020/)?.[1];
    expect(second("ingest")).toBe(`/runs/${runs.published}`);
    expect(second("load")).toBe(`/runs/${runs.load}`);
    expect(second("transform")).toBe(`/runs/${runs.transform}`);
    expect(mapOf(page, "ingest")).toContain('href="/calendar?day=2020-01-08#day"');
  });

  test("counts each state in the legend of each job", async () => {
    const page = await text("/calendar?year=2020");
    expect(mapOf(page, "ingest")).toMatch(/Success <b>3<\/b>/);
    expect(mapOf(page, "ingest")).toMatch(/Missing <b>2<\/b>/);
    expect(mapOf(page, "load")).toMatch(/Waiting <b>1<\/b>/);
  });

  test("shows one job where the address asks for it, and keeps asking for it in its links", async () => {
    const page = await text(`/calendar?year=2020&job=${jobIds.load}`);
    expect(page).toContain('<section class="section " aria-labelledby="load-title"');
    expect(page).not.toContain('aria-labelledby="ingest-title"');
    expect(page).toContain(`href="/calendar?year=2019&amp;job=${jobIds.load}"`);
  });

  test.each([
    ["2020-01-08", "Run it", true],
    ["2020-01-07", "Run again", true],
    ["2019-12-31", "Before START_DATE", true],
    ["2020-01-10", "Its data is final at", false],
    ["2020-01-01", "the exchanges are closed", false],
    ["2020-01-04", "do not trade at weekends", false],
  ])("says of %s what can be done: %s", async (day, told, canRun) => {
    const page = await text(`/calendar?day=${day}`);
    expect(page).toContain(told);
    expect(page.includes(`<input type="hidden" name="session" value="${day}"`)).toBe(canRun);
    expect(page).toContain(`<h1>Calendar ${day.slice(0, 4)}</h1>`);
  });

  test("queues the run of a day through the form that it offers", async () => {
    const answer = await dashboard.post(`/jobs/${jobIds.ingest}/runs`, { session: "2020-01-08" });
    expect(answer.headers.get("Location")).toBe("/runs/9");
    expect(dashboard.asked.at(-1)).toEqual({
      call: "createRun",
      argument: { jobId: jobIds.ingest, session: "2020-01-08" },
    });
  });

  test("answers for years without runs, and passes over what is no year, day or job", async () => {
    for (const year of [1999, 2030]) expect(await text(`/calendar?year=${year}`)).toContain(`Calendar ${year}</h1>`);
    const page = await text(
      `/calendar?year=9999&day=${encodeURIComponent(hostile)}&job=${encodeURIComponent(hostile)}`,
    );
    expect(page).toContain("Calendar 2020</h1>");
    expect(page).not.toMatch(/<script>|<img/);
  });

  test("refreshes the maps alone", async () => {
    const part = await (await dashboard.fragment("/calendar?year=2020", "div#calendar-live")).text();
    expect(part.startsWith('<div id="calendar-live"')).toBe(true);
    expect(part).not.toContain("<html");
  });
});

describe("what CATCHUP leaves out", () => {
  test("is told apart from what is missing, in the calendar and on the job's page", async () => {
    const latest = await openDashboard({ CATCHUP: "latest" });
    await latest.sql`insert into barline.jobs (id, schedule_after) values (${jobIds.ingest}, '2020-01-07')`;
    const page = await (await latest.app.request("/calendar?year=2020")).text();
    expect(page).toContain("Tue 7 Jan 2020: ingest passed over");
    expect(page).toContain("Wed 8 Jan 2020: ingest missing");
    const job = await (await latest.app.request(`/jobs/${jobIds.ingest}`)).text();
    expect(job).toContain("The newest session missed");
    expect(job).toMatch(/Passed over<\/dt><dd><a href="\/calendar">4<\/a>/);
    expect(job).toMatch(/Due without a run<\/dt><dd><a href="\/calendar">2<\/a>/);
    await latest.close();
  });
});

describe("the job's page", () => {
  test("says what pausing means before it pauses, and what a pause holds up while it lasts", async () => {
    const path = `/jobs/${jobIds.ingest}`;
    expect(await text(path)).toContain("Sessions that come due meanwhile are queued when it is resumed: none is lost.");
    await dashboard.sql`
      insert into barline.jobs (id, paused) values (${jobIds.ingest}, true) on conflict (id) do update set paused = true`;
    expect(await text(path)).toContain("It holds up 2 due sessions without a run.");
    expect(await text(path)).toContain(`action="${path}/resume"`);
    expect(await text(`/jobs/${jobIds.load}`)).toContain("Events that come meanwhile wait for it: none is lost.");
  });

  test("names the process that leads, and nobody where none has lately said that it lives", async () => {
    const path = `/jobs/${jobIds.ingest}`;
    expect(await text(path)).toContain("Nobody");
    await dashboard.sql`
      insert into barline.processes (owner, host, pid, version, workers, leader) values ('7', ${hostile}, 4711, '1', 1, true)`;
    const page = await text(path);
    expect(page).toContain("process 4711");
    expect(page).not.toMatch(/<script>|<img/);
    await dashboard.sql`update barline.processes set heartbeat_at = now() - interval '1 minute'`;
    expect(await text(path)).not.toContain("process 4711");
  });
});

test("ten years of sessions do not slow the query of one", async () => {
  const large = await openDashboard();
  const { ingest, load, transform } = jobIds;
  await large.sql`
    with days as (
      select row_number() over () as n, to_char(day, 'YYYY-MM-DD') as day
      from generate_series('2010-01-01'::date, '2019-12-31'::date, interval '1 day') as series (day)
      where extract(isodow from day) < 6
    ), ingests as (
      insert into barline.runs (job_id, state, trigger, partition, partition_to)
      select ${ingest}, 'success', 'schedule', day, day from days returning id, partition
    ), held as (
      insert into barline.run_partitions select ${ingest}, partition, id from ingests
    ), tasks as (
      insert into barline.tasks (run_id, job_id, name, step, state)
      select id, ${ingest}, 'manifest', 0, 'success' from ingests returning id, run_id
    ), landed as (
      insert into barline.dataset_events (dataset, run_id, task_id)
      select 's3://test/manifests', run_id, id from tasks returning id
    ), loads as (
      insert into barline.runs (job_id, state, trigger) select ${load}, 'success', 'dataset' from days returning id
    ), pairs as (
      select event.id as event_id, run.id as run_id
      from (select id, row_number() over (order by id) as n from landed) as event
      join (select id, row_number() over (order by id) as n from loads) as run on (event.n + 9) / 10 = run.n
    ), claimed as (
      insert into barline.event_claims (job_id, event_id, run_id) select ${load}, event_id, run_id from pairs
    )
    insert into barline.runs (job_id, state, trigger) values (${transform}, 'success', 'dataset')`;
  for (const [from, to] of [
    ["2015-01-01", "2015-12-31"],
    ["2010-01-01", "2019-12-31"],
  ] as const) {
    let paths: PartitionPath[] = [];
    const rows = await countRowsRead(large.sql, async (read) => {
      paths = await selectPaths(read, jobIds, from, to);
    });
    expect(paths.length).toBeGreaterThan(250);
    expect(paths.filter(({ loadState }) => loadState === "success").length).toBe(paths.length);
    // A plan that reads all ten years for one, or for each session, reads many times as many.
    expect(rows).toBeLessThan(10 * paths.length);
  }
  await large.close();
}, 60_000);
