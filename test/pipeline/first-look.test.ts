import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { selectChangedBars } from "../../db/queries/market/read-changed-bars.ts";
import { sessionsBetween } from "../../jobs/market/calendar.ts";
import { createDemoExchange } from "../../jobs/market/demo/exchange.ts";
import { defaultDemoSeed } from "../../jobs/market/demo/server.ts";
import { jobIds } from "../../jobs/pipeline.ts";
import { type FaultyMarket, startFaultyMarket } from "../support/faulty-market.ts";
import { runsOf, startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { until } from "../support/until.ts";
import { barsBetween, expectCleanState, expectRawBars } from "../support/warehouse.ts";

/** What the first start on the simulated market shows of all that goes wrong with real ones. */

setDefaultTimeout(120_000);

/** The evening of a Tuesday, and the year's first session. */
const now = new Date("2026-01-28T03:00:00Z");
const [first, last] = ["2026-01-02", "2026-01-27"];
const exchange = createDemoExchange({ seed: defaultDemoSeed, untilYear: 2026 });

let market: FaultyMarket;
let pipeline: TestPipeline;
beforeAll(async () => {
  market = await startFaultyMarket({ tickers: 400, now: () => now, isFirstLook: true });
  const settings = { startDate: first, catchup: "all", recheckSessions: 5, isFirstLook: true } as const;
  pipeline = await startTestPipeline({ market, settings, now: () => now });
  await until("both rounds are queued", async () => {
    const rounds = await pipeline.sql`select from barline.recheck_rounds where series in ('new session', 'first look')`;
    return rounds.length === 2;
  });
  await pipeline.settle();
});
afterAll(async () => {
  await pipeline.close();
  await market.stop();
});

const sum = (rows: readonly Record<string, unknown>[], name: string) =>
  rows.reduce((total, row) => total + Number(row[name] ?? 0), 0);

test("bars are revised and withdrawn, and the warehouse says in the end what the market says", async () => {
  const summaries = (await runsOf(pipeline.sql, jobIds.load)).map(({ summary }) => summary ?? {});
  expect(sum(summaries, "revised")).toBeGreaterThan(0);
  expect(sum(summaries, "withdrawn")).toBeGreaterThan(0);
  const [counted] = await pipeline.sql`select count(*)::int as gone from source_polygon_withdrawn_bars`;
  expect(counted?.gone).toBe(sum(summaries, "withdrawn"));
  const changed = await selectChangedBars(pipeline.sql, 100);
  expect(changed.filter(({ change }) => change === "withdrawn")).toHaveLength(counted?.gone);
  expect(changed.filter(({ change }) => change === "revised")).toHaveLength(sum(summaries, "revised"));
  // Of the newest session nobody has asked again yet.
  const before = sessionsBetween(first, last).at(-2) ?? "";
  await expectRawBars(
    pipeline.sql,
    [...barsBetween(exchange, first, before), ...exchange.firstBars(last, false)].sort((a, b) =>
      a.ticker === b.ticker ? (a.date < b.date ? -1 : 1) : a.ticker < b.ticker ? -1 : 1,
    ),
  );
  await expectCleanState(pipeline.sql);
});

test("a row of garbage is kept with its reason", async () => {
  const rejects = await pipeline.sql`select trade_date, reason, lake_key from barline.rejects where kind = 'reject'`;
  expect(rejects.map(({ trade_date, reason }) => `${trade_date} ${reason}`)).toEqual([`${first} ticker is malformed`]);
  expect(await pipeline.lake.head(rejects[0]?.lake_key)).toBeDefined();
});

test("a split that never happened is set aside", async () => {
  const denied = exchange.splits(last).filter(({ date, isDenied }) => isDenied && date >= first);
  const aside = await pipeline.sql`
    select ticker, execution_date as date from source_polygon_splits where set_aside = 'prices'`;
  expect(aside.map(({ ticker, date }) => `${ticker} ${date}`)).toEqual(
    denied.map(({ ticker, date }) => `${ticker} ${date}`),
  );
});

test("a company goes on under a symbol that was a fund's before", async () => {
  const labels = await pipeline.sql<{ ticker: string; name: string; status: string; sessions: number }[]>`
    select facts.ticker, securities.name, securities.status, count(*)::int as sessions
    from fct_polygon__stock_bars_performance as facts
    inner join dim_securities as securities on securities.security_id = facts.security_id
    where facts.ticker in ('PEMOK', 'PEMOL')
    group by 1, 2, 3
    order by min(facts.trade_date), 1`;
  const all = sessionsBetween(first, last).length;
  expect(labels.map(({ ticker, name, status }) => [ticker, name, status])).toEqual([
    ["PEMOK", "Pellmoor Motors Group (simulated)", "listed"],
    ["PEMOL", "Quillgate Target 2026 ETF (simulated)", "delisted"],
    ["PEMOL", "Pellmoor Motors Group (simulated)", "listed"],
  ]);
  expect((labels[0]?.sessions ?? 0) + (labels[2]?.sessions ?? 0)).toBe(all);
});
