import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";

const executable = findBrowser();
const viewport = { width: 1440, height: 900 };

// A machine without a browser can still run every other test; CI has one, and fails without.
describe.skipIf(executable === undefined)("in a browser", () => {
  let barline: BarlineProcess;
  let browser: Browser;
  const troubles: string[] = [];

  beforeAll(async () => {
    barline = await startBarline({ CATCHUP: "none", START_DATE: "2026-01-02" });
    browser = await launchBrowser(executable ?? "");
  });
  afterAll(async () => {
    await browser?.close();
    await barline?.stop();
  });

  const open = async (options: { javaScriptEnabled?: boolean; colorScheme?: "dark" | "light" } = {}): Promise<Page> => {
    const context = await browser.newContext({ viewport, ...options });
    const page = await context.newPage();
    page.on("pageerror", (error) => troubles.push(String(error)));
    page.on("console", (message) => {
      // A form that is refused answers 422, which Chromium lists as an error of the page.
      if (message.type() === "error" && !message.text().includes("422")) troubles.push(message.text());
    });
    return page;
  };

  const fill = async (page: Page, from: string, to: string) => {
    await page.goto(`${barline.url}/jobs/stocks_polygon_ingest`);
    await page.locator("#backfill [name=from]").fill(from);
    await page.locator("#backfill [name=to]").fill(to);
    await page.locator("#backfill button[value=preview]").click();
  };

  test("a backfill is previewed, started and watched until its chart is there", async () => {
    const page = await open();
    await fill(page, "2026-06-01", "2026-07-31");
    await page.locator("#backfill button[value=start]").waitFor();
    // Not on the button: a second Enter would start what nobody has read.
    await page.locator("#backfill .preview:focus").waitFor();
    const preview = await page.locator("#backfill").textContent();
    // June and July 2026 have 43 sessions: 45 weekdays less Juneteenth and Independence Day, kept on Friday 3 July.
    expect(preview).toContain("43");
    expect(preview).toMatch(/Juneteenth/i);
    await page.locator("#backfill button[value=start]").click();
    await page.waitForURL(/\/backfills\/\d+/);

    await barline.untilIdle();
    await page.goto(`${barline.url}/tickers`);
    await page.locator("input[type=search]").fill("simulated");
    const first = page.locator("a[href^='/tickers/']").first();
    await first.waitFor();
    await first.click();
    const canvas = page.locator("#chart canvas").first();
    await canvas.waitFor();
    expect(await colours(canvas)).toBeGreaterThan(5);
    await page.locator("#chart").hover();
    await page.locator("#readout").waitFor();
    expect(await page.locator("#readout").textContent()).toMatch(/2026/);
    await page.context().close();
  });

  test("the same works without JavaScript: forms post and redirect, prices are drawn by the server", async () => {
    const page = await open({ javaScriptEnabled: false });
    await fill(page, "2026-08-03", "2026-08-07");
    await page.locator("#backfill button[value=start]").click();
    expect(page.url()).toMatch(/\/backfills\/\d+/);
    await barline.untilIdle();
    await page.goto(`${barline.url}/tickers`);
    await page.locator("a[href^='/tickers/']").first().click();
    expect(await page.locator("#chart svg").count()).toBeGreaterThan(0);
    await page.context().close();
  });

  test("a form that cannot be done says so beside the field and keeps what was typed", async () => {
    const page = await open();
    await fill(page, "2026-08-07", "2026-08-03");
    const from = page.locator("#backfill [name=from][aria-invalid=true]");
    await from.waitFor();
    expect(await from.inputValue()).toBe("2026-08-07");
    const described = await from.getAttribute("aria-describedby");
    expect(await page.locator(`#${described?.split(" ").at(-1)}`).textContent()).toMatch(/after/);
    await page.locator("#backfill [name=from]:focus").waitFor();
    await page.context().close();
  });

  test("no page scrolls sideways on a phone or raises an error, in light or dark", async () => {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await open({ colorScheme });
      await page.setViewportSize({ width: 390, height: 844 });
      for (const path of [
        "/",
        "/jobs/stocks_polygon_ingest",
        "/jobs/stocks_polygon_load",
        "/jobs/stocks_polygon_dbt_transform",
        "/backfills/1",
        "/runs/1",
        "/tickers",
        "/about",
        "/export",
      ]) {
        await page.goto(barline.url + path);
        expect([path, await page.evaluate<number>("document.documentElement.scrollWidth")]).toEqual([path, 390]);
      }
      await page.context().close();
    }
    expect(troubles).toEqual([]);
  });
});

/** How many different colours a canvas shows: a blank one has one. */
async function colours(canvas: ReturnType<Page["locator"]>): Promise<number> {
  return await canvas.evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const data = (element as HTMLCanvasElement).getContext("2d")?.getImageData(0, 0, width, height).data ?? [];
    const seen = new Set<number>();
    for (let i = 0; i + 2 < data.length; i += 4)
      seen.add(((data[i] ?? 0) << 16) | ((data[i + 1] ?? 0) << 8) | (data[i + 2] ?? 0));
    return seen.size;
  });
}
