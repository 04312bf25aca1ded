import { afterAll, beforeAll } from "bun:test";
import type { Server } from "bun";
import type { Browser, Page } from "playwright-core";
import { type Dashboard, openDashboard } from "../server/dashboard.ts";
import { addBacktestSample } from "../server/research/backtests/sample.ts";
import { launchBrowser } from "./browser.ts";

type Look = { javaScriptEnabled?: boolean; width?: number };

/**
 * A dashboard over the sample of backtests, and a browser on it, for the tests of one `describe`. Answers what opens a page in a
 * context of its own, which its test closes.
 */
export function browseBacktests(executable: string | undefined): (path: string, look?: Look) => Promise<Page> {
  let dashboard: Dashboard;
  let server: Server<undefined>;
  let browser: Browser;

  beforeAll(async () => {
    dashboard = await openDashboard();
    await addBacktestSample(dashboard.sql);
    server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: dashboard.app.fetch });
    browser = await launchBrowser(executable ?? "");
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop(true);
    await dashboard?.close();
  });

  return async (path, { javaScriptEnabled = true, width = 1440 } = {}) => {
    const context = await browser.newContext({ viewport: { width, height: 900 }, javaScriptEnabled });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${server.port}${path}`);
    return page;
  };
}
