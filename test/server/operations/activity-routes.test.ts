import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { insertAction } from "../../../db/queries/operations/actions.ts";
import { selectActionsOfBackfill, selectActionsOfRun } from "../../../db/queries/operations/read-actions.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { hostile } from "../sample.ts";

describe("activity", () => {
  let dashboard: Dashboard;
  let runId = 0;
  let taskId = 0;
  let backfillId = 0;

  beforeAll(async () => {
    dashboard = await openDashboard();
    const { sql } = dashboard;
    const [backfill] = await sql<{ id: number }[]>`
      insert into barline.backfills (job_id, from_partition, to_partition, reprocess, state, plan)
      values (${jobIds.ingest}, '2020-01-02', '2020-01-09', 'all', 'running', '{}') returning id`;
    backfillId = backfill?.id ?? 0;
    const [run] = await sql<{ id: number }[]>`
      insert into barline.runs (job_id, state, trigger, partition, partition_to)
      values (${jobIds.ingest}, 'failed', 'schedule', '2020-01-03', '2020-01-03') returning id`;
    runId = run?.id ?? 0;
    for (const mapIndex of [0, 1, 2]) {
      const [task] = await sql<{ id: number }[]>`
        insert into barline.tasks (run_id, job_id, name, step, map_index, state)
        values (${runId}, ${jobIds.ingest}, 'fetch', 1, ${mapIndex}, 'failed') returning id`;
      taskId = task?.id ?? 0;
    }
    const ada = { actor: "Ada", via: "dashboard" };
    await insertAction(sql, { ...ada, kind: "job.pause", jobId: jobIds.load });
    await insertAction(sql, {
      ...ada,
      kind: "backfill.create",
      jobId: jobIds.ingest,
      backfillId,
      details: { from: "2020-01-02", to: "2020-01-09", reprocess: "all" },
    });
    await insertAction(sql, { actor: "API token", via: "api", kind: "run.retry", jobId: jobIds.ingest, runId });
    await insertAction(sql, {
      actor: hostile,
      via: "dashboard",
      kind: "task.mark",
      runId,
      taskId,
      reason: hostile,
      details: { from: "failed", to: "success" },
    });
    const details = { address: "192.0.2.1", attempts: 10 };
    await insertAction(sql, { actor: "Somebody", via: "dashboard", kind: "access.refused", details });
    await insertAction(sql, { ...ada, kind: "alert.test", details: { channel: hostile } });
    await insertAction(sql, { ...ada, kind: "retention.change", details: { logDays: null, rejectDays: 30 } });
    await insertAction(sql, { ...ada, kind: "backfill.retry", backfillId, details: { runs: 2 } });
    await insertAction(sql, { ...ada, kind: "something.new", runId });
  }, openingMs);
  afterAll(() => dashboard.close());

  const text = async (path: string) => (await dashboard.app.request(path)).text();
  /** What a person reads, without markup. */
  const words = (page: string) =>
    page
      .replace(/<[^>]+>/g, "")
      .replaceAll("&quot;", '"')
      .replace(/\s+/g, " ");

  test("tells each action as a sentence that leads to what it was about", async () => {
    const page = await text("/activity");
    const read = words(page);
    expect(read).toContain("Ada paused Load");
    expect(read).toContain(`Ada asked for backfill ${backfillId}: 2 Jan 2020 to 9 Jan 2020, all sessions`);
    expect(read).toContain(`API token retried run ${runId} (3 Jan 2020)`);
    expect(read).toContain(`marked fetch batch 2 of run ${runId} (3 Jan 2020) as success`);
    expect(read).toContain("Somebody gave a wrong password 10 times from 192.0.2.1, and is blocked for a while");
    expect(read).toContain("Ada sent a test alert by &lt;script&gt;");
    expect(read).toContain("Ada changed how long records are kept: log days for ever, reject days 30");
    expect(read).toContain(`Ada retried 2 failed runs of backfill ${backfillId}`);
    expect(read).toContain(`Ada something new: run ${runId}`);
    expect(page).toContain(`href="/runs/${runId}"`);
    expect(page).toContain(`href="/backfills/${backfillId}"`);
    expect(page).toContain(`href="/jobs/${jobIds.load}"`);
  });

  test("shows names, reasons and filters as text, whatever they hold", async () => {
    const page = await text(`/activity?person=${encodeURIComponent(hostile)}&kind=${encodeURIComponent(hostile)}`);
    expect(page).not.toContain("<script>alert");
    expect(page).not.toContain("<img");
    const all = await text("/activity");
    expect(all).not.toContain("<script>alert");
    expect(all).toContain("<blockquote>&lt;script&gt;alert");
  });

  test("shows what is asked for by thing, kind, person, job, run and backfill", async () => {
    const deeds = async (query: string) => [...(await text(`/activity?${query}`)).matchAll(/id="action-\d+"/g)].length;
    expect(await deeds("")).toBe(9);
    expect(await deeds("kind=run")).toBe(1);
    expect(await deeds("kind=task.mark")).toBe(1);
    expect(await deeds("kind=task.clear")).toBe(0);
    expect(await deeds("person=Ada")).toBe(6);
    expect(await deeds(`job=${jobIds.ingest}`)).toBe(5);
    expect(await deeds(`run=${runId}`)).toBe(3);
    expect(await deeds(`backfill=${backfillId}`)).toBe(2);
    expect(await deeds("person=Ada&kind=job")).toBe(1);
    expect(words(await text("/activity?kind=nothing"))).toContain("Nothing like that was done.");
  });

  test("goes on to older actions with the same filter", async () => {
    const { sql } = dashboard;
    for (let i = 0; i < 51; i++) await insertAction(sql, { actor: "Many", via: "api", kind: "job.pause" });
    const first = await text("/activity?person=Many");
    const older = /href="(\/activity\?person=Many&amp;before=\d+)"/.exec(first)?.[1]?.replaceAll("&amp;", "&") ?? "";
    expect(first.match(/id="action-/g)).toHaveLength(50);
    const second = await text(older);
    expect(second.match(/id="action-/g)).toHaveLength(1);
    expect(second).toContain('href="/activity?person=Many"');
    await sql`delete from barline.actions where actor = 'Many'`;
  });

  test("the lists beside a run and a backfill hold theirs, the newest first", async () => {
    const { sql } = dashboard;
    expect((await selectActionsOfRun(sql, runId)).map(({ kind }) => kind)).toEqual([
      "something.new",
      "task.mark",
      "run.retry",
    ]);
    expect((await selectActionsOfBackfill(sql, backfillId)).map(({ kind }) => kind)).toEqual([
      "backfill.retry",
      "backfill.create",
    ]);
  });

  test("without a password, nobody is signed in and nobody can be signed out", async () => {
    expect(words(await text("/activity"))).toContain("No password is set");
    const response = await dashboard.post("/activity/sign-out-everywhere");
    expect(response.headers.get("Location")).toBe("/activity");
  });
});

test(
  "a fresh database says what will be listed",
  async () => {
    const dashboard = await openDashboard();
    try {
      const page = await (await dashboard.app.request("/activity")).text();
      expect(page).toContain("Nobody has done anything yet.");
      expect(page).not.toContain('class="deeds"');
    } finally {
      await dashboard.close();
    }
  },
  openingMs,
);
