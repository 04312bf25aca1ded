import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { sitePages } from "../../views/site.ts";
import { type BarlineProcess, startBarline } from "../support/barline.ts";
import { findBrowser, launchBrowser } from "../support/browser.ts";

const executable = findBrowser();
const widths = process.env.SOAK ? [360, 390, 768, 1280, 1440] : [390, 1280];

/** By theme: a page's faults are looked for in both, at each width only under SOAK. */
const looks = widths.flatMap((width, index) =>
  (["light", "dark"] as const)
    .filter((_, theme) => process.env.SOAK || (index + theme) % 2 === 0)
    .map((colorScheme) => ({ width, colorScheme })),
);

type Fault = { page: string; rule: string; at: string[] };

describe.skipIf(executable === undefined)("every page in a browser", () => {
  let barline: BarlineProcess;
  let browser: Browser;
  let paths: string[];

  beforeAll(async () => {
    barline = await startBarline({ START_DATE: "2026-06-01", POLYGON_API_KEY: "", CATCHUP: "all", WORKERS: "2" });
    await barline.untilIdle();
    browser = await launchBrowser(executable ?? "");
    paths = [...sitePages.map(({ href }) => href), ...(await pagesOfSomething())];
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await barline?.stop();
  });

  const ask = async (path: string, body?: unknown) => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${barline.url}${path}`, { ...init, headers: { "Content-Type": "application/json" } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return await response.json();
  };

  /** Pages about one thing each, with something in them. */
  async function pagesOfSomething(): Promise<string[]> {
    const runs = (await ask("/api/runs?limit=200")) as { id: number; job: string }[];
    const of = (job: string) => runs.find((run) => run.job.includes(job))?.id;
    const [fetched, built] = [of("ingest"), of("transform")];
    const { tasks } = (await ask(`/api/runs/${fetched}`)) as { tasks: { id: number }[] };
    await ask(`/api/runs/${fetched}/mark`, { state: "failed", reason: "To see how it looks." });
    const [{ ticker } = { ticker: "" }] = (await ask("/api/screener?limit=1")).tickers as { ticker: string }[];
    const asked = { ticker, strategy: "momentum", from: "2026-06-01", to: "2026-10-01" };
    const scenario = await ask("/api/scenarios", { name: "Kept", request: asked });
    const low = { name: "Low", ticker, column: "rsi_14", operator: "below", value: "40" };
    const alert = await ask("/api/data-alerts", low);
    return [
      `/alerts/data/${alert.id}`,
      ...[`/runs/${fetched}`, `/runs/${fetched}/timeline`, `/runs/${fetched}/log`, `/runs/${fetched}/mark`],
      ...[`/runs/${built}`, `/runs/${fetched}/tasks/${tasks[0]?.id}`, `/runs?alike=${fetched}`],
      ...["/jobs/stocks_polygon_ingest", "/jobs/stocks_polygon_load", "/jobs/stocks_polygon_dbt_transform"],
      ...["/datasets/s3%3A%2F%2Ftest%2Fmanifests", "/events/1", "/calendar?day=2026-09-01", "/grid?limit=100"],
      ...[`/tickers/${ticker}`, `/tickers/${ticker}?scale=log&indicators=rsi_14&interval=week`],
      ...["/screener?rsi_14_max=60", "/market?range=all", "/search?q=a"],
      `/quality/lineage?ticker=${ticker}&session=2026-09-01`,
      ...["/quality/models/fct_polygon__stock_bars_performance", "/quality/tests/bars_lie_on_sessions"],
      ...[`/backtest?${new URLSearchParams(asked)}`, `/backtest/tear-sheet?${new URLSearchParams(asked)}`],
      ...["/backtest?strategy=cross_sectional_momentum", `/scenarios/${scenario.id}`, "/graph?part=pipeline"],
      "/nowhere",
    ];
  }

  async function faultsOf(page: Page, path: string): Promise<Fault[]> {
    await page.goto(`${barline.url}${path}`, { waitUntil: "load" });
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    await page.evaluate(axe.source);
    const { violations } = await page.evaluate(() =>
      (window as unknown as { axe: typeof axe }).axe.run(document, { resultTypes: ["violations"] }),
    );
    const where = `${path} at ${page.viewportSize()?.width}`;
    return [
      ...(overhang > 0 ? [{ page: where, rule: "scrolls sideways", at: [`${overhang} pixels`] }] : []),
      ...violations.map(({ id, nodes }) => ({
        page: where,
        rule: id,
        at: nodes.slice(0, 3).map(({ target }) => target.join(" ")),
      })),
    ];
  }

  test.each(looks)(
    "has nothing that axe finds, and none scrolls sideways, at $width in $colorScheme",
    async ({ width, colorScheme }) => {
      // Pages allow scripts of their own files alone, which axe is not.
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, bypassCSP: true });
      const page = await context.newPage();
      const faults: Fault[] = [];
      for (const path of paths) faults.push(...(await faultsOf(page, path)));
      await context.close();
      expect(faults).toEqual([]);
    },
    600_000,
  );
});
