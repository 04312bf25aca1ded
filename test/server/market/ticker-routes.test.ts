import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { addMartSample, publishBars, publishMarts } from "./sample.ts";
import { listRelation } from "./workspace-sample.ts";

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

describe("a ticker's chart", () => {
  const json = async (path: string) => (await dashboard.app.request(path)).json();

  test("is drawn by the server as its address says, with controls that are links and forms", async () => {
    const page = await text("/tickers/AAPL?range=all&scale=log&interval=month&indicators=rsi_14,volume&compare=BRK.B");
    expect(page).toContain(
      '<a href="/tickers/AAPL?range=all&amp;interval=month&amp;indicators=rsi_14,volume&amp;compare=BRK.B"',
    );
    expect(page).toContain('aria-label="Compared prices of AAPL"');
    expect(page).toMatch(/months: each 100 at its first close, in the end AAPL [\d.]+, BRK\.B [\d.]+/);
    expect(page).toContain('<input type="hidden" name="scale" value="log"/>');
    expect(page).toMatch(/value="return_252d"\/>/);
    expect(page).toContain('aria-label="Compare without BRK.B"');
  });

  test("says which tickers to compare have no bars", async () => {
    expect(await text("/tickers/AAPL?compare=aapl,<b>")).toContain("No bars of aapl, &lt;b&gt; are published.");
    expect(await json("/tickers/AAPL/bars.json?compare=NOPE")).toMatchObject({ compare: [], unknown: ["NOPE"] });
  });

  test("answers every stored column by session, others at its own sessions, and nothing that is no column", async () => {
    const found = await json("/tickers/AAPL/bars.json?indicators=return_1d,ticker,distance_from_avg_20d&compare=BRK.B");
    expect(found.indicators.map(({ column }: { column: string }) => column)).toEqual([
      "return_1d",
      "distance_from_avg_20d",
    ]);
    expect(found.indicators[0].values.slice(0, 3)).toEqual([null, -0.5, 0.02]);
    expect(found.compare[0].close.slice(0, 2)).toEqual([null, 200]);
  });

  test("shows columns of the people's own models by session, and says which of them cannot be read", async () => {
    const { sql } = dashboard;
    await sql`create view public.scores as
      select ticker, trade_date, close_price * 2 as score, 'x'::text as word from public.fct_polygon__stock_bars_performance`;
    await sql`create view public.broken as
      select ticker, trade_date, 1 / (volume * 0) as ratio from public.fct_polygon__stock_bars_performance`;
    await listRelation(sql, "scores", "ticker_session", [{ name: "score" }, { name: "word", kind: "text" }]);
    await listRelation(sql, "broken", "ticker_session", [{ name: "ratio" }]);
    const page = await text("/tickers/AAPL");
    expect(page).toContain('value="scores.score"');
    expect(page).not.toContain('value="scores.word"');
    const found = await json("/tickers/AAPL/bars.json?indicators=scores.score,scores.word,broken.ratio");
    expect(found.indicators).toHaveLength(1);
    expect(found.indicators[0]).toMatchObject({ column: "scores.score", pane: "scores.score" });
    expect(found.indicators[0].values.slice(0, 2)).toEqual([200, 100]);
    expect(found.problems).toEqual([expect.stringContaining("broken cannot be read: ")]);
    expect(await text("/tickers/AAPL?indicators=broken.ratio")).toContain("broken cannot be read: ");
    await sql`drop view public.scores, public.broken`;
  });

  test("is saved as CSV as it is seen", async () => {
    const csv = await text("/tickers/AAPL/bars.csv?from=2020-03-13&to=2020-03-16&indicators=return_1d");
    expect(csv.split("\r\n").slice(0, 3)).toEqual([
      "session,open,high,low,close,volume,return_1d",
      "2020-03-13,100,101,99,100,1000000,",
      "2020-03-16,50,51,49,50,1000000,-0.5",
    ]);
    const compared = await text("/tickers/AAPL/bars.csv?from=2020-03-13&to=2020-03-16&compare=BRK.B&indicators=none");
    expect(compared.split("\r\n").slice(0, 3)).toEqual(["session,AAPL,BRK.B", "2020-03-13,100,", "2020-03-16,50,100"]);
    expect((await dashboard.app.request("/tickers/NOPE/bars.csv")).status).toBe(404);
  });
});
