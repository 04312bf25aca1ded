import { afterEach, describe, expect, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createDashboardRoutes } from "../../../server/pages.ts";
import { countStatements } from "../../support/statements.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { fakeJobs, fakePipeline } from "../fake-pipeline.ts";
import { createTestApp } from "../support.ts";

const { ingest, transform } = jobIds;
let dashboard: Dashboard;
afterEach(() => dashboard.close());

const open = async (environment?: Record<string, string>) => {
  dashboard = await openDashboard(environment);
};
const text = async (path: string) => (await dashboard.app.request(path)).text();
const headline = async () =>
  /<h1 class="headline">.*?<\/svg>(.*?)<\/h1>/.exec(await text("/"))?.[1]?.replace(/<[^>]+>/g, " ");

type Run = { job?: string; state: string; date?: string; message?: string };

async function addRun({ job = ingest, state, date, message }: Run): Promise<number> {
  const { sql } = dashboard;
  const error = message === undefined ? null : sql.json({ name: "PermanentError", message });
  const ended = state === "queued" || state === "running" ? null : "2020-01-10T02:01Z";
  const [run] = await sql<{ id: number }[]>`
    insert into barline.runs (job_id, state, trigger, partition, partition_to, error, finished_at)
    values (${job}, ${state}, 'manual', ${date ?? null}, ${date ?? null}, ${error}, ${ended})
    returning id`;
  const id = run?.id ?? 0;
  if (date) await sql`insert into barline.run_partitions values (${job}, ${date}, ${id})`;
  return id;
}

describe("the overview's headline", () => {
  test(
    "counts every session where all are caught up, and only what was asked for where none is",
    async () => {
      for (const [catchup, count] of [
        ["all", "1 of 6 sessions"],
        ["none", "1 of 2 sessions"],
      ] as const) {
        await open({ CATCHUP: catchup });
        await addRun({ state: "success", date: "2020-01-02" });
        await addRun({ state: "running", date: "2020-01-03" });
        expect(await headline()).toContain(`Fetching ${count}`);
        if (catchup === "all") await dashboard.close();
      }
    },
    openingMs,
  );

  test("says that a job is paused, rather than at work on its queue", async () => {
    await open();
    await addRun({ state: "queued", date: "2020-01-02" });
    await dashboard.sql`insert into barline.jobs (id, paused) values (${ingest}, true)`;
    expect(await headline()).toMatch(/^Idle\s+Ingest is paused until somebody resumes it/);
  });

  test("says that runs failed, where nothing else is left to do", async () => {
    await open({ CATCHUP: "none" });
    await addRun({ state: "failed", date: "2020-01-02", message: "Refused." });
    expect(await headline()).toContain("1 run of Ingest failed and needs somebody");
  });
});

test("sessions that catchup passed over are not called missing in the overview's calendar", async () => {
  await open({ CATCHUP: "latest" });
  await dashboard.sql`insert into barline.jobs (id, schedule_after) values (${ingest}, '2020-01-07')`;
  expect(await text("/?year=2020")).toMatch(/Missing <b>2<\/b>.*Not wanted <b>4<\/b>/s);
});

describe("the overview's problems", () => {
  test("tells runs that failed in the same words once, by the latest", async () => {
    await open();
    for (const date of ["2020-01-02", "2020-01-03", "2020-01-06"])
      await addRun({ state: "failed", date, message: "Same." });
    const other = await addRun({ state: "failed", date: "2020-01-07", message: "Other." });
    const page = await text("/");
    expect(page.match(/Same\./g)).toHaveLength(1);
    expect(page).toContain("and 2 other runs alike");
    expect(page).toContain(`<a href="/runs/${other}">Run ${other}</a>`);
  });

  test("forgets a run without sessions or events at the job's next success, and no other", async () => {
    await open();
    const made = await addRun({ job: transform, state: "failed", message: "A model is wrong." });
    expect(await text("/")).toContain("A model is wrong.");
    await addRun({ job: transform, state: "success" });
    expect(await text("/")).not.toContain("A model is wrong.");
    await dashboard.sql`
      with task as (
        insert into barline.tasks (run_id, job_id, name, step, state)
        values (${made}, ${transform}, 'build', 0, 'failed') returning id
      ), event as (
        insert into barline.dataset_events (dataset, run_id, task_id)
        select 'elsewhere', ${made}::bigint, id from task returning id
      )
      insert into barline.event_claims (job_id, event_id, run_id) select ${transform}::text, id, ${made}::bigint from event`;
    expect(await text("/")).toContain("A model is wrong.");
  });
});

test("a step that a failed run never came to is not waiting", async () => {
  await open();
  const failed = await addRun({ state: "failed", date: "2020-01-02", message: "Refused." });
  const running = await addRun({ state: "running", date: "2020-01-03" });
  expect(await text(`/runs/${failed}`)).toContain("Not reached");
  expect(await text(`/runs/${running}`)).not.toContain("Not reached");
});

test("a backfill under a paused job says what it waits for", async () => {
  await open();
  await dashboard.sql`
    with backfill as (
      insert into barline.backfills (job_id, from_partition, to_partition, reprocess, plan) values (${ingest}, '2020-01-02', '2020-01-02', 'all', '{}')
      returning id
    )
    insert into barline.runs (job_id, state, trigger, partition, partition_to, backfill_id)
    select ${ingest}::text, 'queued', 'backfill', '2020-01-02', '2020-01-02', id from backfill`;
  expect(await text("/backfills/1")).not.toContain("is paused");
  await dashboard.sql`insert into barline.jobs (id, paused) values (${ingest}, true)`;
  expect(await text("/backfills/1")).toContain("Ingest is paused: what is queued waits until somebody resumes it");
});

describe("many readers of the overview", () => {
  const openMany = async () => {
    await open();
    const { read, statements } = countStatements(dashboard.sql);
    const jobs = fakeJobs("2020-01-02", "2020-01-09");
    const { pipeline } = fakePipeline(jobs);
    const many = createTestApp({ read, pipeline, dashboard: createDashboardRoutes, snapshotMs: 1000 });
    const get = async (headers = {}) => (await many.get("/", headers)).text();
    return { ...many, get, statements };
  };
  const live = { "HX-Request": "true", "HX-Target": "div#overview" };

  test("cost no more than one, at once and for a second after", async () => {
    const { get, statements, clock } = await openMany();
    await get();
    const forOne = statements();
    clock.now = new Date(clock.now.getTime() + 1000);
    const pages = await Promise.all(Array.from({ length: 10 }, () => get()));
    expect(new Set(pages).size).toBe(1);
    expect(statements()).toBeLessThanOrEqual(2 * forOne);
    await addRun({ state: "failed", date: "2020-01-02", message: "Refused." });
    for (let i = 0; i < 10; i++) expect(await get(live)).not.toContain("Refused.");
    expect(statements()).toBeLessThanOrEqual(2 * forOne);
    clock.now = new Date(clock.now.getTime() + 1000);
    expect(await get(live)).toContain("Refused.");
  });

  test("see at once what one of them has changed", async () => {
    const { get, send } = await openMany();
    await get();
    await addRun({ state: "failed", date: "2020-01-02", message: "Refused." });
    await send("POST", "/runs/1/retry", "", { "Content-Type": "application/x-www-form-urlencoded" });
    expect(await get(live)).toContain("Refused.");
  });
});

test("coverage and calendar open on the year that is at work, else on the last that has anything", async () => {
  await open({ CATCHUP: "none" });
  await dashboard.sql`insert into barline.jobs (id, schedule_after) values (${ingest}, '2020-01-09')`;
  const years = async () => [
    /coverage-live" hx-get="\/\?year=(\d+)"/.exec(await text("/"))?.[1],
    /Calendar (\d+)<\/h1>/.exec(await text("/calendar"))?.[1],
  ];
  await addRun({ state: "success", date: "2018-03-01" });
  const running = await addRun({ state: "running", date: "2017-05-02" });
  expect(await years()).toEqual(["2017", "2017"]);
  await dashboard.sql`update barline.runs set state = 'success' where id = ${running}`;
  expect(await years()).toEqual(["2018", "2018"]);
});
