import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";

const executable = findBrowser();
/** Until a change is found, built and shown, on a busy machine. */
const patience = { timeout: 60_000 };

describe.skipIf(executable === undefined)("a workspace in a browser", () => {
  let barline: BarlineProcess;
  let browser: Browser;
  const troubles: string[] = [];
  const inWorkspace = (path: string) => join(barline.dataDir, "workspace", path);
  /** Takes an example into use, as its README says. */
  const use = (path: string) => renameSync(inWorkspace(`${path}.example`), inWorkspace(path));

  beforeAll(async () => {
    barline = await startBarline({ CATCHUP: "none", START_DATE: "2025-01-02" });
    browser = await launchBrowser(executable ?? "");
    await fetch(`${barline.url}/api/jobs/stocks_polygon_ingest/backfills`, {
      method: "POST",
      body: JSON.stringify({ from: "2025-05-01", to: "2025-06-06" }),
    });
    await barline.untilIdle();
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await barline?.stop();
  });

  const open = async (path: string): Promise<Page> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    const page = await context.newPage();
    page.on("pageerror", (error) => troubles.push(String(error)));
    await page.goto(`${barline.url}${path}`);
    return page;
  };

  /** What axe finds on the page while much is wrong, and whether it scrolls sideways on a phone. */
  const axeFinds = async (colorScheme: "light" | "dark"): Promise<string[]> => {
    // Pages allow scripts of their own files alone, which axe is not.
    const context = await browser.newContext({ viewport: { width: 360, height: 900 }, colorScheme, bypassCSP: true });
    const page = await context.newPage();
    await page.goto(`${barline.url}/workspace`);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() =>
      (window as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ["violations"] }),
    );
    await context.close();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.target.join(" ")}`);
  };

  test("shows a newcomer's model and strategy without a restart, from the page to where each is used", async () => {
    const page = await open("/workspace");
    await page.locator("#models .empty", { hasText: "models/z_score.sql.example" }).waitFor();
    use("models/z_score.sql");
    use("models/z_score.yml");
    use("strategies/z-score.ts");
    await page.locator("#group-z_score > header", { hasText: "Published" }).waitFor(patience);
    const row = page.locator("#group-z_score tbody tr");
    expect(await row.textContent()).toContain("2 passed");
    await page.locator("#strategies", { hasText: "No look-ahead" }).waitFor(patience);

    await row.getByRole("link", { name: "Screener" }).click();
    await page.waitForURL("**/screener?columns=z_score.z_score");
    expect(await page.locator("thead").textContent()).toContain("z_score");
    expect(await page.locator("tbody tr").first().locator("td").last().textContent()).toMatch(/^[−\d]/);
    await page.goBack();
    const shownOn = page.locator("#group-z_score tbody").getByRole("link", { name: /page and chart/ });
    const ticker = (await shownOn.textContent()) ?? "";
    await shownOn.click();
    await page.waitForURL("**/tickers/*?indicators=z_score.z_score");
    await page.locator("section[aria-label='Workspace: z_score']", { hasText: "z_score" }).waitFor();
    await page.goBack();
    await page.getByRole("link", { name: "Backtest Z-score" }).click();
    await page.waitForURL("**/backtest?strategy=z_score");
    await page.fill("#bt-ticker", ticker);
    await page.locator("button", { hasText: "Run the backtest" }).click();
    await page.locator("h2", { hasText: `${ticker} · Z-score` }).waitFor(patience);
    await page.goto(`${barline.url}/graph?part=workspace`);
    await page.locator("svg.graph-wide .band-2.good", { hasText: "z_score" }).waitFor();
    await page.context().close();
  }, 180_000);

  test("shows what is broken with file and line, while the market's pages stand", async () => {
    const page = await open("/workspace");
    writeFileSync(inWorkspace("models/torn.sql"), "select 1 as x\n\nfrom {{ ref('nothing_of_that_name') }}");
    writeFileSync(inWorkspace("models/unclosed.sql"), "{% if true %}\nselect 1 as x");
    writeFileSync(inWorkspace("models/no_yaml.yml"), "models:\n  - name: [");
    writeFileSync(inWorkspace("models/missing_column.sql"), "select nothing_like_it from {{ ref('dim_securities') }}");
    writeFileSync(inWorkspace("tests/finds.sql"), "select ticker from {{ ref('z_score') }}");
    writeFileSync(inWorkspace("strategies/throws.ts"), "\nthrow new Error('not today');\n");
    const told = (place: string) => page.locator("#workspace .fault", { hasText: place }).first().waitFor(patience);
    await told("models/torn.sql:3");
    await told("models/unclosed.sql:");
    await told("models/no_yaml.yml:2");
    await told("models/missing_column.sql");
    await told("tests/finds.sql");
    await told("strategies/throws.ts:2");
    for (const colorScheme of ["light", "dark"] as const) expect(await axeFinds(colorScheme)).toEqual([]);
    // What was published of the group whose test fails now is still there, and so is the market.
    await page.goto(`${barline.url}/screener?columns=z_score.z_score`);
    expect(await page.locator("tbody tr").count()).toBeGreaterThan(10);
    await page.goto(`${barline.url}/market`);
    await page.locator("h1").waitFor();
    expect(await page.locator("[role=alert]").count()).toBe(0);
    await page.goto(`${barline.url}/graph?part=workspace`);
    await page.locator("svg.graph-wide .band-2.bad", { hasText: "missing_column" }).waitFor();
    rmSync(inWorkspace("tests/finds.sql"));
    await page.goto(`${barline.url}/workspace`);
    await page.locator("#group-z_score > header", { hasText: "Published" }).waitFor(patience);
    await page.context().close();
  }, 180_000);

  test("raised no error in the browser", () => {
    expect(troubles).toEqual([]);
  });
});
