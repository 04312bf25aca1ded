import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { openTransform } from "../jobs/transform/support.ts";
import { type FaultyMarket, startFaultyMarket, type WireRow } from "../support/faulty-market.ts";
import { startTestPipeline, type TestPipeline } from "../support/pipeline.ts";
import { barsBetween, expectFact, marketSize, openMarket } from "../support/warehouse.ts";

setDefaultTimeout(60_000);

/** Ten sessions around the day on which LYST split 3 for 2, and one more. */
const range = { from: "2018-10-22", to: "2018-11-02", next: "2018-11-05" } as const;
const person = { name: "Ada", via: "dashboard" } as const;

describe("a split that contradicts itself or the prices", () => {
  let market: FaultyMarket;
  let pipeline: TestPipeline;
  let added: WireRow[] = [];
  let now = new Date();
  const exchange = openMarket();
  const [denied = "", typed = "", coming = ""] = exchange
    .bars(range.next, false)
    .map(({ ticker }) => ticker)
    .filter((ticker) => exchange.splits("2100-01-01").every((split) => split.ticker !== ticker));

  const split = (ticker: string, date: string, from: number, to: number, type: string): WireRow => ({
    ...{ id: `wrong-${ticker}`, ticker, execution_date: date, split_from: from, split_to: to, adjustment_type: type },
  });

  beforeAll(async () => {
    market = await startFaultyMarket({ tickers: marketSize });
    market.reviseList = (rows, route) => (route === "splits" ? [...rows, ...added] : rows);
    pipeline = await startTestPipeline({ market, settings: { startDate: range.from }, now: () => now });
    // In the middle of the range prices can tell; the other contradicts itself, whenever it is said to be.
    added = [
      split(denied, "2018-10-29", 1, 4, "forward_split"),
      split(typed, "2018-10-30", 1, 25_000, "reverse_split"),
    ];
    await pipeline.backfill(range.from, range.to);
    await pipeline.settle();
  });
  afterAll(async () => {
    await pipeline.close();
    await market.stop();
  });

  const standings = async () => {
    const rows = await pipeline.sql<{ ticker: string; aside: string | null; decision: string | null }[]>`
      select ticker, set_aside as aside, decision from public.source_polygon_splits
      where ticker in (${denied}, ${typed}, ${coming}) and active order by execution_date`;
    return rows.map((row) => [row.ticker, row.aside, row.decision]);
  };
  const facts = async () => {
    const rows = await pipeline.sql<{ row: string }[]>`
      select (to_jsonb(fact) - '{breadth_changed_at,source_inserted_at}'::text[])::text as row
      from public.fct_polygon__stock_bars_performance as fact order by ticker, trade_date`;
    return rows.map(({ row }) => row);
  };
  /** What an incremental build published is what a full refresh makes of the same. */
  const expectWhole = async () => {
    const incremental = await facts();
    await openTransform(pipeline.sql).build({ fullRefresh: true });
    expect(incremental).toEqual(await facts());
  };
  const factorOf = async (ticker: string): Promise<number> => {
    const [row] = await pipeline.sql<[{ factor: number }]>`
      select split_factor::float8 as factor from public.fct_polygon__stock_bars_performance
      where ticker = ${ticker} order by trade_date limit 1`;
    return row.factor;
  };
  /** As the ingest of another week does: all splits are read again, and a session comes with it. */
  const readAgain = async (session: string) => {
    now = new Date(now.getTime() + 8 * 86_400_000);
    await pipeline.backfill(session, session, { reprocess: "all" });
    await pipeline.settle();
  };

  test("is set aside and told, and everybody's prices are published as without it", async () => {
    expect(await standings()).toEqual([
      [denied, "prices", null],
      [typed, "type", null],
    ]);
    await expectFact(pipeline.sql, barsBetween(exchange, range.from, range.to), exchange);
    const [told] = await pipeline.sql`
      select status, failures from barline.test_results where name = 'splits_set_aside_are_decided' order by run_id desc limit 1`;
    expect(told).toEqual({ status: "warn", failures: 2 });
    const [merged] = await pipeline.sql`
      select sum((output ->> 'splitsSetAside')::int)::int as splits from barline.tasks where name = 'merge'`;
    expect(merged).toEqual({ splits: 1 });
    await expectWhole();
  });

  test("counts once somebody says so, with the reason in the log of activity, and no longer when they say not", async () => {
    const decide = (counts: boolean, reason: string) =>
      pipeline.decideSplit({ ticker: denied, date: "2018-10-29", counts, reason }, person);
    await decide(true, "The exchange says so.");
    await pipeline.settle();
    expect((await standings())[0]).toEqual([denied, null, "counts"]);
    expect(await factorOf(denied)).toBe(0.25);
    await expectWhole();
    // Prices that deny it do not overrule a person.
    await readAgain(range.to);
    expect((await standings())[0]).toEqual([denied, null, "counts"]);
    await decide(false, "It was a slip.");
    await pipeline.settle();
    expect((await standings())[0]).toEqual([denied, "hand", "set_aside"]);
    expect(await factorOf(denied)).toBe(1);
    await expectWhole();
    const actions = await pipeline.sql`
      select actor, kind, reason, details ->> 'decision' as decision from barline.actions where kind = 'split.decide' order by id`;
    expect([...actions]).toEqual([
      { actor: "Ada", kind: "split.decide", reason: "The exchange says so.", decision: "counts" },
      { actor: "Ada", kind: "split.decide", reason: "It was a slip.", decision: "set_aside" },
    ]);
    await expect(decide(true, "  ")).rejects.toThrow("Say why");
    await expect(
      pipeline.decideSplit({ ticker: coming, date: "2018-10-29", counts: true, reason: "x" }, person),
    ).rejects.toThrow("No split");
  });

  test("is settled by the vendor's next answer: another ratio is judged anew, and one that is gone is gone", async () => {
    added = [split(denied, "2018-10-29", 1, 1.02, "stock_dividend")];
    await readAgain(range.to);
    expect(await standings()).toEqual([[denied, null, null]]);
    expect(await factorOf(denied)).toBeCloseTo(1 / 1.02, 12);
    await expectWhole();
  });

  test("is judged when the bars of its day come, and counts until then", async () => {
    added = [split(coming, range.next, 1, 3, "forward_split")];
    await readAgain(range.to);
    expect(await standings()).toEqual([[coming, null, null]]);
    expect(await factorOf(coming)).toBeCloseTo(1 / 3, 12);
    await readAgain(range.next);
    expect(await standings()).toEqual([[coming, "prices", null]]);
    expect(await factorOf(coming)).toBe(1);
    await expectFact(pipeline.sql, barsBetween(exchange, range.from, range.next), exchange);
    await expectWhole();
  });
});
