import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { JsonValue } from "../../../db/client.ts";
import { mergeListings } from "../../../db/queries/market/listings.ts";
import { mergeTickers } from "../../../db/queries/market/reference.ts";
import { parseTickers } from "../../../jobs/market/reference.ts";
import { bar, openTransform, weekday, writeBars, writeSplits } from "../../jobs/transform/support.ts";
import { ask as askApi } from "../api-support.ts";
import { type Dashboard, openDashboard, openingMs } from "../dashboard.ts";
import { createTestApp, type TestApp } from "../support.ts";

const builtAt = new Date("2018-06-01T22:00:00Z");
/** META stood for a fund for 20 sessions, and for the company that had been FB from session 30 on; NEXT trades in all 40. */
const [fundEnds, renamed, end] = [20, 30, 40];
const barsOf = (ticker: string, from: number, to: number) =>
  Array.from({ length: to - from }, (_, step) => bar(ticker, from + step));
const company = { name: "Meta Example Inc.", type: "CS", composite_figi: "BBG000EXMET1", cik: "0001326801" };
const fund = { name: "Example Ball Metaverse ETF", type: "ETF", composite_figi: "BBG000EXBALL" };
const lists = [
  { ticker: "META", active: true, ...company },
  { ticker: "FB", active: false, ...company, delisted_utc: `${weekday(renamed)}T04:00:00Z` },
  { ticker: "META", active: false, ...fund, delisted_utc: `${weekday(fundEnds)}T05:00:00Z` },
  {
    ticker: "GONE",
    active: false,
    name: "Gone Inc.",
    type: "CS",
    composite_figi: "BBG000EXGONE",
    delisted_utc: weekday(35),
  },
  { ticker: "NEXT", active: true, name: "Next Inc.", type: "CS", composite_figi: "BBG000EXNEXT" },
];

let dashboard: Dashboard;
let api: TestApp;
beforeAll(async () => {
  dashboard = await openDashboard();
  const { sql } = dashboard;
  const parsed = parseTickers([{ answer: { results: lists } }]);
  await sql.begin(async (transaction) => {
    const rows = parsed.rows as unknown as JsonValue;
    await mergeTickers(transaction, rows, builtAt);
    await mergeListings(transaction, rows, builtAt);
  });
  const bars = [
    ...[barsOf("FB", 0, renamed), barsOf("META", 0, fundEnds), barsOf("META", renamed, end)],
    ...[barsOf("GONE", 0, 35), barsOf("NEXT", 0, end), barsOf("LINX", 10, 17)],
  ].flat();
  await writeBars(sql, bars, builtAt);
  await writeSplits(sql, [{ ticker: "META", date: weekday(35), from: 1, to: 2, active: true }], builtAt);
  expect((await openTransform(sql, { now: () => builtAt }).build()).published).toBe(true);
  api = createTestApp({ read: sql });
}, openingMs);
afterAll(() => dashboard.close());

const ask = (path: string) => askApi(api, "GET", path);
const page = async (path: string) => (await dashboard.app.request(path)).text();
const labels = (body: { ticker: string }[]) =>
  body.map(({ ticker }) => ticker).filter((label, index, all) => label !== all[index - 1]);

describe("bars over the API", () => {
  test("are the security's, each with the label of its session, by the new label and by the old one", async () => {
    const { body } = await ask("/api/bars/META");
    expect(body).toHaveLength(end);
    expect(labels(body)).toEqual(["FB", "META"]);
    expect(body[0]).toMatchObject({ date: weekday(0), ticker: "FB", close: bar("FB", 0).close / 2 });
    expect((await ask("/api/bars/FB")).body).toEqual(body);
    expect((await ask("/api/bars/META?adjusted=false")).body[0]).toMatchObject({ close: bar("FB", 0).close });
  });

  test("are the label's own where that is asked for, whoever held it", async () => {
    const { body } = await ask("/api/bars/META?label=exact");
    expect(body.map(({ date }: { date: string }) => date)).toEqual(
      [...barsOf("META", 0, fundEnds), ...barsOf("META", renamed, end)].map(({ date }) => date),
    );
    expect((await ask("/api/bars/META?label=any")).status).toBe(422);
  });
});

describe("the page of a ticker", () => {
  test("shows its security with earlier names, and leads to who else had the label", async () => {
    const html = await page("/tickers/META");
    expect(html).toContain("Earlier names");
    expect(html).toContain("Also called META");
    expect(html).toContain('href="/tickers/META?security=BBG000EXBALL"');
    expect(html).toContain("40 sessions");
    const fundPage = await page("/tickers/META?security=BBG000EXBALL");
    expect(fundPage).toContain("Example Ball Metaverse ETF");
    expect(fundPage).toContain("20 sessions");
    expect(fundPage).toContain("delisted on");
    expect(fundPage).toContain('href="/tickers/META?security=BBG000EXMET1"');
    expect(fundPage).toContain('data-security="BBG000EXBALL"');
  });

  test("of an old label says what it is now", async () => {
    const html = await page("/tickers/FB");
    expect(html).toContain('FB is an earlier name of <a href="/tickers/META">META</a>');
    expect(html).toContain("40 sessions");
    expect(html).not.toContain("delisted");
  });

  test("is found in the list of tickers by what it is called now", async () => {
    const html = await page("/tickers?q=FB");
    expect(html).toContain('<a class="tag" href="/tickers/META">now META</a>');
    expect(await page("/tickers?q=GONE")).toContain('<span class="tag">delisted</span>');
  });

  test("of one that no list has does not call it delisted", async () => {
    const html = await page("/tickers/LINX");
    expect(html).toContain("in no list of the vendor");
    expect(html).not.toContain("delisted");
  });

  test("has a chart that marks where the name became another", async () => {
    const chart = JSON.parse(await page("/tickers/META/bars.json"));
    expect(chart.names).toEqual([{ date: weekday(renamed), from: "FB", to: "META" }]);
    expect(chart.splits).toEqual([{ date: weekday(35), from: 1, to: 2 }]);
    const ofFund = JSON.parse(await page("/tickers/META/bars.json?security=BBG000EXBALL"));
    expect(ofFund.date).toHaveLength(fundEnds);
    expect([ofFund.names, ofFund.splits]).toEqual([[], []]);
  });
});

describe("what the vendor did to a security's bars", () => {
  const stated = { open: 10, high: 12, low: 9, close: 11, volume: 100, vwap: null, transactions: 7 };
  const files = { earlier_key: "raw/a.json.gz", doubted_key: "raw/b.json.gz", later_key: "raw/c.json.gz" };
  /** Under FB, under META while it was the fund's, and under META since. */
  const rows = [
    { ticker: "FB", trade_date: weekday(12) },
    { ticker: "META", trade_date: weekday(12) },
    { ticker: "META", trade_date: weekday(33) },
  ];

  beforeAll(async () => {
    const { sql } = dashboard;
    const times = { stated_at: builtAt, withdrawn_at: builtAt, returned_at: null, sequence: 1 };
    const withdrawn = rows.map((row) => ({ ...row, ...stated, ...times, ...files }));
    await sql`
      insert into public.source_polygon_withdrawn_bars
      select * from jsonb_populate_recordset(null::public.source_polygon_withdrawn_bars, ${sql.json(withdrawn as never)})`;
    const versions = rows.flatMap((row) =>
      [1, 2].map((volume) => ({
        ...{ ...row, ...stated, volume, stated_at: new Date(builtAt.getTime() + volume * 1000) },
        dbt_valid_from: new Date(builtAt.getTime() + volume * 1000),
        dbt_valid_to: volume === 1 ? new Date(builtAt.getTime() + 2000) : null,
      })),
    );
    await sql`drop table public.snapshot_polygon_stock_bars`;
    await sql`
      create table public.snapshot_polygon_stock_bars (
        ticker text, trade_date date, open numeric, high numeric, low numeric, close numeric, volume numeric, vwap numeric,
        transactions bigint, stated_at timestamptz, dbt_valid_from timestamptz, dbt_valid_to timestamptz)`;
    await sql`
      insert into public.snapshot_polygon_stock_bars
      select * from jsonb_populate_recordset(null::public.snapshot_polygon_stock_bars, ${sql.json(versions as never)})`;
    const [run] = await sql<[{ id: number }]>`
      insert into barline.runs (job_id, state, trigger) values ('stocks_polygon_dbt_transform', 'success', 'dataset') returning id`;
    const held = { test: "odd_bars", reason: "low is above high" };
    const [quarantine] = await sql<[{ id: number }]>`
      insert into barline.quarantines (ticker, since, test, reason, run_id)
      values ('FB', ${builtAt}, ${held.test}, ${held.reason}, ${run.id}) returning id`;
    const bar = { quarantine_id: quarantine.id, ...rows[0], ...stated, ...held, run_id: run.id, held_at: builtAt };
    await sql`
      insert into barline.quarantined_bars
      select * from jsonb_populate_record(null::barline.quarantined_bars, ${sql.json(bar as never)})`;
  });

  test.each(["restatements", "withdrawn"])(
    "is told over the API of the security, or of the label: %s",
    async (what) => {
      const told = async (path: string) =>
        (await ask(path)).body
          .map(({ ticker, date }: { ticker: string; date: string }) => `${ticker} ${date}`)
          .toSorted();
      const [underFb = "", asFund = "", underMeta = ""] = rows.map((row) => `${row.ticker} ${row.trade_date}`);
      expect(await told(`/api/bars/META/${what}`)).toEqual([underFb, underMeta]);
      expect(await told(`/api/bars/FB/${what}`)).toEqual([underFb, underMeta]);
      expect(await told(`/api/bars/META/${what}?label=exact`)).toEqual([asFund, underMeta]);
      expect((await ask(`/api/bars/META/${what}?label=any`)).status).toBe(422);
    },
  );

  test("stands on its page whatever its label was, with the label named", async () => {
    const html = await page("/tickers/META");
    expect(html.match(/ as FB</g)).toHaveLength(22);
    expect(html).toContain(`href="/quality/lineage?ticker=FB&amp;date=${weekday(12)}"`);
    expect(html).toContain("FB in quarantine since");
    expect(html.match(/withdrawn <time/g)).toHaveLength(2);
    const ofFund = await page("/tickers/META?security=BBG000EXBALL");
    expect(ofFund.match(/withdrawn <time/g)).toHaveLength(1);
    expect(ofFund).not.toContain("in quarantine");
    expect(ofFund).not.toContain("Backtest this ticker");
  });

  test("is in screens of the past with the label of then", async () => {
    const held = async (session: number) => {
      const { body } = await ask(`/api/screener?date=${weekday(session)}&columns=close_price`);
      const rows: { ticker: string; quarantined: unknown }[] = body.tickers;
      return rows.filter(({ quarantined }) => quarantined !== null).map(({ ticker }) => ticker);
    };
    expect(await held(15)).toEqual(["FB"]);
    expect(await held(end - 1)).toEqual(["META"]);
  });
});

describe("a link to a ticker and a session", () => {
  test("finds who had the label then", async () => {
    const then = await page(`/tickers/META?on=${weekday(15)}`);
    expect(then).toContain("Example Ball Metaverse ETF");
    expect(then).toContain('data-security="BBG000EXBALL"');
    const now = await page(`/tickers/META?on=${weekday(35)}`);
    expect(now).toContain("Meta Example Inc.");
    expect(now).not.toContain('data-security="BBG000EXMET1"');
    for (const day of ["2001-01-02", "nonsense"]) {
      expect(await page(`/tickers/META?on=${day}`)).toContain("Meta Example Inc.");
    }
    expect(JSON.parse(await page(`/tickers/META/bars.json?on=${weekday(15)}`)).date).toHaveLength(fundEnds);
  });

  test("stands in screens of the past", async () => {
    const past = await page(`/screener?date=${weekday(15)}`);
    expect(past).toContain(`href="/tickers/META?on=${weekday(15)}"`);
    expect(await page("/screener")).toContain('href="/tickers/META"');
  });
});

describe("the past", () => {
  test("has securities under the symbols of then, of which the renamed are not delisted", async () => {
    const { body } = await ask(`/api/universe?date=${weekday(15)}`);
    const found = body.tickers.map((row: Record<string, unknown>) => [row.ticker, row.lastDate, row.delistedOn]);
    expect(found).toEqual([
      ["FB", weekday(end - 1), null],
      ["GONE", weekday(34), weekday(35)],
      ["LINX", weekday(16), null],
      ["META", weekday(fundEnds - 1), weekday(fundEnds)],
      ["NEXT", weekday(end - 1), null],
    ]);
  });

  test("is screened by securities: one that was renamed has survived", async () => {
    const { body } = await ask(`/api/screener?date=${weekday(15)}&columns=close_price`);
    const found = body.tickers.map((row: Record<string, unknown>) => [row.ticker, row.stillTrades]);
    expect(found.toSorted()).toEqual([
      ["FB", true],
      ["GONE", false],
      ["LINX", false],
      ["META", false],
      ["NEXT", true],
    ]);
  });

  test("is chosen from by securities: each trade has the symbol of its day, and what is held that of the last", async () => {
    const request = { strategy: "cross_sectional_momentum", params: { lookback: 5, skip: 0, holdings: 50 } };
    const { status, body } = await askApi(api, "POST", "/api/backtests", request);
    expect(status).toBe(200);
    const trades: { ticker: string; entryDate: string }[] = body.trades;
    expect(trades.map(({ ticker }) => ticker)).toContain("FB");
    expect(trades.every(({ ticker, entryDate }) => ticker !== "META" || entryDate >= weekday(renamed))).toBe(true);
    const html = await page("/backtest?strategy=cross_sectional_momentum&params.lookback=5&params.skip=0");
    expect(html).toContain(`href="/tickers/META?on=${weekday(end - 1)}"`);
    expect(html).toMatch(/href="\/tickers\/FB\?on=2018-\d\d-\d\d"/);
  });

  test("is traded along a security: a backtest of the new label begins under the old one", async () => {
    const request = { ticker: "META", from: weekday(0), to: weekday(end - 1), strategy: "buy_and_hold" };
    const { status, body } = await askApi(api, "POST", "/api/backtests", request);
    expect(status).toBe(200);
    expect(body.equity).toHaveLength(end);
    expect(body.trades).toMatchObject([{ entryDate: weekday(1), exitDate: null }]);
    const old = await askApi(api, "POST", "/api/backtests", { ...request, ticker: "FB" });
    expect(old.body.equity).toEqual(body.equity);
  });
});
