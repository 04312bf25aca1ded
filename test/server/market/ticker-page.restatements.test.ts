import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { ask as askApi } from "../api-support.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { createTestApp, type TestApp } from "../support.ts";
import { addMartSample } from "./sample.ts";

let dashboard: Dashboard;
let api: TestApp;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addMartSample(dashboard.sql);
  api = createTestApp({ read: dashboard.sql });
}, openingMs);
afterAll(() => dashboard.close());

const page = async (ticker = "AAPL") => (await dashboard.app.request(`/tickers/${ticker}`)).text();
const ask = (query = "", ticker = "AAPL") => askApi(api, "GET", `/api/bars/${ticker}/restatements${query}`);

const said = { open: 100, high: 103, low: 99.5, close: 101.5, volume: 5000.25, vwap: null, transactions: 40 };
const first = { ...said, close: 101.504, volume: 4000 };
const times = ["2024-01-09T22:00:00.000Z", "2024-01-10T22:00:00.000Z", "2024-01-11T22:00:00.000Z"];

test("nothing is said of corrections before there is a snapshot", async () => {
  expect(await page()).not.toContain("Corrected bars");
  expect(await ask()).toEqual({ status: 200, body: [] });
});

describe("a bar that was stated anew", () => {
  beforeAll(async () => {
    await dashboard.sql`
      create table public.snapshot_polygon_stock_bars (
        ticker text, trade_date date, open numeric, high numeric, low numeric, close numeric, volume numeric, vwap numeric,
        transactions bigint, stated_at timestamptz, dbt_valid_from timestamptz, dbt_valid_to timestamptz)`;
  });
  beforeEach(async () => {
    const { sql } = dashboard;
    await sql`truncate public.snapshot_polygon_stock_bars`;
    const versions = [first, { ...said, vwap: 101.25 }, said].map((version, index) => ({
      ...{ ticker: "AAPL", trade_date: "2024-01-09", ...version },
      ...{ stated_at: times[index], dbt_valid_from: times[index], dbt_valid_to: times[index + 1] ?? null },
    }));
    const other = [1, 2].map((close, index) => ({
      ...{ ...versions[index], trade_date: "2024-01-08", close },
      dbt_valid_to: index === 0 ? times[1] : null,
    }));
    await sql`
      insert into public.snapshot_polygon_stock_bars
      select * from jsonb_populate_recordset(null::public.snapshot_polygon_stock_bars, ${sql.json([...versions, ...other])})`;
  });

  test("is told over the API with each correction, the newest first", async () => {
    const { status, body } = await ask("?from=2024-01-09");
    expect(status).toBe(200);
    expect(body).toEqual([
      { date: "2024-01-09", statedAt: times[1], replacedAt: times[2], before: { ...said, vwap: 101.25 }, after: said },
      { date: "2024-01-09", statedAt: times[0], replacedAt: times[1], before: first, after: { ...said, vwap: 101.25 } },
    ]);
    expect((await ask("?to=2024-01-08")).body).toHaveLength(1);
    expect((await ask("?limit=1")).body).toHaveLength(1);
    expect((await ask("", "aapl")).body).toEqual([]);
  });

  test("is refused over the API where the range is turned round, by the field's name", async () => {
    const { status, body } = await ask("?from=2024-01-09&to=2024-01-08");
    expect(status).toBe(422);
    expect(body.error.message).toContain("`from`");
  });

  test("is told on the ticker's page: what changed, from what to what, and when", async () => {
    const text = await page();
    expect(text).toContain("Corrected bars");
    expect(text.match(/<li><b>\d+ Jan 2024<\/b>/g)).toHaveLength(3);
    expect(text).toContain(`datetime="${times[2]}"`);
    expect(text).toMatch(/VWAP <del>101\.25<\/del>.*?<ins>–<\/ins>/);
    expect(text).toMatch(/volume <del>4,000<\/del>.*?<ins>5,000<\/ins>/);
    // To the cent they would look the same.
    expect(text).toMatch(/close <del>101\.504<\/del>.*?<ins>101\.5<\/ins>/);
    expect(text).not.toContain("open <del>");
    expect(await page("GONE")).not.toContain("Corrected bars");
  });
});
