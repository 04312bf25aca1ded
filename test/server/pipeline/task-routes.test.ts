import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addPipelineSample, hostile } from "../sample.ts";

const { ingest } = jobIds;
let dashboard: Dashboard;
let run: number;
let failedTask: number;
let clearedTask: number;

beforeAll(async () => {
  dashboard = await openDashboard();
  const runs = await addPipelineSample(dashboard.sql);
  run = runs.failed;
  const { sql } = dashboard;
  const [task] = await sql<[{ id: number }]>`
    update barline.tasks set input = ${sql.json({ note: hostile })}, output = ${sql.json(hostile)}, failures = 1
    where run_id = ${run} returning id`;
  failedTask = task.id;
  await sql`
    insert into barline.tries (task_id, number, state, owner, error, finished_at)
    values (${failedTask}, 2, 'failed', '77', ${sql.json({ name: "E", message: hostile })}, now())`;
  await sql`insert into barline.processes (owner, host, pid, version, workers) values ('77', ${hostile}, 4321, '0', 1)`;
  await sql`
    insert into barline.task_logs (task_id, try, at, level, message)
    select ${failedTask}, 2, '2020-01-10T02:00:00.007Z', 'info', 'line ' || number from generate_series(1, 1200) number`;
  const [cleared] = await sql<[{ id: number }]>`
    insert into barline.tasks (run_id, job_id, name, step, state, tries)
    values (${run}, ${ingest}, 'record', 2, 'cleared', 1) returning id`;
  clearedTask = cleared.id;
  await sql`
    insert into barline.tasks (run_id, job_id, name, step, map_index, state, marked)
    values (${run}, ${ingest}, 'fetch', 1, 1, 'success', true)`;
  await sql`
    insert into barline.actions (actor, via, kind, job_id, run_id, task_id, reason, details)
    values (${hostile}, 'dashboard', 'task.mark', ${ingest}, ${run}, ${failedTask}, ${hostile}, '{"to": "failed"}')`;
}, openingMs);
afterAll(() => dashboard.close());

const path = () => `/runs/${run}/tasks/${failedTask}`;
const text = async (at: string) => (await dashboard.app.request(at)).text();
const safe = (page: string) => {
  expect(page).not.toContain("<script>alert");
  expect(page).not.toContain("<img src=x");
  expect(page).not.toMatch(/<script(?![^>]* src=)|<[^>]+\son\w+=|<[^>]+\sstyle=|<style/);
};
/** What a reader sees, without tags. */
const words = (page: string) => page.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");

describe("the page of a task", () => {
  test("shows its tries side by side with where they ran, and what went in and out", async () => {
    const page = await text(path());
    safe(page);
    expect(words(page)).toContain("pid 4321");
    expect(page.indexOf('id="try-2"')).toBeGreaterThan(0);
    expect(page.indexOf('id="try-1"')).toBeGreaterThan(page.indexOf('id="try-2"'));
    expect(page).toContain(`href="${path()}/log?try=2"`);
    expect(page).toContain("1,200 lines");
    expect(page).toContain("&lt;script&gt;");
  });

  test("offers what can be done as things stand", async () => {
    const failed = await text(path());
    for (const deed of ["retry", "clear"]) expect(failed).toContain(`action="${path()}/${deed}"`);
    expect(failed).toContain(`href="${path()}/mark"`);
    const cleared = await text(`/runs/${run}/tasks/${clearedTask}`);
    expect(cleared).toContain("Cleared");
    expect(cleared).not.toContain(`tasks/${clearedTask}/clear`);
    expect(cleared).not.toContain(`tasks/${clearedTask}/mark`);
  });

  test("refreshes itself without its log", async () => {
    const part = await (await dashboard.fragment(path(), "div#task")).text();
    expect(part).toStartWith('<div id="task"');
    expect(part).not.toContain('id="log-view"');
  });

  test("is not found under another run, nor by a strange id", async () => {
    for (const at of [`/runs/1/tasks/${failedTask}`, `/runs/${run}/tasks/x`, `/runs/${run}/tasks/987654/log`])
      expect((await dashboard.app.request(at)).status).toBe(404);
  });
});

describe("what a form asks of a task", () => {
  test("is done by the orchestrator, and leads back to the page that it was asked from", async () => {
    for (const [deed, call] of [
      ["retry", "retryTask"],
      ["clear", "clearTask"],
    ] as const) {
      const response = await dashboard.post(`${path()}/${deed}`);
      expect([response.status, response.headers.get("Location")]).toEqual([303, path()]);
      expect(dashboard.asked.at(-1)).toEqual({ call, argument: failedTask });
    }
    const response = await dashboard.post(`${path()}/retry`, { to: "run" });
    expect(response.headers.get("Location")).toBe(`/runs/${run}#step-1`);
  });

  test("has to be about a task of that run", async () => {
    const before = dashboard.asked.length;
    expect((await dashboard.post(`/runs/1/tasks/${failedTask}/retry`)).status).toBe(404);
    expect(dashboard.asked.length).toBe(before);
  });
});

describe("the mark form", () => {
  test("says what marking means, for a task and for a run", async () => {
    expect(words(await text(`${path()}/mark`))).toContain("records no event");
    expect(words(await text(`/runs/${run}/mark`))).toContain("no dataset event is recorded");
    expect((await dashboard.app.request("/runs/987654/mark")).status).toBe(404);
  });

  test("marks with the reason that was given", async () => {
    const body = { state: "success", reason: " known gap " };
    const marked = await dashboard.post(`${path()}/mark`, body);
    expect([marked.status, marked.headers.get("Location")]).toEqual([303, path()]);
    expect(dashboard.asked.at(-1)).toEqual({
      call: "markTask",
      argument: { taskId: failedTask, state: "success", reason: "known gap" },
    });
    expect((await dashboard.post(`/runs/${run}/mark`, body)).headers.get("Location")).toBe(`/runs/${run}`);
    expect(dashboard.asked.at(-1)).toMatchObject({ call: "markRun", argument: { runId: run } });
  });

  test("keeps what was typed where it is refused, and says so at the field", async () => {
    const without = await dashboard.post(`${path()}/mark`, { reason: hostile });
    expect(without.status).toBe(422);
    const page = await without.text();
    safe(page);
    expect(page).toContain("Choose one of the two.");
    expect(page).toContain("&lt;script&gt;");
    const empty = await dashboard.post(`${path()}/mark`, { state: "failed", reason: " " });
    expect(empty.status).toBe(422);
    const again = await empty.text();
    expect(again).toMatch(/value="failed"[^>]* checked/);
    expect(again).toMatch(/aria-invalid="true"/);
  });
});

describe("the page of a run", () => {
  test("leads to its tasks, tells who did what, and tells marked and cleared ones", async () => {
    const page = await text(`/runs/${run}`);
    safe(page);
    expect(page).toContain(`href="${path()}"`);
    expect(page).toContain(`href="/runs/${run}/log"`);
    expect(words(page)).toContain("1 marked by hand");
    expect(words(page)).toContain("What people did");
  });

  test("shows the batches in one state, each with its retry", async () => {
    const row = (mapIndex: number) => `id="batch-1-${mapIndex}"`;
    const page = await text(`/runs/${run}?step=1&state=failed`);
    expect([page.includes(row(0)), page.includes(row(1))]).toEqual([true, false]);
    expect(page).toContain(`action="${path()}/retry"`);
    expect(page).toContain(`href="/runs/${run}?step=1&amp;state=success#step-1"`);
    expect(await text(`/runs/${run}?step=1&state=<b>`)).toContain(row(1));
  });

  test("offers no retry where nothing failed", async () => {
    const { sql } = dashboard;
    const [row] = await sql<[{ id: number }]>`
      insert into barline.runs (job_id, state, trigger, error) values (${ingest}, 'failed', 'manual', '{"name": "MarkedAsFailed", "message": "x"}')
      returning id`;
    await sql`insert into barline.tasks (run_id, job_id, name, step, state) values (${row.id}, ${ingest}, 'plan', 0, 'success')`;
    expect(await text(`/runs/${row.id}`)).not.toContain(`action="/runs/${row.id}/retry"`);
  });
});

describe("a log", () => {
  const lines = (page: string) => [...page.matchAll(/<span class="message">(line \d+)/g)].map(([, line]) => line);

  test("shows its end, and leads to what is before", async () => {
    const page = await text(`${path()}/log`);
    safe(page);
    expect(lines(page)).toEqual(Array.from({ length: 500 }, (_, index) => `line ${701 + index}`));
    expect(page).toContain("21:00:00.007");
    expect(page).toContain(`href="${path()}/log?after=0"`);
    const [, earlier] = /href="([^"]*before=[^"]*)"/.exec(page) ?? [];
    expect(lines(await text((earlier ?? "").replaceAll("&amp;", "&")))[0]).toBe("line 201");
  });

  test("is read from the start page by page", async () => {
    const page = await text(`${path()}/log?after=0`);
    // The first line is the sample's own, with markup in it.
    expect(lines(page).at(-1)).toBe("line 499");
    expect(page).toContain("The end");
    expect(page).not.toContain("data-stream");
  });

  test("finds a text in the whole log, and only the levels asked for", async () => {
    expect(lines(await text(`${path()}/log?q=LINE+12`)).slice(0, 2)).toEqual(["line 12", "line 120"]);
    expect(words(await text(`${path()}/log?level=error&q=${encodeURIComponent(hostile)}`))).toContain(
      "No line is like that.",
    );
    expect(words(await text(`/runs/${run}/log?level=warn`))).toContain("warn");
  });

  test("can be had as text, whole, and is never taken for a page", async () => {
    const response = await dashboard.app.request(`${path()}/log.txt`);
    expect(response.headers.get("Content-Type")).toBe("text/plain; charset=utf-8");
    const all = (await response.text()).trimEnd().split("\n");
    expect(all.length).toBe(1201);
    expect(all.at(-1)).toBe("2020-01-10T02:00:00.007Z  info   fetch #0 try 2  line 1200");
    expect((await text(`${path()}/log.txt?try=2`)).trimEnd().split("\n").length).toBe(1200);
  });

  test("comes as events for an EventSource, and ends with the run", async () => {
    const { sql } = dashboard;
    const [{ last }] = await sql<[{ last: number }]>`
      select max(id) - 2 as last from barline.task_logs where task_id = ${failedTask}`;
    const response = await dashboard.app.request(`/runs/${run}/log?after=0`, {
      headers: { Accept: "text/event-stream", "Last-Event-ID": String(last) },
    });
    expect(response.headers.get("Content-Type")).toStartWith("text/event-stream");
    const body = await response.text();
    expect(lines(body)).toEqual(["line 1199", "line 1200"]);
    expect(body).toContain("event: end");
  });

  test("of a run that goes on says where its new lines come from", async () => {
    const { sql } = dashboard;
    const [row] = await sql<[{ id: number }]>`
      insert into barline.runs (job_id, state, trigger) values (${ingest}, 'running', 'manual') returning id`;
    const page = await text(`/runs/${row.id}/log?level=warn`);
    expect(page).toContain(`data-stream="/runs/${row.id}/log?level=warn"`);
    expect(words(await text(`/runs/${row.id}/log`))).toContain("Nothing was logged yet");
  });
});
