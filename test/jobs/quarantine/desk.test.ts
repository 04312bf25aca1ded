import { afterAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyToStaging, emptyStaging } from "../../../db/queries/market/load.ts";
import { endConfirmed } from "../../../db/queries/market/quarantine.ts";
import { lockRawTables } from "../../../db/queries/market/raw-lock.ts";
import type { RequestError } from "../../../jobs/orchestrator/types.ts";
import { createQuarantineDesk } from "../../../jobs/quarantine/desk.ts";
import { createTestDatabase } from "../../support/database.ts";
import { mergeOf } from "../../support/raw-tables.ts";
import type { Bar } from "../transform/support.ts";
import { type Bench, day, emptyWarehouse, firstDay, openBench, session, tickers, told } from "./support.ts";

setDefaultTimeout(120_000);

const database = await createTestDatabase();
const { sql } = database;
const by = { name: "Ada", via: "dashboard" } as const;
const rebuilt: string[] = [];
const desk = createQuarantineDesk({
  sql,
  log: { warn: () => {} },
  rebuild: async (ticker) => void rebuilt.push(ticker),
});
const market = tickers(12);
let bench: Bench;
let before: Bar[];
let next: Bar[];

/** A market of three sessions and one more, in which T003's bar is impossible. */
beforeEach(async () => {
  await emptyWarehouse(sql);
  await sql`truncate barline.actions`;
  rebuilt.length = 0;
  bench = openBench(sql);
  before = [0, 1, 2].flatMap((index) => session(market, firstDay + index));
  next = session(market, firstDay + 3).map((bar) => (bar.ticker === "T003" ? { ...bar, volume: -1 } : bar));
  await bench.load(...before);
  await bench.build();
  await bench.load(...next);
  expect((await bench.build()).held).toHaveLength(1);
});
afterAll(() => database.drop());

const quarantineId = async () => {
  const [row] = await sql<{ id: number }[]>`select max(id) as id from barline.quarantines`;
  return row?.id ?? 0;
};
const states = async () =>
  (await sql<{ state: string }[]>`select state from barline.quarantines order by id`).map(({ state }) => state);

/** What the load of another answer does. */
async function answerAgain(bars: Bar[]): Promise<{ inserted: number; updated: number; ended: string[] }> {
  return (await sql.begin(async (transaction) => {
    const at = await lockRawTables(transaction);
    const copy = await copyToStaging(transaction);
    const lines = bars.map(({ ticker, date, open, high, low, close, volume }) =>
      [1, 0, 1, false, ticker, date, open, high, low, close, volume, "\\N", "\\N"].join("\t"),
    );
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    copy.on("finish", resolve).on("error", reject);
    copy.end(`${lines.join("\n")}\n`);
    await promise;
    const { inserted, updated } = await mergeOf(database)(transaction, 1, at, { types: null, tickers: null });
    const ended = await endConfirmed(transaction, 1, at);
    await emptyStaging(transaction);
    return { inserted, updated, ended };
  })) as { inserted: number; updated: number; ended: string[] };
}

describe("rows that are released", () => {
  test("are published, though tests fail them, now and in every later build", async () => {
    await desk.release(await quarantineId(), " It is right. ", by);
    expect(rebuilt).toEqual(["T003"]);
    const { result, held } = await bench.build();
    expect([result.published, held]).toEqual([true, []]);
    expect(result.tests.filter(({ status }) => status === "warn").map(({ name }) => name)).toContain(
      "bars_staged_by_the_newest_load_are_possible",
    );
    const all = [...before, ...next].map(told).sort();
    expect(await states()).toEqual(["released"]);
    expect(await bench.facts()).toEqual(all);
    await bench.load(...session(market, firstDay + 4));
    expect((await bench.build()).result.published).toBe(true);
    expect((await bench.build({ fullRefresh: true })).result.published).toBe(true);
    expect(await bench.facts()).toHaveLength(all.length + market.length);
    const [action] = await sql`select actor, kind, reason, details from barline.actions order by id limit 1`;
    expect(action).toMatchObject({
      ...{ actor: "Ada", kind: "quarantine.release", reason: "It is right." },
      details: { ticker: "T003", rows: 1 },
    });
  });

  test("are doubted again once the vendor says something else of them", async () => {
    await desk.release(await quarantineId(), "It is right.", by);
    await bench.load(...next.filter(({ ticker }) => ticker === "T003").map((bar) => ({ ...bar, volume: -2 })));
    expect((await bench.build()).held.map(({ ticker }) => ticker)).toEqual(["T003"]);
  });
});

describe("rows that are dropped", () => {
  test("stay out when the vendor says the same again, and come in when it says something else", async () => {
    await desk.drop(await quarantineId(), "It never traded.", by);
    expect([await states(), rebuilt]).toEqual([["dropped"], []]);
    expect(await answerAgain(next)).toEqual({ inserted: 0, updated: 0, ended: [] });
    const good = session(["T003"], firstDay + 3);
    expect(await answerAgain(good)).toMatchObject({ inserted: 1 });
    expect((await bench.build()).result.published).toBe(true);
    expect(await bench.facts()).toContain(told(good[0] as Bar));
  });
});

describe("a quarantine", () => {
  test("ends by itself once a later answer passes", async () => {
    expect(await answerAgain(next)).toEqual({ inserted: 0, updated: 0, ended: [] });
    expect(await answerAgain(session(["T003"], firstDay + 3))).toMatchObject({ inserted: 1, ended: [] });
    expect(await states()).toEqual(["held"]);
    await bench.build();
    expect(await states()).toEqual(["released"]);
  });

  test("goes on where the later answer fails too, with the row that it says now", async () => {
    await bench.load(...session(["T003"], firstDay + 3).map((bar) => ({ ...bar, volume: -5 })));
    await bench.build();
    expect(await states()).toEqual(["held"]);
    expect((await bench.held()).map((bar) => bar.session)).toEqual([day(firstDay + 3)]);
  });

  test("ends at once where the vendor goes back to what is published", async () => {
    const last = session(["T005"], firstDay + 2);
    await bench.load(...last.map((bar) => ({ ...bar, volume: -1 })));
    await bench.build();
    expect(await states()).toEqual(["held", "held"]);
    expect(await answerAgain(last)).toEqual({ inserted: 0, updated: 0, ended: ["T005"] });
  });

  test("is decided once, with a reason", async () => {
    const id = await quarantineId();
    const refused = (asked: Promise<void>) => asked.catch((error: RequestError) => [error.code, error.field]);
    expect(await refused(desk.drop(id, "  ", by))).toEqual(["invalid", "reason"]);
    expect(await refused(desk.drop(id + 1, "Why not", by))).toEqual(["not_found", "id"]);
    await desk.drop(id, "It never traded.", by);
    expect(await refused(desk.drop(id, "Again", by))).toEqual(["conflict", "id"]);
    await desk.release(id, "It did trade.", by);
    expect(await refused(desk.release(id, "Again", by))).toEqual(["conflict", "id"]);
  });
});
