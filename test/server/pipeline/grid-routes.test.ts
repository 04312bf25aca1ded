import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { addHistory } from "../../support/history.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { hostile } from "../sample.ts";

/** Columns of the page's tables, by the runs that their heads link to. */
const columns = (page: string) =>
  [...page.matchAll(/<th scope=col><a class=\w href=\/runs\/(\d+)>/g)].map(([, id]) => Number(id));

describe("the grid of a fresh database", () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
  }, openingMs);
  afterAll(() => dashboard.close());

  test("says of every job that it has no run yet", async () => {
    const page = await (await dashboard.app.request("/grid")).text();
    expect(page.match(/No run yet:/g)).toHaveLength(3);
  });

  test("says that nothing matches where something was asked for", async () => {
    const page = await (await dashboard.app.request("/grid?state=failed")).text();
    expect(page.match(/No run matches\./g)).toHaveLength(3);
  });
});

describe("the grid", () => {
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await openDashboard();
    await addHistory(dashboard.sql, 120);
  }, openingMs);
  afterAll(() => dashboard.close());

  const text = async (path: string) => (await dashboard.app.request(path)).text();
  const ingest = (query: string) => text(`/grid?job=${jobIds.ingest}&${query}`);

  test("shows the newest fifty runs of every job, and offers more", async () => {
    const page = await text("/grid");
    expect(columns(page)).toHaveLength(150);
    expect(columns(page).slice(0, 50)).toEqual(Array.from({ length: 50 }, (_, index) => 71 + index));
    expect(page).toContain('href="/grid?limit=100"');
    expect(page).not.toMatch(/<script(?![^>]* src=)|\son\w+=|\sstyle=|<style/);
  });

  test("is a table with a caption, a head for each run, and a row for each task", async () => {
    const page = await ingest("");
    expect(page).toContain("<caption class=visually-hidden>Ingest: runs from the oldest to the newest");
    expect(page.match(/<th scope=row/g)).toHaveLength(3);
    expect(page).toContain("Run 120 · 8 Jan 2020 · schedule · success · 12 s");
  });

  test("leads from each head to its run and from each cell to the run's task", async () => {
    const page = await ingest("");
    const run = await text("/runs/100");
    for (const step of [0, 1, 2]) {
      expect(page).toContain(`href=/runs/100#step-${step}`);
      expect(run).toContain(`id="step-${step}"`);
    }
  });

  test("folds batches into one cell with a count and the state that says most", async () => {
    const page = await ingest("");
    expect(page).toContain("<td><a class=f href=/runs/100#step-1><b aria-hidden=true>3/4</b>failed 3/4");
    expect(page).toContain("<td><a class=s href=/runs/101#step-1><b aria-hidden=true>4/4</b>success 4/4");
    expect(page).toContain("<td><a class=u href=/runs/100#step-2>not reached");
  });

  test("draws the longest run's bar to the top of the axis, and the others to their share of it", async () => {
    const page = await ingest("");
    // Runs take from 2 s to 12 s; the axis is 56 pixels above a base of 14.
    expect(page).toContain("<b>12 s</b><b>6 s</b><b>0</b>");
    const heights = [...page.matchAll(/<svg height=(\d+)/g)].map(([, height]) => Number(height));
    expect(Math.max(...heights)).toBe(70);
    expect(Math.min(...heights)).toBe(14 + Math.round(56 / 6));
  });

  test("measures nothing where no run has begun", async () => {
    const { sql } = dashboard;
    const [run] = await sql<{ id: number }[]>`
      insert into barline.runs (job_id, state, trigger) values (${jobIds.ingest}, 'queued', 'manual') returning id`;
    const page = await ingest("state=queued");
    await sql`delete from barline.runs where id = ${run?.id ?? 0}`;
    expect(columns(page)).toEqual([run?.id ?? 0]);
    expect(page).not.toMatch(/longest|\d ms/);
  });

  test("filters by state, trigger and session, and keeps the choice in the form and in its own address", async () => {
    expect(columns(await ingest("state=failed"))).toEqual([50, 100]);
    const page = await ingest("trigger=backfill&from=2020-01-01&limit=365");
    expect(columns(page)).toEqual([119]);
    expect(page).toContain('<option value="backfill" selected="">');
    expect(page).toContain('name="from" value="2020-01-01"');
    expect(page).toContain(
      `hx-get="/grid?job=${jobIds.ingest}&amp;trigger=backfill&amp;from=2020-01-01&amp;limit=365"`,
    );
  });

  test("tells what is wrong with a date instead of showing nothing", async () => {
    expect(await text("/grid?from=yesterday")).toContain(
      "&quot;yesterday&quot; is not a date; write it as 2025-01-02.",
    );
    expect(await text("/grid?from=2020-01-03&to=2020-01-02")).toContain("The first session is after the last.");
  });

  test("answers htmx with the part that changes", async () => {
    const part = await (await dashboard.fragment("/grid?state=failed", "div#grid")).text();
    expect(part.startsWith('<div id="grid"')).toBe(true);
    expect(part).not.toContain("<form");
  });

  test("refreshes itself sooner while something runs", async () => {
    expect(await ingest("")).toContain('hx-trigger="every 10s"');
    const [run] = await dashboard.sql<[{ id: number }]>`
      insert into barline.runs (job_id, state, trigger) values (${jobIds.ingest}, 'running', 'manual') returning id`;
    expect(await ingest("")).toContain('hx-trigger="every 2s"');
    await dashboard.sql`delete from barline.runs where id = ${run.id}`;
  });

  test("shows what a hostile hand wrote as text", async () => {
    const [run] = await dashboard.sql<[{ id: number }]>`
      insert into barline.runs (job_id, state, trigger, partition, partition_to)
      values (${jobIds.ingest}, ${hostile}, ${hostile}, ${hostile}, ${hostile}) returning id`;
    await dashboard.sql`
      insert into barline.tasks (run_id, job_id, name, step, state) values (${run.id}, ${jobIds.ingest}, ${hostile}, 4, 'success')`;
    for (const body of [await text("/grid"), await (await dashboard.fragment("/grid", "div#grid")).text()]) {
      expect(body).toContain("&lt;script");
      expect(body).not.toMatch(/<script>|<img|alert\("x"\)|onerror='y'/);
      // A step that the job no longer declares has its row.
      expect(body).toContain("task 5");
    }
    expect(await text("/grid?from=%3Cimg%3E&state=%22%3E%3Cimg%3E")).not.toContain("<img");
    await dashboard.sql`delete from barline.tasks where run_id = ${run.id}`;
    await dashboard.sql`delete from barline.runs where id = ${run.id}`;
  });
});
