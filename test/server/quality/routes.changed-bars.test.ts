import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addMarketSample, hostile } from "../sample.ts";

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addMarketSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());

test("the quality page names the bars that the vendor changed last, with the way to its answers; nothing where there are none", async () => {
  const page = async () => await (await dashboard.app.request("/quality")).text();
  expect(await page()).not.toContain("Changed by the vendor");
  const bar = {
    trade_date: "2020-01-03",
    open: 1,
    high: 1,
    low: 1,
    close: 1,
    volume: 1,
    vwap: null,
    transactions: null,
  };
  const revised = { ...bar, ticker: hostile, stated_at: "2020-01-04T01:00Z", replaced_at: "2020-01-07T01:00Z" };
  const keys = { doubted_key: "raw/b.json.gz", later_key: "raw/c.json.gz", sequence: 1 };
  const withdrawn = {
    ...bar,
    ...keys,
    ticker: "BRK.B",
    stated_at: "2020-01-04T01:00Z",
    withdrawn_at: "2020-01-08T01:00Z",
  };
  const { sql } = dashboard;
  await sql`
    insert into source_polygon_stock_bars_restatements
    select * from jsonb_populate_record(null::source_polygon_stock_bars_restatements, ${sql.json(revised)})`;
  await sql`
    insert into source_polygon_withdrawn_bars
    select * from jsonb_populate_record(null::source_polygon_withdrawn_bars, ${sql.json(withdrawn)})`;
  const text = await page();
  expect(text).toContain('<a href="/quality/lineage?ticker=BRK.B&amp;date=2020-01-03">BRK.B, 3 Jan 2020</a>');
  expect(text.indexOf("withdrawn <time")).toBeLessThan(text.indexOf("revised <time"));
  expect(text).not.toContain(hostile);
});
