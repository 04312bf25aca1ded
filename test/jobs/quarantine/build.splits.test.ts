import { afterAll, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { selectListedSplits } from "../../../db/queries/market/splits.ts";
import { judgeSplits } from "../../../jobs/market/split-judgement.ts";
import { createQuarantineDesk } from "../../../jobs/quarantine/desk.ts";
import { createTestDatabase } from "../../support/database.ts";
import { writeSplits } from "../transform/support.ts";
import { type Bench, day, emptyWarehouse, firstDay, openBench, session, tickers } from "./support.ts";

setDefaultTimeout(120_000);

const database = await createTestDatabase();
const { sql } = database;
const market = tickers(12);
const splitDay = firstDay + 3;
const desk = createQuarantineDesk({ sql, log: { warn: () => {} }, rebuild: async () => {} });
let bench: Bench;

const setAside = async () =>
  (await selectListedSplits(sql, { ticker: "T003", doubted: false, setAside: null }, 10)).map(
    (split) => split.setAside,
  );

/** T003 splits 1 for 2. Its row of that day says the price of before, and what cannot be; the next one says half of it. */
beforeEach(async () => {
  await emptyWarehouse(sql);
  await sql`truncate public.source_polygon_splits, barline.actions`;
  bench = openBench(sql);
  await bench.load(...[0, 1, 2].flatMap((index) => session(market, firstDay + index)));
  const halved = session(market, splitDay + 1).map((bar) =>
    bar.ticker === "T003"
      ? { ...bar, open: bar.open / 2, high: bar.high / 2, low: bar.low / 2, close: bar.close / 2 }
      : bar,
  );
  const wrong = session(market, splitDay).map((bar) => (bar.ticker === "T003" ? { ...bar, volume: -1 } : bar));
  await writeSplits(
    sql,
    [{ ticker: "T003", date: day(splitDay), from: 1, to: 2, active: true }],
    new Date("2018-03-01"),
  );
  await bench.load(...wrong, ...halved);
  const range = { at: new Date("2018-03-01T00:02:30Z"), from: day(splitDay), to: day(splitDay + 1) };
  await sql.begin((transaction) => judgeSplits(transaction, range));
  expect(await setAside()).toEqual(["prices"]);
});
afterAll(() => database.drop());

test("a split that only a held row denied counts, and is judged again when the row is released", async () => {
  const { result, held } = await bench.build();
  expect([result.published, held.map(({ ticker }) => ticker)]).toEqual([true, ["T003"]]);
  expect(await setAside()).toEqual([null]);
  const factors = await sql<{ factor: number }[]>`
    select distinct split_factor::float8 as factor from public.fct_polygon__stock_bars_performance
    where ticker = 'T003' and trade_date < ${day(splitDay)} `;
  expect(factors.map(({ factor }) => factor)).toEqual([0.5]);

  const [quarantine] = await sql<{ id: number }[]>`select id from barline.quarantines`;
  await desk.release(quarantine?.id ?? 0, "The exchange says so.", { name: "Ada", via: "dashboard" });
  expect(await setAside()).toEqual(["prices"]);
});
