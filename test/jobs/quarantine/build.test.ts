import { afterAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createTestDatabase } from "../../support/database.ts";
import type { Bar } from "../transform/support.ts";
import { type Bench, day, emptyWarehouse, firstDay, openBench, session, tickers, told } from "./support.ts";

setDefaultTimeout(120_000);

const database = await createTestDatabase();
const { sql } = database;
let bench: Bench;
beforeEach(async () => {
  await emptyWarehouse(sql);
  bench = openBench(sql);
});
afterAll(() => database.drop());

const impossible = (bar: Bar): Bar => ({ ...bar, volume: -1 });
/** Beyond what a model's numbers hold, which no test of rows sees before. */
const overflowing = (bar: Bar): Bar => ({ ...bar, high: 9e12 });
const spoil = (bars: Bar[], names: readonly string[], how: (bar: Bar) => Bar) =>
  bars.map((bar) => (names.includes(bar.ticker) ? how(bar) : bar));
const market = tickers(24);
const testName = "bars_staged_by_the_newest_load_are_possible";

/** A market of some sessions that is published. */
async function publish(sessions = 3): Promise<Bar[]> {
  const bars = Array.from({ length: sessions }, (_, index) => session(market, firstDay + index)).flat();
  await bench.load(...bars);
  expect((await bench.build()).result.published).toBe(true);
  return bars;
}

async function expectFullRefreshIsEqual(): Promise<void> {
  const rows = () => sql<{ row: string }[]>`
    select (to_jsonb(facts) - '{breadth_changed_at}'::text[])::text as row
    from public.fct_polygon__stock_bars_performance as facts order by ticker, trade_date`;
  const incremental = (await rows()).map(({ row }) => row);
  expect((await bench.build({ fullRefresh: true })).result.published).toBe(true);
  expect((await rows()).map(({ row }) => row)).toEqual(incremental);
}

describe("a row that fails an error test", () => {
  test("is held back, and the rest of the market is published", async () => {
    const before = await publish();
    const next = session(market, firstDay + 3);
    await bench.load(...spoil(next, ["T003"], impossible));
    const { result, held, refusal } = await bench.build();
    expect([result.published, refusal]).toEqual([true, null]);
    expect(held).toEqual([{ ticker: "T003", tests: [testName], rows: 1, reason: "volume is negative" }]);
    const good = [...before, ...next.filter(({ ticker }) => ticker !== "T003")].map(told).sort();
    expect(await bench.facts()).toEqual(good);
    expect(await bench.raw()).toEqual(good);
    expect(await bench.held()).toEqual([
      { ticker: "T003", session: day(firstDay + 3), test: testName, reason: "volume is negative", state: "held" },
    ]);
    expect(bench.warnings.map(({ message }) => message)).toEqual(["held back, so that the rest is published"]);
    await expectFullRefreshIsEqual();
  });

  test("is held back of the first publication of all, too", async () => {
    await bench.load(...spoil(session(market, firstDay), ["T000"], impossible));
    expect((await bench.build()).result.published).toBe(true);
    expect(await bench.facts()).toHaveLength(market.length - 1);
  });

  test("leaves what was published of its session, to the stamp", async () => {
    const before = await publish();
    const raw = () => sql`select * from public.source_polygon_stock_bars_daily order by ticker, trade_date`;
    const asPublished = [...(await raw())];
    const last = before.filter(({ date }) => date === day(firstDay + 2));
    await bench.load(...last.filter(({ ticker }) => ticker === "T005").map((bar) => ({ ...bar, volume: 7 })));
    await bench.load(...last.filter(({ ticker }) => ticker === "T005").map(impossible));
    expect((await bench.build()).result.published).toBe(true);
    expect([...(await raw())]).toEqual(asPublished);
    expect([...(await sql`select from public.source_polygon_stock_bars_restatements`)]).toEqual([]);
    await expectFullRefreshIsEqual();
  });

  test("of ten tickers is held, of eleven nothing is published and everything stays as it came", async () => {
    await publish();
    const next = session(market, firstDay + 3);
    await bench.load(...spoil(next, market.slice(0, 10), impossible));
    expect((await bench.build()).held).toHaveLength(10);
    await bench.load(...spoil(session(market, firstDay + 4), market.slice(0, 11), impossible));
    const raw = await bench.raw();
    const facts = await bench.facts();
    const { result, held, refusal } = await bench.build();
    expect([result.published, held, refusal]).toEqual([
      false,
      [],
      "11 tickers would be held back, and at most 10 may be.",
    ]);
    expect([await bench.raw(), await bench.facts()]).toEqual([raw, facts]);
    expect(await bench.held()).toHaveLength(10);
  });

  test("counts those that are held of its session already, and puts back what the run has held before", async () => {
    await publish();
    const next = session(market, firstDay + 3);
    await bench.load(...spoil(next.slice(0, 8), market, impossible), ...next.slice(8, 16));
    expect((await bench.build()).held).toHaveLength(8);
    await bench.load(...spoil(next.slice(16), market, impossible));
    const raw = await bench.raw();
    expect((await bench.build()).refusal).toBe("16 tickers would be held back, and at most 10 may be.");
    expect(await bench.raw()).toEqual(raw);
    expect(await bench.held()).toHaveLength(8);
  });

  test("of the market as a whole, or of nothing new, publishes nothing", async () => {
    await publish();
    const early = tickers(24).slice(0, 4);
    for (let index = 3; index < 9; index++) await bench.load(...session(market, firstDay + index));
    await bench.build();
    await bench.load(...session(early, firstDay + 10));
    expect((await bench.build()).refusal).toBe(
      "The rows of sessions_have_their_usual_tickers are about the market as a whole.",
    );
    await bench.load(...session(market, firstDay + 10));
    expect((await bench.build()).result.published).toBe(true);
  });
});

describe("a bar that a statement cannot work with", () => {
  test("is found by trying, and named with its ticker, session and values", async () => {
    const before = await publish();
    const next = [...session(market, firstDay + 3), ...session(market, firstDay + 4)];
    const spoilt = next.map((bar) =>
      (bar.ticker === "T007" || bar.ticker === "T020") && bar.date === day(firstDay + 4) ? overflowing(bar) : bar,
    );
    await bench.load(...spoilt);
    const { result, held } = await bench.build();
    expect(result.published).toBe(true);
    expect(held.map(({ ticker, rows }) => [ticker, rows])).toEqual([
      ["T007", 1],
      ["T020", 1],
    ]);
    expect(held[0]?.reason).toMatch(
      new RegExp(
        `^numeric field overflow \\(SQLSTATE 22003\\) in \\w+: T007 of ${day(firstDay + 4)} says open .*high 9000000000000,`,
      ),
    );
    expect(await bench.facts()).toEqual(
      [...before, ...next]
        .filter((bar) => !spoilt.some((bad) => bad.high > 1e12 && bad.ticker === bar.ticker && bad.date === bar.date))
        .map(told)
        .sort(),
    );
    await expectFullRefreshIsEqual();
  });

  test("of more tickers than may be held publishes nothing", async () => {
    await publish();
    await bench.load(...spoil(session(market, firstDay + 3), market.slice(5, 20), overflowing));
    const { result, refusal } = await bench.build();
    expect([result.published, refusal]).toEqual([
      false,
      "More than the 10 tickers that may be held back make it fail.",
    ]);
    expect(await bench.held()).toEqual([]);
  });

  test("beside rows that fail a test, in one run", async () => {
    await publish();
    const next = session(market, firstDay + 3);
    await bench.load(...spoil(spoil(next, ["T001"], impossible), ["T002"], overflowing));
    const { result, held } = await bench.build();
    expect([result.published, held.map(({ ticker }) => ticker)]).toEqual([true, ["T001", "T002"]]);
  });
});

describe("a run that is killed", () => {
  test("after it has held rows, and is begun again, ends the same", async () => {
    const before = await publish();
    const next = session(market, firstDay + 3);
    await bench.load(...spoil(next, ["T003"], impossible));
    const killed = new Error("killed");
    const { openTransform } = await import("../transform/support.ts");
    const transform = openTransform(sql);
    let builds = 0;
    const dying = {
      build: async (options: Parameters<typeof transform.build>[0]) => {
        builds += 1;
        if (builds === 2) throw killed;
        return await transform.build(options);
      },
    };
    await expect(bench.build({ options: { transform: dying } })).rejects.toBe(killed);
    const { result, held } = await bench.build({ run: bench.run() });
    expect([result.published, held.map(({ ticker }) => ticker)]).toEqual([true, ["T003"]]);
    expect(await bench.facts()).toEqual(
      [...before, ...next.filter(({ ticker }) => ticker !== "T003")].map(told).sort(),
    );
  });
});
