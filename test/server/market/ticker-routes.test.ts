import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addMartSample, publishBars, publishMarts } from "./sample.ts";

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard();
  await addMartSample(dashboard.sql);
}, openingMs);
afterAll(() => dashboard.close());

const text = async (path: string) => (await dashboard.app.request(path)).text();

describe("a ticker's page", () => {
  test("tells the indicators of its last bar, each as its kind is written", async () => {
    const page = await text("/tickers/AAPL");
    expect(page).toContain("9 Jan 2024, adjusted for splits");
    expect(page).toMatch(/<dt>RSI 14<\/dt><dd class="">71\.3<\/dd>/);
    expect(page).toMatch(/<dt>v MA 200<\/dt><dd class="up">\+20\.00%<\/dd>/);
    expect(page).toMatch(/<dt>63 days<\/dt><dd class="">–<\/dd>/);
  });

  test("knows no range of a year where there is no year of bars, as the screener knows no high of one", async () => {
    expect(await text("/tickers/AAPL")).toContain("<dt>52-week range</dt><dd>–</dd>");
  });

  test("says when a ticker was delisted, and of which sessions' universe it was", async () => {
    const page = await text("/tickers/GONE");
    expect(page).toContain('<span class="tag">delisted on 3 May 2021</span>');
    expect(page).toContain('<a href="/screener?date=2020-03-16">16 Mar 2020</a>');
    expect(page).toContain('<a href="/screener?date=2021-04-30">30 Apr 2021</a>');
    expect(await text("/tickers/AAPL")).not.toContain("delisted");
  });

  test("follows a new session", async () => {
    await publishBars(dashboard.sql, [
      {
        ticker: "AAPL",
        trade_date: "2024-01-10",
        open_price: 1,
        high_price: 1,
        low_price: 1,
        close_price: 1,
        volume: 1,
        rsi_14: 3,
      },
    ]);
    await publishMarts(dashboard.sql);
    expect(await text("/tickers/AAPL")).toMatch(/<dt>RSI 14<\/dt><dd class="">3\.0<\/dd>/);
  });
});
