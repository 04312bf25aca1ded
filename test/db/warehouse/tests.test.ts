import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { z } from "zod";
import type { JsonValue } from "../../../db/client.ts";
import { sessionsBetween } from "../../../jobs/market/calendar.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import type { BuildResult, Transform } from "../../../jobs/transform/transform.ts";
import { type Bar, openTransform, windowsTable, writeBars, writeSplits } from "../../jobs/transform/support.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

setDefaultTimeout(60_000);

/** 32 sessions, with Memorial Day among the weekdays. */
const sessions = sessionsBetween("2024-05-01", "2024-06-14");
const tickers = Array.from({ length: 12 }, (_, index) => `T${String(index + 1).padStart(2, "0")}`);
const lastSession = sessions.at(-1) ?? "";
const clock = new Date("2024-06-14T22:00:00Z");
const minutesBefore = (minutes: number) => new Date(clock.getTime() - minutes * 60_000);

/** A bar with nothing to remark. */
function quiet(ticker: string, date: string, change: Partial<Bar> = {}): Bar {
  return { ticker, date, open: 20, high: 21, low: 19, close: 20, volume: 200_000, ...change };
}

const barsOf = (dates: string[], names = tickers) => dates.flatMap((date) => names.map((name) => quiet(name, date)));

let database: TestDatabase;
let transform: Transform;

beforeAll(async () => {
  database = await createTestDatabase();
  transform = openTransform(database.sql, { now: () => clock });
}, 60_000);
afterAll(() => database.drop());

beforeEach(async () => {
  const { sql } = database;
  await sql`
    truncate source_polygon_stock_bars_daily, source_polygon_stock_bars_restatements, source_polygon_splits,
      source_polygon_tickers`;
  await sql`truncate barline.runs, barline.dataset_events, barline.universes cascade`;
  // What is deleted from a source leaves no trace in an incremental model: each case begins without them.
  const built = await sql<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind = 'r' and relname not like 'source\\_%'
      and relname <> 'trading_sessions'`;
  for (const { name } of built) await sql`drop table if exists ${sql(name)} cascade`;
});

const good = () => writeBars(database.sql, barsOf(sessions), minutesBefore(60));

/** How one test went in a build of what is there. */
async function outcomeOf(name: string): Promise<BuildResult["tests"][number] & { published: boolean }> {
  const { tests, published } = await transform.build();
  const found = tests.find((result) => result.name === name);
  if (!found) throw new Error(`${name} was not run; these were: ${tests.map((result) => result.name).join(", ")}`);
  return { ...found, published };
}

const tickerOf = (row: unknown) => z.object({ ticker: z.string() }).parse(row).ticker;
const byTicker = (a: unknown, b: unknown) => tickerOf(a).localeCompare(tickerOf(b));

const possible = "bars_staged_by_the_newest_load_are_possible";
const inWindows = "int_polygon__stock_bars_windows_is_possible";

test("all data tests pass on bars with nothing to remark", async () => {
  await good();
  const { tests, published } = await transform.build();
  expect(tests.filter(({ status }) => status !== "pass")).toEqual([]);
  expect(published).toBe(true);
});

describe("impossible bars", () => {
  const cases: [string, Partial<Bar>][] = [
    ["a price is not positive", { low: 0 }],
    ["a price is not positive", { open: -20 }],
    ["volume is negative", { volume: -1 }],
  ];
  test.each(cases)("of the newest load fail in staging, and nothing is published: %s %j", async (reason, change) => {
    await good();
    await writeBars(database.sql, [quiet("T03", lastSession, change)], minutesBefore(5));
    expect(await outcomeOf(possible)).toMatchObject({
      ...{ status: "fail", failures: 1, published: false },
      sample: [{ ticker: "T03", trade_date: lastSession, reason }],
    });
  });

  const rules: [string, Partial<Bar>][] = [
    ["prices_are_positive", { open: -20 }],
    ["prices_are_positive", { low: 0 }],
    ["volume_is_not_negative", { volume: -1 }],
  ];
  test.each(rules)("of an earlier load fail in the fact table: %s", async (broken_rule, change) => {
    await good();
    await writeBars(database.sql, [quiet("T03", lastSession, change)], minutesBefore(5));
    await writeBars(database.sql, [quiet("T13", lastSession)], minutesBefore(4));
    expect(await outcomeOf(inWindows)).toMatchObject({
      ...{ status: "fail", failures: 1, published: false },
      sample: [{ ticker: "T03", trade_date: lastSession, broken_rule }],
    });
  });

  test("fail as what an incremental build is about to write, and are not looked for in what was tested before", async () => {
    await good();
    await transform.build();
    await database.sql`update int_polygon__stock_bars_windows set volume = -7 where ticker = 'T01'`;
    await writeBars(database.sql, [quiet("T03", lastSession, { open: -20 })], minutesBefore(5));
    await writeBars(database.sql, [quiet("T04", lastSession, { open: 20.5 })], minutesBefore(4));
    expect(await outcomeOf(inWindows)).toMatchObject({ failures: 1, sample: [{ broken_rule: "prices_are_positive" }] });
  });
});

test("an indicator that is out of its range is an error, also of a ticker that this build leaves alone", async () => {
  await good();
  await transform.build();
  await database.sql`update fct_polygon__latest_session set rsi_14 = 140 where ticker = 'T01'`;
  await writeBars(database.sql, [quiet("T02", lastSession, { open: 20.5 })], minutesBefore(5));
  expect(await outcomeOf("fct_polygon__latest_session_indicators_are_in_range")).toMatchObject({
    ...{ status: "fail", failures: 1, published: false },
    sample: [{ ticker: "T01", broken_rule: "rsi_is_between_0_and_100" }],
  });
});

describe("an open or close outside of high and low", () => {
  const name = "bars_open_and_close_within_their_range";

  test("is a warning for a few bars, with the bars", async () => {
    await good();
    await writeBars(database.sql, [quiet("T01", lastSession, { open: 22 })], minutesBefore(5));
    await writeBars(database.sql, [quiet("T02", lastSession, { close: 18.5 })], minutesBefore(5));
    const outcome = await outcomeOf(name);
    expect(outcome).toMatchObject({ status: "warn", failures: 2, published: true });
    expect(outcome.sample?.toSorted(byTicker)).toMatchObject([
      { ticker: "T01", open_price: 22, high_price: 21 },
      { ticker: "T02", close_price: 18.5, low_price: 19 },
    ]);
  });

  test("is an error for a hundred bars in a week", async () => {
    await good();
    const many = Array.from({ length: 101 }, (_, index) => quiet(`M${index}`, lastSession, { close: 22 }));
    await writeBars(database.sql, many, minutesBefore(5));
    expect(await outcomeOf(name)).toMatchObject({ status: "fail", failures: 101, published: false });
  });
});

describe("sessions", () => {
  test("without a bar between others are a warning, holidays and what comes after are not", async () => {
    const kept = sessions.filter((date) => date !== "2024-05-23");
    await writeBars(database.sql, barsOf(kept), minutesBefore(5));
    expect(await outcomeOf("sessions_are_complete")).toMatchObject({
      ...{ status: "warn", failures: 1, published: true },
      sample: [{ trade_date: "2024-05-23" }],
    });
  });

  test("that the calendar does not have are a warning", async () => {
    await good();
    await writeBars(database.sql, [quiet("T01", "2024-05-27")], minutesBefore(5));
    expect(await outcomeOf("bars_lie_on_sessions")).toMatchObject({
      ...{ status: "warn", failures: 1, published: true },
      sample: [{ trade_date: "2024-05-27", tickers: 1 }],
    });
  });

  const counts: [number, string][] = [
    [11, "pass"],
    [10, "warn"],
    [6, "warn"],
    [5, "fail"],
  ];
  test.each(counts)("with %d of the usual 12 tickers: %s", async (count, status) => {
    await writeBars(database.sql, barsOf(sessions.slice(0, -1)), minutesBefore(5));
    await writeBars(database.sql, barsOf([lastSession], tickers.slice(0, count)), minutesBefore(5));
    const outcome = await outcomeOf("sessions_have_their_usual_tickers");
    expect(outcome).toMatchObject({ status, published: status !== "fail" });
    if (status !== "pass") {
      expect(outcome.sample).toMatchObject([{ trade_date: lastSession, tickers: count, median_tickers: 12 }]);
    }
  });
});

describe("UNIVERSE that was narrowed", () => {
  const others = Array.from({ length: 20 }, (_, index) => `U${index}`);
  const list = (names: string[], type: string) => database.sql`
    insert into source_polygon_tickers (ticker, name, type, active, inserted_at)
    select ticker, ticker, ${type}, true, ${minutesBefore(90)} from unnest(${names}::text[]) as ticker`;
  /** The last ten sessions have bars of `kept` only; until then there were all. */
  const narrowed = async (kept: string[]) => {
    await list(tickers, "CS");
    await list(others, "ETF");
    await writeBars(database.sql, barsOf(sessions.slice(0, -10), [...tickers, ...others]), minutesBefore(60));
    await writeBars(database.sql, barsOf(sessions.slice(-10), kept), minutesBefore(5));
  };
  const remember = (types: string[] | null, names: string[] | null) => database.sql`
    insert into barline.universes (types, tickers) values (${types}::text[], ${names}::text[])`;

  test.each([
    [["CS"], null],
    [null, tickers],
  ])("is no session short of its usual tickers, and no listed ticker without bars: %j %j", async (types, names) => {
    await narrowed(tickers);
    expect(await outcomeOf("sessions_have_their_usual_tickers")).toMatchObject({ status: "fail", published: false });
    await remember(null, null);
    expect(await outcomeOf("sessions_have_their_usual_tickers")).toMatchObject({ status: "fail", published: false });
    await remember(types, names);
    expect(await outcomeOf("sessions_have_their_usual_tickers")).toMatchObject({ status: "pass", published: true });
    expect(await outcomeOf("listed_tickers_have_recent_bars")).toMatchObject({ status: "pass" });
  });

  test("still has sessions that are short of the tickers that are left", async () => {
    await narrowed(tickers.slice(0, 5));
    await remember(["CS"], null);
    const outcome = await outcomeOf("sessions_have_their_usual_tickers");
    expect(outcome).toMatchObject({ status: "fail", published: false });
    expect(outcome.sample?.[0]).toMatchObject({ tickers: 5, median_tickers: 12 });
  });
});

describe("a price that jumps by more than half", () => {
  const name = "prices_jump_only_with_splits";
  const last = sessions.slice(-3);
  const halved = last.map((date) => quiet("T05", date, { open: 8, high: 9, low: 7, close: 8 }));

  test("is a warning, with what it was and became", async () => {
    await good();
    await writeBars(database.sql, halved, minutesBefore(5));
    expect(await outcomeOf(name)).toMatchObject({
      ...{ status: "warn", failures: 1, published: true },
      sample: [{ ticker: "T05", trade_date: last[0], previous_close: 20, close_price: 8, return_1d: -0.6 }],
    });
  });

  test("is none where a split explains it", async () => {
    await good();
    await writeBars(database.sql, halved, minutesBefore(5));
    await writeSplits(
      database.sql,
      [{ ticker: "T05", date: last[0] ?? "", from: 2, to: 5, active: true }],
      minutesBefore(4),
    );
    expect(await outcomeOf(name)).toMatchObject({ status: "pass" });
  });
});

describe("tickers that are listed", () => {
  const name = "listed_tickers_have_recent_bars";
  const list = (active: boolean) => database.sql`
    insert into source_polygon_tickers (ticker, name, type, active, inserted_at)
    values ('GONE', 'Gone Inc', 'CS', ${active}, ${minutesBefore(5)}), ('NONE', 'Never traded', 'CS', true, ${clock})`;
  const traded = (until: number, at = minutesBefore(30)) =>
    writeBars(
      database.sql,
      sessions.slice(0, until).map((date) => quiet("GONE", date)),
      at,
    );

  test("and have no bar for more than five sessions are a warning", async () => {
    await good();
    await traded(-6);
    await list(true);
    expect(await outcomeOf(name)).toMatchObject({
      ...{ status: "warn", failures: 1, published: true },
      sample: [{ ticker: "GONE", last_traded: sessions.at(-7), sessions_without: 6 }],
    });
  });

  test("are none where the pause is of five sessions, or the ticker is delisted", async () => {
    await good();
    await traded(-6);
    await list(false);
    expect(await outcomeOf(name)).toMatchObject({ status: "pass" });
    await traded(-5, minutesBefore(4));
    await database.sql`update source_polygon_tickers set active = true`;
    expect(await outcomeOf(name)).toMatchObject({ status: "pass" });
  });
});

describe("volume", () => {
  const name = "volume_is_within_twenty_times_the_usual";

  test("of over twenty times the usual is a warning, of just twenty times it is not", async () => {
    await good();
    await writeBars(database.sql, [quiet("T01", lastSession, { volume: 4_000_000 })], minutesBefore(5));
    await writeBars(database.sql, [quiet("T02", lastSession, { volume: 4_000_100 })], minutesBefore(5));
    expect(await outcomeOf(name)).toMatchObject({
      ...{ status: "warn", failures: 1, published: true },
      sample: [{ ticker: "T02", volume: 4_000_100, avg_volume_before: 200_000 }],
    });
  });

  test("of a thin stock's few shares is none", async () => {
    await good();
    const thin = sessions.map((date) => quiet("THIN", date, { volume: date === lastSession ? 90_000 : 100 }));
    await writeBars(database.sql, thin, minutesBefore(5));
    expect(await outcomeOf(name)).toMatchObject({ status: "pass" });
  });
});

/** A load that is done, with what it counted and the manifests that it took up. */
async function addLoad(
  summary: { rows: number; rejected: number; repeated?: number; withheld?: number },
  landed: number[] = [],
): Promise<void> {
  const { sql } = database;
  const add = async (job: string, counted: JsonValue) => {
    const [run] = await sql<{ id: number }[]>`
      insert into barline.runs (job_id, state, trigger, summary)
      values (${job}, 'success', 'manual', ${sql.json(counted)}) returning id`;
    return run?.id ?? 0;
  };
  const load = await add(jobIds.load, summary);
  for (const rows of landed) {
    const ingest = await add(jobIds.ingest, { rows });
    await sql`
      with task as (
        insert into barline.tasks (run_id, job_id, name, step, state)
        values (${ingest}, ${jobIds.ingest}, 'manifest', 2, 'success') returning id
      ), event as (
        insert into barline.dataset_events (dataset, run_id, task_id, payload)
        select 's3://test/manifests', ${ingest}, id, ${sql.json({ rows })} from task returning id
      )
      insert into barline.event_claims (job_id, event_id, run_id) select ${jobIds.load}, id, ${load} from event`;
  }
}

describe("the last load", () => {
  const rates: [number, number, string][] = [
    [995, 5, "pass"],
    [994, 6, "warn"],
    [950, 50, "warn"],
    [949, 51, "fail"],
    [9, 3, "pass"],
  ];
  test.each(rates)("with %d good rows and %d refused: %s", async (rows, rejected, status) => {
    await good();
    await addLoad({ rows: 10, rejected: 990 });
    await addLoad({ rows, rejected });
    expect(await outcomeOf("loads_reject_few_rows")).toMatchObject({ status, published: status !== "fail" });
  });
});

describe("rows", () => {
  test("that were landed and neither staged nor refused are an error", async () => {
    await good();
    await addLoad({ rows: 190, rejected: 10 }, [120, 80]);
    expect(await outcomeOf("landed_rows_were_loaded")).toMatchObject({ status: "pass" });
    await addLoad({ rows: 90, rejected: 10, repeated: 20, withheld: 80 }, [120, 80]);
    expect(await outcomeOf("landed_rows_were_loaded")).toMatchObject({ status: "pass" });
    await addLoad({ rows: 190, rejected: 9 }, [120, 80]);
    expect(await outcomeOf("landed_rows_were_loaded")).toMatchObject({
      ...{ status: "fail", failures: 1, published: false },
      sample: [{ landed: 200, staged: 190, rejected: 9 }],
    });
  });

  const name = "raw_rows_reach_the_marts";
  const lost: [string, string, string][] = [
    ["a bar that is not in the fact table", "delete", "not in the fact table"],
    ["another close in the fact table", "close_price = 21", "another close is in the fact table"],
    [
      "an earlier version in the fact table",
      "source_inserted_at = source_inserted_at - interval '1 day'",
      "an earlier version is in the fact table",
    ],
  ];
  test.each(lost)("that do not reach the fact table are an error: %s", async (_, change, problem) => {
    await good();
    await transform.build();
    const where = `where ticker = 'T07' and trade_date = '${lastSession}'`;
    await database.sql.unsafe(
      change === "delete" ? `delete from ${windowsTable} ${where}` : `update ${windowsTable} set ${change} ${where}`,
    );
    const outcome = await outcomeOf(name);
    expect(outcome).toMatchObject({ status: "fail", published: false });
    expect(outcome.sample).toContainEqual(expect.objectContaining({ problem, ticker: "T07" }));
  });
});
