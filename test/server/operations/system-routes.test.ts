import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Distribution } from "../../../db/distribution/types.ts";
import { lockService } from "../../../db/queries/operations/services.ts";
import { registerProcess } from "../../../db/queries/pipeline/processes.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { until } from "../../support/until.ts";
import { type Dashboard, now, openDashboard, openingMs } from "../dashboard.ts";
import { hostile } from "../sample.ts";

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard();
}, openingMs);
afterAll(() => dashboard.close());

const text = async (path = "/system") => (await dashboard.app.request(path)).text();
const post = async (path: string, form: Record<string, string>) => await dashboard.post(path, form);
const days = {
  logsDays: "90",
  triesDays: "365",
  eventsDays: "",
  rejectsDays: "365",
  resultsDays: "365",
  alertsDays: "365",
};
const kept = async () => {
  const [row] =
    await dashboard.sql`select logs_days as logs, events_days as events, lake_days as lake from barline.retention`;
  return row;
};

describe("the system page", () => {
  test("of a fresh database says what there is not yet, and shows the defaults", async () => {
    const page = await text();
    expect(page).toContain("None has begun to work yet.");
    expect(page).toContain("Not yet. It begins soon after the start.");
    expect(page).toMatch(/name="logsDays"[^>]*value="90"/);
    expect(page).toMatch(/name="lakeDays"[^>]*placeholder="for ever" value=""/);
    expect(page).toContain("Raw bars");
    expect(page).not.toMatch(/<script(?![^>]* src=)|\son\w+=|\sstyle=|<style/);
  });

  test("shows processes with what they hold, also under hostile names", async () => {
    const { sql } = dashboard;
    await registerProcess(sql, "7", { host: hostile, pid: 42, version: hostile, workers: 2, roles: ["web", "work"] });
    await sql`update barline.processes set leader = true`;
    const [run] = await sql<{ id: number }[]>`
      insert into barline.runs (job_id, state, trigger) values (${jobIds.ingest}, 'running', 'schedule') returning id`;
    await sql`
      insert into barline.tasks (run_id, job_id, name, step, state, lease_owner)
      values (${run?.id ?? 0}, ${jobIds.ingest}, 'fetch', 0, 'running', '7')`;
    const page = await text();
    expect(page).not.toContain("<script>alert");
    expect(page).toContain("&lt;script&gt;alert");
    expect(page).toContain("pid 42");
    expect(page).toContain("Alive");
    expect(page).toContain("schedules");
    expect(page).toContain(`href="/runs/${run?.id}"`);
  });

  test("says over how many shards the warehouse is spread", async () => {
    expect(await text()).not.toContain("Citus");
    dashboard.context.distribution = { shards: 3 } as unknown as Distribution;
    expect(await text()).toContain("the large tables on 3 shards of Citus");
    dashboard.context.distribution = undefined;
  });

  test("refreshes its live half alone", async () => {
    const part = await (await dashboard.fragment("/system", "div#system-live")).text();
    expect(part).toStartWith('<div id="system-live"');
    expect(part).not.toContain("<html");
    expect(part).not.toContain("What is kept");
  });
});

describe("the retention form", () => {
  test("saves what was typed, with empty as for ever", async () => {
    const response = await post("/system/retention", { ...days, logsDays: "30", lakeDays: "", intent: "save" });
    expect(response.status).toBe(303);
    expect(response.headers.get("Location")).toBe("/system?saved");
    expect(await kept()).toEqual({ logs: 30, events: null, lake: null });
    expect(await text("/system?saved")).toContain("Saved.");
  });

  test.each(["0", "-3", "soon", "1.5", "1e2", hostile])(
    "refuses %p, keeps it, and says so beside the field",
    async (typed) => {
      const response = await post("/system/retention", { ...days, triesDays: typed, lakeDays: "", intent: "save" });
      const page = await response.text();
      expect(response.status).toBe(422);
      expect(page).toMatch(/id="triesDays-error">A whole number of days/);
      expect(page).not.toContain("<script>alert");
      if (typed !== hostile) expect(page).toMatch(new RegExp(`name="triesDays"[^>]*value="${typed}"`));
      expect(await kept()).toEqual({ logs: 30, events: null, lake: null });
    },
  );

  test("previews what would go by what is typed, without saving it", async () => {
    const { sql } = dashboard;
    const [task] = await sql<{ id: number }[]>`
      with run as (
        insert into barline.runs (job_id, state, trigger, finished_at)
        values (${jobIds.ingest}, 'success', 'schedule', ${now}) returning id
      )
      insert into barline.tasks (run_id, job_id, name, step, state)
      select id, ${jobIds.ingest}, 'fetch', 0, 'success' from run returning id`;
    const old = new Date(now.getTime() - 5 * 86_400_000);
    await sql`
      insert into barline.task_logs (task_id, try, at, level, message)
      select ${task?.id ?? 0}::bigint, 1, ${old}::timestamptz, 'info', 'x' from generate_series(1, 3)`;
    const form = { ...days, logsDays: "4", lakeDays: "", intent: "preview" };
    expect(await (await post("/system/retention", form)).text()).toContain("3 lines of logs");
    const fragment = await dashboard.fragment("/system/retention", "form#retention", { ...form, logsDays: "6" });
    const part = await fragment.text();
    expect(part).toStartWith('<form id="retention"');
    expect(part).toContain("nothing would be removed now");
    expect(await kept()).toMatchObject({ logs: 30 });
  });

  test("asks once more before raw answers may go", async () => {
    const asked = await post("/system/retention", { ...days, lakeDays: "700", intent: "save" });
    expect(asked.status).toBe(200);
    expect(await asked.text()).toContain("Save, and let raw answers go");
    expect(await kept()).toMatchObject({ lake: null });
    expect((await post("/system/retention", { ...days, lakeDays: "700", intent: "confirm" })).status).toBe(303);
    expect(await kept()).toMatchObject({ lake: 700 });
    // To keep them longer is nothing to be asked about.
    expect((await post("/system/retention", { ...days, lakeDays: "900", intent: "save" })).status).toBe(303);
  });
});

describe("cleaning up by hand", () => {
  const last = async () => {
    const [row] = await dashboard.sql<{ open: boolean }[]>`
      select finished_at is null as open from barline.housekeeping_runs order by id desc limit 1`;
    return row;
  };

  test("counts and asks before the newest raw answers go, and begins nothing", async () => {
    await dashboard.sql`
      insert into barline.runs (job_id, state, trigger, partition, partition_to, summary, finished_at)
      values (${jobIds.ingest}, 'success', 'schedule', '2015-01-02', '2015-01-02',
        ${dashboard.sql.json({ manifest: "manifests/x.json", calls: 3, bytes: 4000 })}, '2015-01-03')`;
    const asked = await (await post("/system/housekeeping", { withNewest: "yes", intent: "clean" })).text();
    expect(asked).toContain("3 raw answers, 4 kB");
    expect(asked).toContain("Remove them for good");
    expect(await last()).toBeUndefined();
    expect(await (await post("/system/housekeeping", { intent: "preview" })).text()).not.toContain("raw answers, 4 kB");
  });

  test("begins, and shows how it went", async () => {
    expect((await post("/system/housekeeping", { intent: "clean" })).headers.get("Location")).toBe("/system#cleanings");
    await until("it has ended", async () => (await last())?.open === false);
    const page = await text();
    expect(page).toContain("somebody");
    // This dashboard's lake is not there, which is told.
    expect(page).toContain("lake size: The lake folder");
  });

  test("is refused while another process is at it", async () => {
    const holder = await dashboard.sql.reserve();
    await lockService(holder, "housekeeping");
    const response = await post("/system/housekeeping", { intent: "clean" });
    expect(response.status).toBe(409);
    expect(await response.text()).toContain("Housekeeping is under way already");
    await dashboard.sql`insert into barline.housekeeping_runs (trigger) values ('schedule')`;
    expect(await text()).toContain("Running");
    await holder`select pg_advisory_unlock_all()`;
    holder.release();
    // Without its lock it was killed.
    expect(await text()).toContain("Lost");
  });
});
