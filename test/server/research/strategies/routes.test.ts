import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sampleMarket } from "../../../../server/backtest/checks/sample-market.ts";
import { metricDefinitions } from "../../../../server/backtest/definitions.ts";
import { rules, universeRules } from "../../../../server/backtest/rules.ts";
import { strategies } from "../../../../server/backtest/strategies/index.ts";

import { type Dashboard, openDashboard, openingMs } from "../../dashboard.ts";
import { publishMarket } from "../backtests/universe-market.ts";

let dashboard: Dashboard;
let bare: Dashboard;
let page = "";
beforeAll(async () => {
  dashboard = await openDashboard();
  bare = await openDashboard();
  await publishMarket(dashboard.sql, sampleMarket(70, 420));
  page = await (await dashboard.app.request("/strategies")).text();
}, openingMs);
afterAll(async () => {
  await dashboard.close();
  await bare.close();
});

/** The text of a page between two of its ids, without tags. */
const part = (from: string, to?: string) => {
  const start = page.indexOf(`id="${from}"`);
  const end = to === undefined ? page.length : page.indexOf(`id="${to}"`, start);
  expect(start).toBeGreaterThan(-1);
  return page.slice(start, end).replaceAll(/<[^>]+>/g, "");
};

const cardOf = (id: string) => {
  const start = page.indexOf(`id="strategy-${id}"`);
  return page.slice(start, page.indexOf("</article>", start)).replaceAll(/<[^>]+>/g, "");
};

/** As it is read. */
const plain = (text: string) =>
  text
    .replaceAll("&amp;", "&")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#39;", "'")
    .replaceAll("&quot;", '"');

describe("the page of strategies", () => {
  test.each(strategies.map((strategy) => [strategy.id, strategy] as const))(
    "tells %s with its rule, its parameters and both of its checks",
    (id, strategy) => {
      const text = plain(cardOf(id));
      expect(text).toContain(strategy.description.replaceAll("`", ""));
      for (const name of Object.keys(strategy.parameters.shape)) expect(text).toContain(name);
      expect(text).toContain("No look-ahead");
      expect(text).toContain("Warm-up holds");
    },
  );

  test("says what a parameter is by default and may be", () => {
    expect(part("strategy-momentum", "strategy-mean_reversion")).toContain(
      "longWindow50Sessions of the long moving average. A whole number from 2 to 1,000.",
    );
    expect(part("strategy-mean_reversion", "strategy-macd")).toContain("A number above 0, up to 10.");
  });

  test("leads to a run of each on published data", async () => {
    const links = [...page.matchAll(/href="(\/backtest\?[^"]+)"/g)].map(([, href = ""]) => plain(href));
    expect(links).toHaveLength(strategies.length);
    expect(links).toContain("/backtest?strategy=cross_sectional_momentum");
    for (const link of links) expect((await dashboard.app.request(link)).status).toBe(200);
  });

  test("has every rule, and an anchor for each figure with its formula", () => {
    const text = plain(part("rules"));
    for (const rule of [...rules, ...universeRules]) expect(text).toContain(rule.replaceAll("`", ""));
    for (const [name, { label, formula }] of Object.entries(metricDefinitions)) {
      expect(plain(part(`metric-${name}`))).toStartWith(
        `id="metric-${name}">${label} ${name}${formula.replaceAll("`", "")}`,
      );
    }
  });

  test("has every place of its own that it links to", () => {
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(targets.length).toBeGreaterThan(20);
    for (const id of targets) expect(page).toContain(`id="${id}"`);
  });

  test("has neither inline styles nor inline scripts", () => {
    expect(page).not.toContain("style=");
    expect(page).not.toMatch(/<script(?![^>]*src=)/);
  });

  test("tells strategies and rules before anything is published, and that nothing could be checked", async () => {
    const response = await bare.app.request("/strategies");
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).toContain("Nothing is published yet");
    expect(text).toContain('id="metric-sharpe"');
    expect(text).not.toContain("No look-ahead</span>");
    expect(text).not.toContain('href="/backtest?');
  });

  test("checks anew when the published data change, and not before", async () => {
    const shown = async () =>
      (await (await dashboard.app.request("/strategies")).text()).match(/Checked on [\d,]+ sessions/)?.[0];
    expect(await shown()).toBe("Checked on 420 sessions");
    await dashboard.sql`
      delete from public.fct_polygon__stock_bars_performance where trade_date = (
        select max(trade_date) from public.fct_polygon__stock_bars_performance
      )`;
    expect(await shown()).toBe("Checked on 420 sessions");
    await dashboard.sql`update public.fct_polygon__market_breadth_daily set source_inserted_at = '2025-02-01Z'`;
    expect(await shown()).toBe("Checked on 419 sessions");
  });
});
