import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Server } from "bun";
import type { Browser, Page } from "playwright-core";
import { jobIds } from "../../jobs/pipeline.ts";
import { type Dashboard, openDashboard } from "../server/dashboard.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";

const executable = findBrowser();

describe.skipIf(executable === undefined)("what people do often, in a browser", () => {
  let dashboard: Dashboard;
  let server: Server<undefined>;
  let browser: Browser;
  let clicks = 0;

  beforeAll(async () => {
    dashboard = await openDashboard();
    await dashboard.sql`insert into barline.jobs (id) values (${jobIds.ingest}) on conflict do nothing`;
    // The pipeline of the test refuses what is asked of run 2.
    await dashboard.sql`
      insert into barline.runs (job_id, state, trigger) select ${jobIds.ingest}, 'success', 'manual' from generate_series(1, 2)`;
    await dashboard.sql`
      with made as (
        insert into barline.runs (job_id, state, trigger, partition, partition_to, error, started_at, finished_at)
        select ${jobIds.ingest}, 'failed', 'schedule', day::date::text, day::date::text,
          '{"name": "PermanentError", "message": "The vendor has no data."}', now(), now()
        from generate_series(timestamp '2019-12-01', '2019-12-14', '1 day') as day
        returning id, job_id, partition
      )
      insert into barline.run_partitions (job_id, partition, run_id) select job_id, partition, id from made`;
    server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: dashboard.app.fetch });
    browser = await launchBrowser(executable ?? "");
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop(true);
    await dashboard?.close();
  });

  const atOverview = async (): Promise<Page> => {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(`http://127.0.0.1:${server.port}/`);
    clicks = 0;
    return page;
  };
  const click = async (page: Page, name: string | RegExp, role: "button" | "link" = "button") => {
    await page.getByRole(role, { name }).first().click();
    clicks += 1;
  };

  test("fourteen runs that failed alike are retried by two clicks, the first of which shows what would be done", async () => {
    const page = await atOverview();
    await click(page, "Retry all 14…");
    await page.waitForURL(/\/runs\/preview/);
    expect(await page.locator("h1").textContent()).toContain("Retry 14 runs");
    await click(page, "Retry 14 runs");
    await page.waitForURL(/\/runs\?alike=\d+&done=retry\.\d+\.\d+/);
    expect(clicks).toBeLessThanOrEqual(2);
    const asked = dashboard.asked.filter(({ call }) => call === "changeRuns").at(-1);
    expect(asked?.argument).toMatchObject({ change: "retry" });
    await page.close();
  });

  test("a backfill of 2019 is started by three clicks", async () => {
    const page = await atOverview();
    await click(page, "New backfill", "link");
    await page.locator("#backfill [name=from]").fill("2019-01-02");
    await page.locator("#backfill [name=to]").fill("2019-12-31");
    await click(page, "Preview");
    await page.locator("#backfill button[value=start]").waitFor();
    await click(page, "Start backfill");
    await page.waitForURL(/\/backfills\/7/);
    expect(clicks).toBeLessThanOrEqual(3);
    const created = dashboard.asked.find(({ call }) => call === "createBackfill");
    expect(created?.argument).toMatchObject({ from: "2019-01-02", to: "2019-12-31" });
    await page.close();
  });
});
