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
    const about = { ticker: "AAPL", date: "2024-01-09" };
    const { status, body } = await ask("?from=2024-01-09");
    expect(status).toBe(200);
    expect(body).toEqual([
      { ...about, statedAt: times[1], replacedAt: times[2], before: { ...said, vwap: 101.25 }, after: said },
      { ...about, statedAt: times[0], replacedAt: times[1], before: first, after: { ...said, vwap: 101.25 } },
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

describe("a bar that was taken back", () => {
  const files = { stated: "raw/stocks/daily/date=2024-01-05/a.json.gz", lacking: ["raw/b.json.gz", "raw/c.json.gz"] };
  const withdrawn = (query = "") => askApi(api, "GET", `/api/bars/AAPL/withdrawn${query}`);
  beforeAll(async () => {
    const { sql } = dashboard;
    const row = {
      ...{
        ticker: "AAPL",
        trade_date: "2024-01-05",
        ...said,
        stated_at: times[0],
        sequence: 3,
        withdrawn_at: times[2],
      },
      ...{ earlier_key: files.stated, doubted_key: files.lacking[0], later_key: files.lacking[1], returned_at: null },
    };
    await sql`
      insert into public.source_polygon_withdrawn_bars
      select * from jsonb_populate_record(null::public.source_polygon_withdrawn_bars, ${sql.json(row)})`;
  });

  test("is told over the API with what it said and the answers that lack it", async () => {
    const when = { statedAt: times[0], withdrawnAt: times[2], returnedAt: null };
    const told = { ticker: "AAPL", date: "2024-01-05", bar: said, ...when, files };
    expect(await withdrawn()).toEqual({ status: 200, body: [told] });
    expect((await withdrawn("?from=2024-01-06")).body).toEqual([]);
    expect((await withdrawn("?from=2024-01-09&to=2024-01-08")).status).toBe(422);
  });

  test("is told on the ticker's page and in its lineage, with both raw files", async () => {
    const text = await page();
    expect(text).toContain("withdrawn <time");
    expect(text).toContain(`href="/lake?key=${encodeURIComponent(files.stated)}"`);
    expect(text).toContain(`href="/lake?key=${encodeURIComponent(files.lacking[1] ?? "")}"`);
    const address = "/quality/lineage?ticker=AAPL&amp;date=2024-01-05";
    expect(text).toContain(`href="${address}"`);
    const lineage = await (await dashboard.app.request(address.replace("&amp;", "&"))).text();
    expect(lineage).toContain("Taken back by the vendor");
    for (const key of [files.stated, ...files.lacking]) expect(lineage).toContain(encodeURIComponent(key));
    expect(lineage).toContain("close 101.5");
  });

  test("says when it came back", async () => {
    await dashboard.sql`update public.source_polygon_withdrawn_bars set returned_at = ${times[2] ?? ""}`;
    expect((await withdrawn()).body).toMatchObject([{ returnedAt: times[2] }]);
    expect(await page()).toContain(", back <time");
  });

  test("is said to be doubtful before, in its lineage", async () => {
    await dashboard.sql`
      insert into barline.doubtful_bars values ('AAPL', '2024-01-05', 2, 'raw/b.json.gz', ${times[1] ?? ""})`;
    const text = await (await dashboard.app.request("/quality/lineage?ticker=AAPL&date=2024-01-05")).text();
    expect(text).toContain("doubtful");
  });
});
