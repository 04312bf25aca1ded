import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Sql } from "../../db/client.ts";
import { selectAskedHolders } from "../../db/queries/market/read-holders.ts";
import { type Screen, selectScreen } from "../../db/queries/market/read-screener.ts";
import { selectQuotes } from "../../db/queries/market/read-tickers.ts";
import { countPublishedBars } from "../../db/queries/market/read-warehouse.ts";
import { selectListedSplits } from "../../db/queries/market/splits.ts";
import { isKnownTicker } from "../../db/queries/market/watchlists.ts";
import { drawTickers } from "../../db/queries/quality/drift.ts";
import { readDataVersion } from "../../db/queries/research/data-version.ts";
import { selectAdjustedDividends } from "../../db/queries/research/dividends.ts";
import { selectSweptSections } from "../../db/queries/research/swept-universe.ts";
import { selectListedTickers, selectSections } from "../../db/queries/research/universe.ts";
import { selectHeldBars, selectHeldDividends } from "../../db/queries/research/universe-held.ts";
import { addBacktestSample } from "../server/research/backtests/sample.ts";
import { citusUrl } from "../support/citus.ts";
import { judge } from "../support/citus-rules.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { recordStatements } from "../support/statements.ts";

let database: TestDatabase;

/** The backtests' market, in which one security was called GONE before it was called HALT. */
async function addMarket(sql: Sql): Promise<void> {
  await addBacktestSample(sql);
  for (const table of ["fct_polygon__stock_bars_performance", "fct_polygon__latest_session", "dim_tickers"]) {
    await sql`alter table public.${sql(table)} add column security_id text`;
    await sql`update public.${sql(table)} set security_id = 'S-' || case when ticker = 'GONE' then 'HALT' else ticker end`;
  }
  await sql`
    create table public.dim_ticker_periods as
    select ticker, security_id, min(trade_date) as valid_from, max(trade_date) as valid_to, min(trade_date) as first_session,
      max(trade_date) as last_session
    from public.fct_polygon__stock_bars_performance group by ticker, security_id`;
  await sql`
    create table public.dim_securities as
    select security_id, (array_agg(ticker order by last_session desc))[1] as ticker, null::text as name, 'CS'::text as type,
      max(last_session) as last_session, 'listed'::text as status, null::date as delisted_on
    from public.dim_ticker_periods group by security_id`;
  await sql`
    create table public.int_polygon__ticker_periods as
    select ticker, security_id, '-infinity'::date as valid_from, 'infinity'::date as valid_to, 'CS' as listing
    from public.dim_ticker_periods`;
  await sql`
    create view public.stg_polygon__listings as select ticker, security_id as security_key from public.dim_ticker_periods`;
  await sql`
    insert into public.source_polygon_stock_bars_daily (ticker, trade_date, open, high, low, close, volume, inserted_at)
    select ticker, trade_date, open_price, greatest(high_price, low_price), low_price, close_price, volume, now()
    from public.fct_polygon__stock_bars_performance`;
  await sql`update public.fct_polygon__stock_bars_performance set source_inserted_at = now() + interval '1 day'`;
}

beforeAll(async () => {
  database = await createTestDatabase({ raw: "whole" });
  await addMarket(database.sql);
});
afterAll(() => database.drop());

const by = "security_id";
const keys = ["S-TEN", "S-SPY", "S-HALT", "S-EVIL"];
const asked = {
  by,
  keys,
  numbers: [0, 1, 2, 3],
  dates: ["2021-01-29", "2020-06-30", "2023-03-31", "2024-01-09"],
} as const;
/** HALT has three sessions again after a pause that is longer than those which are counted back. */
const ofLabels = {
  by: "ticker",
  keys: ["TEN", "SPY", "HALT", "EVIL"],
  numbers: [0, 1, 2, 3],
  dates: ["2023-06-22", "2023-06-30"],
} as const;
const stretches = [
  { key: "S-TEN", number: 0, from: "2018-01-31", until: "2018-06-29" },
  { key: "S-HALT", number: 2, from: "2021-03-31", until: "2021-06-30" },
  { key: "S-EVIL", number: 3, from: "2020-01-31", until: "2024-01-09" },
];
const split = { ticker: null, doubted: false, setAside: null };
const newest = "2024-01-09";
const screen: Screen = {
  query: "",
  type: null,
  bounds: [{ column: "close_price", min: 1, max: null }],
  choices: [],
  survivors: false,
  columns: ["return_21d", "distance_from_avg_20d"],
  sort: { column: "volume", descending: true },
  offset: 1,
  limit: 2,
};

/** The rows of a section by ticker: which comes first is nobody's concern. */
const byTicker = (sections: { date: string; numbers: Buffer; close: Buffer; returns: Buffer[] }[]) =>
  sections
    .flatMap(({ date, numbers, close, returns }) =>
      Array.from({ length: numbers.length / 4 }, (_, row) => ({
        ...{ date, number: numbers.readInt32BE(4 * row), close: close.readDoubleBE(8 * row) },
        returns: returns.map((column) => column.readDoubleBE(8 * row)),
      })),
    )
    .sort((a, b) => (a.date === b.date ? a.number - b.number : a.date < b.date ? -1 : 1));
const bySort = <Row>(rows: readonly Row[]) => rows.map((row) => JSON.stringify(row)).sort();

/** What is read in another way where bars are distributed, by that way and by the usual one. */
const read: Record<string, (sql: Sql, distributed: boolean) => Promise<unknown>> = {
  "published bars": (sql, distributed) => countPublishedBars(sql, distributed),
  quotes: async (sql, distributed) => bySort(await selectQuotes(sql, ["TEN", "GONE", "NONE"], 5, distributed)),
  splits: (sql, distributed) => selectListedSplits(sql, split, 10, distributed),
  "a screen of the past": (sql, distributed) =>
    selectScreen(sql, { session: "2021-01-29", newest }, screen, distributed),
  dividends: (sql, distributed) =>
    selectAdjustedDividends(sql, { ticker: "TEN", from: "2018-01-02", to: "2018-12-31" }, distributed),
  "drawn tickers": (sql, distributed) =>
    sql.begin((transaction) =>
      drawTickers(transaction, { tickers: null, size: 5, seed: "1", today: "2024-01-10" }, distributed),
    ),
  sections: async (sql, distributed) =>
    byTicker(
      await selectSections(
        sql,
        { ...asked, lags: [0, 21, 100], minimums: { price: 5, dollarVolume: 0 }, distributed },
        "bars",
      ),
    ),
  "sections of sweeps": async (sql, distributed) =>
    byTicker(
      await selectSweptSections(
        sql,
        { ...asked, lags: [21], minimumPrices: [5], minimumDollarVolumes: [1000], distributed },
        "bars",
      ),
    ),
  "sections of labels": async (sql, distributed) =>
    byTicker(
      await selectSections(
        sql,
        { ...ofLabels, lags: [0, 7], minimums: { price: 5, dollarVolume: 0 }, distributed },
        "bars",
      ),
    ),
  "sections of labels for sweeps": async (sql, distributed) =>
    byTicker(
      await selectSweptSections(
        sql,
        { ...ofLabels, lags: [7, 100], minimumPrices: [5], minimumDollarVolumes: [1000], distributed },
        "bars",
      ),
    ),
  "held bars": async (sql, distributed) =>
    bySort(await selectHeldBars(sql, stretches, { by, end: "2024-01-09", distributed })),
  "held dividends": async (sql, distributed) => bySort(await selectHeldDividends(sql, stretches, { by, distributed })),
};

for (const [name, ask] of Object.entries(read))
  test(`${name} are the same where bars are distributed, in a form that Citus takes`, async () => {
    const usual = recordStatements(database.sql);
    const other = recordStatements(database.sql);
    const answer = await ask(usual.read, false);
    expect(await ask(other.read, true)).toEqual(answer);
    expect(JSON.stringify(answer).length).toBeGreaterThan(20);
    for (const statement of other.sent)
      expect({ statement, reasons: [...(await judge(statement))] }).toMatchObject({ reasons: [] });
    // Else it would need no second form.
    const reasons = await Promise.all(usual.sent.map(judge));
    expect(reasons.some((found) => found.size > 0)).toBe(true);
  });

test("what is read in one way is read in a form that Citus takes", async () => {
  const { read: sql, sent } = recordStatements(database.sql);
  await selectListedTickers(sql);
  await selectAskedHolders(sql, ["TEN", "NONE"], false);
  await selectAskedHolders(sql, ["TEN", "NONE"], true);
  expect(await isKnownTicker(sql, "NONE")).toBe(false);
  await readDataVersion(sql, { ticker: "TEN", from: "2020-01-02", to: "2020-12-31" });
  for (const statement of sent)
    expect({ statement, reasons: [...(await judge(statement))] }).toMatchObject({ reasons: [] });
});

/** An answer without the moments at which the two were filled. */
const told = (answer: unknown): unknown =>
  JSON.parse(JSON.stringify(answer, (name, value: unknown) => (name === "changedAt" ? undefined : value)));

/** Only a planner of Citus proves what it takes. */
describe.skipIf(citusUrl === undefined)("on a coordinator (CITUS_URL)", () => {
  let spread: TestDatabase;

  beforeAll(async () => {
    spread = await createTestDatabase({ raw: "citus" });
    const { sql } = spread;
    await addMarket(sql);
    const facts = "public.fct_polygon__stock_bars_performance";
    await sql`alter table ${sql(facts)} alter column ticker type text collate "C"`;
    await sql`select create_distributed_table(${facts}, 'ticker', colocate_with => 'barline.shards')`;
  }, 120_000);
  afterAll(() => spread?.drop());

  for (const [name, ask] of Object.entries(read))
    test(`${name} are read as on one server`, async () => {
      expect(told(await ask(spread.sql, true))).toEqual(told(await ask(database.sql, false)));
    });
});
