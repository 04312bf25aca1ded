import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Server } from "bun";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { jobIds } from "../../jobs/pipeline.ts";
import { type Dashboard, openDashboard } from "../server/dashboard.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";
import { addHistory } from "../support/history.ts";

const executable = findBrowser();
const desktop = { width: 1440, height: 900 };
const phone = { width: 390, height: 844 };
const newest = 120;

// A machine without a browser can still run every other test; CI has one, and fails without.
describe.skipIf(executable === undefined)("the grid in a browser", () => {
  let dashboard: Dashboard;
  let server: Server<undefined>;
  let browser: Browser;

  beforeAll(async () => {
    dashboard = await openDashboard();
    await addHistory(dashboard.sql, newest);
    server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: dashboard.app.fetch });
    browser = await launchBrowser(executable ?? "");
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop(true);
    await dashboard?.close();
  });

  const open = async (options: BrowserContextOptions = {}, query = ""): Promise<Page> => {
    const context = await browser.newContext({ viewport: desktop, ...options });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${server.port}/grid?job=${jobIds.ingest}${query}`);
    return page;
  };
  const focused = (page: Page) => page.evaluate(() => document.activeElement?.getAttribute("href"));
  const head = (page: Page, id: number) => page.locator(`thead a[href="/runs/${id}"]`);

  test.each([
    ["with", true],
    ["without", false],
  ])("shows the newest runs first on a phone, %s scripts, and scrolls in its own box", async (_, javaScriptEnabled) => {
    const page = await open({ viewport: phone, javaScriptEnabled });
    expect(await inView(page, newest)).toBe(true);
    expect(await inView(page, newest - 49)).toBe(false);
    expect((await page.locator("body").boundingBox())?.width).toBe(phone.width);
    await page.context().close();
  });

  const inView = async (page: Page, id: number) => {
    const box = await head(page, id).boundingBox();
    const width = page.viewportSize()?.width ?? 0;
    return box !== null && box.x >= 0 && box.x + box.width <= width;
  };

  test("is one stop for the tab key, in which the arrow keys move and the enter key opens", async () => {
    const page = await open();
    await head(page, newest).focus();
    await page.keyboard.press("ArrowLeft");
    expect(await focused(page)).toBe(`/runs/${newest - 1}`);
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await focused(page)).toBe(`/runs/${newest - 1}#step-1`);
    await page.keyboard.press("Home");
    expect(await focused(page)).toBe(`/runs/${newest - 49}#step-1`);
    expect(await page.locator('.grid-table a[tabindex="0"]').count()).toBe(1);
    await page.keyboard.press("Enter");
    await page.waitForURL(new RegExp(`/runs/${newest - 49}#step-1$`));
    await page.context().close();
  });

  test("tells of the cell that one points at: the task, its count, and the run with session, trigger and duration", async () => {
    const page = await open();
    await page.locator('td a[href="/runs/100#step-1"]').hover();
    expect(await page.locator(".grid-readout").textContent()).toBe(
      "fetch: failed 3/4 3 s · Run 100 · 11 Dec 2019 · schedule · failed · 3 s",
    );
    await head(page, 100).hover();
    expect(await page.locator(".grid-readout").count()).toBe(0);
    expect(await head(page, 100).locator("span").boundingBox()).toMatchObject({ height: 24 });
    await page.context().close();
  });

  test("keeps the place and the focus when a refresh brings a run", async () => {
    const add = async (state: string, session: string) => {
      const [run] = await dashboard.sql<[{ id: number }]>`
        insert into barline.runs (job_id, state, trigger, partition, partition_to)
        values (${jobIds.ingest}, ${state}, 'schedule', ${session}, ${session}) returning id`;
      return run.id;
    };
    // While something runs, the page looks every two seconds.
    await add("running", "2020-01-09");
    const page = await open({ viewport: phone });
    const box = page.locator(".grid-scroll");
    await head(page, newest - 20).focus();
    const before = await box.evaluate((element) => element.scrollLeft);
    expect(before).toBeLessThan(0);
    await head(page, await add("queued", "2020-01-10")).waitFor({ state: "attached", timeout: 20_000 });
    expect(await box.evaluate((element) => element.scrollLeft)).toBe(before);
    await page.waitForFunction((href) => document.activeElement?.getAttribute("href") === href, `/runs/${newest - 20}`);
    await dashboard.sql`delete from barline.runs where id > ${newest} and job_id = ${jobIds.ingest}`;
    await page.context().close();
  }, 60_000);

  test("filters as one chooses, and keeps the choice in the address", async () => {
    const page = await open();
    await page.locator("select[name=state]").selectOption("failed");
    // The new table stands before the script has heard of it, which then makes it one stop for the tab key.
    await page.waitForFunction(
      () =>
        document.querySelectorAll(".grid-table thead a").length === 2 &&
        document.querySelectorAll('.grid-table a[tabindex="0"]').length === 1,
    );
    expect(page.url()).toContain("state=failed");
    await page.context().close();
  });

  test("filters without scripts, by the button", async () => {
    const page = await open({ javaScriptEnabled: false });
    await page.locator("select[name=state]").selectOption("failed");
    await page.locator(".grid-filter button").click();
    expect(page.url()).toContain("state=failed");
    expect(await page.locator(".grid-table thead a").count()).toBe(2);
    await page.context().close();
  });
});
