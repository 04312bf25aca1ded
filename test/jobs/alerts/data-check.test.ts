import { afterAll, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import pino from "pino";
import { checkData, type ReadData } from "../../../jobs/alerts/data-check.ts";
import { createWebhook } from "../../../jobs/alerts/webhook.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createDataReader } from "../../../server/market/data-alert-reader.ts";
import { createDataAlerts, type NewDataAlert } from "../../../server/market/data-alerts.ts";
import { createSavedScreens } from "../../../server/market/saved-screens.ts";
import { bar, createMarts, publishBars, publishMarts } from "../../server/market/sample.ts";
import { listRelation } from "../../server/market/workspace-sample.ts";
import { type AlertBench, addRun, dispatcherOf, minutesAfter, noon, openAlerts, startReceiver } from "./support.ts";

setDefaultTimeout(60_000);

const ann = { name: "Ann", via: "dashboard" as const };
let bench: AlertBench;
beforeAll(async () => {
  bench = await openAlerts();
  await createMarts(bench.sql);
}, 60_000);
afterAll(() => bench.close());
beforeEach(async () => {
  const { sql } = bench;
  bench.clock.now = noon;
  await sql`
    truncate barline.data_alerts, barline.saved_screens, barline.alerts, barline.runs, barline.workspace_relations,
      public.sample_bars, public.fct_polygon__stock_bars_performance restart identity cascade`;
});

const log = pino({ level: "silent" });
const desk = () => createDataAlerts({ sql: bench.sql, read: bench.sql, now: () => bench.clock.now });
const reader = () => createDataReader({ read: bench.sql, log, now: () => bench.clock.now });
const check = (read: ReadData = reader()) =>
  checkData({ sql: bench.sql, read, channels: ["webhook"], now: () => bench.clock.now });

/** Publishes the RSI of some tickers in a session, whatever was published of it before. */
async function publish(session: string, rsi: Record<string, number | null>): Promise<void> {
  const { sql, clock } = bench;
  const tickers = Object.keys(rsi);
  await sql`
    insert into public.source_polygon_tickers (ticker, name, type, active, inserted_at)
    select ticker, ticker, 'CS', true, now() from unnest(${tickers}::text[]) as ticker on conflict do nothing`;
  for (const table of ["sample_bars", "fct_polygon__stock_bars_performance"]) {
    await sql`delete from public.${sql(table)} where trade_date = ${session}`;
  }
  await publishBars(
    sql,
    tickers.map((ticker) => bar(ticker, session, 10, { rsi_14: rsi[ticker] ?? null })),
  );
  await publishMarts(sql);
  clock.now = minutesAfter(clock.now, 10);
  await addRun(sql, { job: jobIds.transform, state: "success", finishedAt: clock.now });
}

/** The titles of what was told, the oldest first. */
const told = async () =>
  (await bench.sql`select title from barline.alerts where kind = 'data' order by id`).map(
    ({ title }) => title as string,
  );
const messages = async () =>
  (await bench.sql`select message from barline.alerts order by id`).map(({ message }) => message as string);
const standing = async (id = 1) =>
  (
    await bench.sql`select members, problem, checked_session as session from barline.data_alerts where id = ${id}`
  )[0] as { members: string[] | null; problem: string | null; session: string | null };
const low = (more: Partial<NewDataAlert> = {}) =>
  desk().create({ name: "Low", ticker: "AAPL", column: "rsi_14", operator: "below", value: "30", ...more }, ann);
/** Keeps a screen of low RSI, and an alert on it. */
async function onScreen(more: Partial<NewDataAlert> = {}, query = "rsi_14_max=30"): Promise<number> {
  const screens = createSavedScreens({ sql: bench.sql, now: () => bench.clock.now });
  const screen = await screens.save({ name: "Cheap", query }, ann);
  await desk().create({ name: "Newly cheap", screen, ...more }, ann);
  return screen;
}

describe("an alert on a figure of a ticker", () => {
  test("takes what stands at its first check, and then tells a crossing once", async () => {
    await publish("2020-01-06", { AAPL: 25 });
    await low();
    await check();
    expect(await told()).toEqual([]);
    expect(await standing()).toEqual({ members: ["AAPL"], problem: null, session: "2020-01-06" });
    await publish("2020-01-07", { AAPL: 30 });
    await check();
    await publish("2020-01-08", { AAPL: 28.44 });
    expect((await check()).told).toEqual(["Low"]);
    expect(await told()).toEqual(["AAPL: RSI 14 below 30"]);
    expect(await messages()).toEqual(["RSI 14 28.4 in the session of 2020-01-08, by the alert “Low”."]);
    expect((await check()).checked).toBe(0);
    await publish("2020-01-08", { AAPL: 27 });
    await publish("2020-01-09", { AAPL: 26 });
    await check();
    expect(await told()).toHaveLength(1);
    expect(await bench.deliveries()).toMatchObject([{ event: "crossed", channel: "webhook", state: "waiting" }]);
  });

  test("tells a correction where it crosses in the newest session, and once however often it does", async () => {
    await publish("2020-01-06", { AAPL: 40 });
    await low();
    await check();
    await publish("2020-01-07", { AAPL: 35 });
    await check();
    await publish("2020-01-06", { AAPL: 20 });
    await check();
    expect(await told()).toEqual([]);
    for (const rsi of [25, 35, 25]) {
      await publish("2020-01-07", { AAPL: rsi });
      await check();
    }
    expect(await told()).toHaveLength(1);
    for (const [session, rsi] of [
      ["2020-01-08", 35],
      ["2020-01-09", 25],
    ] as const) {
      await publish(session, { AAPL: rsi });
      await check();
    }
    expect(await told()).toHaveLength(2);
  });

  test("tells at once what is so, where that was asked for and a change needs not be seen", async () => {
    await publish("2020-01-06", { AAPL: 25 });
    await low({ tellAtOnce: true });
    await low({ name: "Falls", operator: "crosses_below", tellAtOnce: true });
    await check();
    expect(await told()).toEqual(["AAPL: RSI 14 below 30"]);
    await publish("2020-01-07", { AAPL: 35 });
    await check();
    await publish("2020-01-08", { AAPL: 25 });
    await check();
    expect((await told()).slice(1)).toEqual(["AAPL: RSI 14 below 30", "AAPL: RSI 14 crosses below 30"]);
  });

  test("says why it cannot tell, and keeps what it knew", async () => {
    await publish("2020-01-06", { AAPL: 40, BRK: 50 });
    await low();
    await check();
    await publish("2020-01-07", { BRK: 50 });
    await check();
    expect(await standing()).toMatchObject({ members: [], problem: "AAPL has no bar in the session of 2020-01-07." });
    await publish("2020-01-08", { AAPL: null });
    await check();
    expect((await standing()).problem).toBe("AAPL has no RSI 14 in the session of 2020-01-08.");
    await publish("2020-01-09", { AAPL: 25 });
    await check();
    expect((await standing()).problem).toBeNull();
    expect(await told()).toHaveLength(1);
  });

  test("does not take an older session for news, where the newest was taken back", async () => {
    await publish("2020-01-06", { AAPL: 25 });
    await publish("2020-01-07", { AAPL: 40 });
    await low();
    await check();
    const { sql } = bench;
    await sql`delete from public.sample_bars where trade_date = '2020-01-07'`;
    await publish("2020-01-06", { AAPL: 24 });
    expect((await check()).checked).toBe(1);
    expect(await told()).toEqual([]);
  });

  test("begins anew after a pause and with another condition", async () => {
    await publish("2020-01-06", { AAPL: 40 });
    await low();
    await check();
    await desk().change(1, { paused: true }, ann);
    await publish("2020-01-07", { AAPL: 25 });
    expect((await check()).checked).toBe(0);
    await desk().change(1, { paused: false }, ann);
    await check();
    await desk().change(1, { value: "20" }, ann);
    await check();
    expect(await standing()).toMatchObject({ members: [], problem: null });
    await desk().change(1, { value: "26" }, ann);
    await check();
    expect(await standing()).toMatchObject({ members: ["AAPL"] });
    expect(await told()).toEqual([]);
  });
});

describe("an alert on a saved screen", () => {
  test("tells who enters it, and who leaves it where that was asked for", async () => {
    await publish("2020-01-06", { AAPL: 25, BRK: 40, MSFT: 20 });
    await onScreen({ tellLeaving: true });
    await check();
    await publish("2020-01-07", { AAPL: 45, BRK: 29, MSFT: 21 });
    await check();
    expect(await told()).toEqual(["BRK entered and AAPL left “Cheap”"]);
    expect(await messages()).toEqual([
      "In the session of 2020-01-07, by the alert “Newly cheap”. Entered: BRK (RSI 14 29.0). Left: AAPL. It looks for RSI 14 at most 30.",
    ]);
    await publish("2020-01-08", { AAPL: 45, MSFT: 50 });
    await check();
    expect((await told()).slice(1)).toEqual(["MSFT left “Cheap”"]);
    await publish("2020-01-09", { AAPL: 45, BRK: 20 });
    await check();
    // BRK had no bar, of which nobody knows whether it left.
    expect(await told()).toHaveLength(2);
  });

  test("tells of many in one message, with the first twenty and how many they are", async () => {
    const of = (value: number) => Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`T${100 + at}`, value]));
    await publish("2020-01-06", of(50));
    await onScreen();
    await check();
    await publish("2020-01-07", of(10));
    await check();
    expect(await told()).toEqual(["300 tickers entered “Cheap”"]);
    const [message = ""] = await messages();
    expect(message).toContain("T119 (RSI 14 10.0) and 280 more.");
    expect(message).not.toContain("T120");
    const crossings = await bench.sql`select ticker from barline.data_alert_crossings order by id`;
    expect(crossings).toHaveLength(300);
  });

  test("begins anew where the screen looks for something else, and says where it was deleted", async () => {
    await publish("2020-01-06", { AAPL: 25, BRK: 40 });
    const screen = await onScreen();
    await check();
    const screens = createSavedScreens({ sql: bench.sql, now: () => bench.clock.now });
    await screens.change(screen, { query: "rsi_14_max=45&columns=volume&date=2019-01-02" }, ann);
    await publish("2020-01-07", { AAPL: 25, BRK: 40 });
    await check();
    expect(await told()).toEqual([]);
    expect((await standing()).members).toEqual(["AAPL", "BRK"]);
    await screens.remove(screen, ann);
    await publish("2020-01-08", { AAPL: 25 });
    await check();
    expect((await standing()).problem).toBe("Its saved screen “Cheap” was deleted. Restore it, or delete this alert.");
  });
});

describe("columns of workspace models", () => {
  test("are looked at as indicators are, and one that fails or is gone is its own alert's problem", async () => {
    const { sql } = bench;
    await publish("2020-01-06", { AAPL: 40, BRK: 40 });
    await sql`create table public.regimes (ticker text collate "C", trade_date date, regime text, unique (ticker, trade_date))`;
    await sql`create view public.broken as select ticker, 1 / (10 - close_price) as share from public.fct_polygon__latest_session`;
    await sql`insert into public.regimes values ('AAPL', '2020-01-06', 'up'), ('AAPL', '2020-01-07', 'down')`;
    await listRelation(sql, "regimes", "ticker_session", [{ name: "regime", kind: "text", sqlType: "text" }]);
    await listRelation(sql, "broken", "ticker", [{ name: "share" }]);
    await low({ name: "Regime", column: "regimes.regime", operator: "equals", value: "down" });
    await low({ name: "Share", column: "broken.share", operator: "above", value: "1" });
    await onScreen({}, "regimes.regime_is=down");
    await low();
    await check();
    expect((await standing(2)).problem).toStartWith("broken cannot be read: division by zero");
    await publish("2020-01-07", { AAPL: 25, BRK: 40 });
    await check();
    expect(await told()).toEqual(["AAPL: regimes.regime is down", "AAPL entered “Cheap”", "AAPL: RSI 14 below 30"]);
    // A publication of the workspace alone is one too.
    await sql`update barline.workspace_relations set published_at = now() + interval '1 hour'`;
    expect((await check()).checked).toBe(4);
    await sql`delete from barline.workspace_relations where name = 'regimes'`;
    await publish("2020-01-08", { AAPL: 25 });
    await check();
    for (const id of [1, 3]) expect((await standing(id)).problem).toStartWith("regimes.regime is not there");
    expect(await told()).toHaveLength(3);
  });
});

describe("checks by several processes", () => {
  test("tell once, also where one is killed on its way and another before it has sent", async () => {
    await publish("2020-01-06", { AAPL: 40 });
    await low();
    await check();
    await publish("2020-01-07", { AAPL: 25 });
    const killed: ReadData = async (alerts) => {
      await reader()(alerts);
      throw new Error("killed");
    };
    await expect(check(killed)).rejects.toThrow("killed");
    await Promise.all([check(), check(), check()]);
    expect(await told()).toHaveLength(1);
    const receiver = startReceiver();
    const never = new AbortController();
    receiver.answer = () => {
      never.abort(new Error("killed"));
      return new Promise(() => {});
    };
    const webhook = () => createWebhook(receiver.url, { userAgent: "Barline/1.0.0", timeoutMs: 5000 });
    await expect(dispatcherOf(bench, [webhook()]).sendDue(never.signal)).rejects.toThrow();
    receiver.received.length = 0;
    receiver.answer = () => new Response("ok");
    bench.clock.now = minutesAfter(bench.clock.now, 5);
    const racing = [1, 2].map(() => dispatcherOf(bench, [webhook()]));
    await Promise.all(racing.map((dispatcher) => dispatcher.sendDue(new AbortController().signal)));
    await receiver.stop();
    expect(receiver.received.map(({ body }) => [body.event, body.kind, body.title, body.link])).toEqual([
      ["crossed", "data", "AAPL: RSI 14 below 30", "https://barline.example/tickers/AAPL"],
    ]);
  });
});

describe("securities", () => {
  test("are followed along renames, and somebody kept by label is known by it", async () => {
    const { sql } = bench;
    await publish("2020-01-06", { AAPL: 25, BRK: 40 });
    await onScreen({ tellLeaving: true });
    await check();
    await sql`create table public.dim_securities as select 's-1'::text as security_id, 'AAPL'::text as ticker`;
    await sql`create table public.dim_ticker_periods (ticker text, security_id text)`;
    await sql`alter table public.dim_tickers add column security_id text`;
    try {
      await publish("2020-01-07", { AAPL: 25, BRK: 40 });
      await sql`update public.dim_tickers set security_id = 's-1' where ticker = 'AAPL'`;
      await low();
      await check();
      expect((await standing()).members).toEqual(["s-1"]);
      await publish("2020-01-08", { APPL: 26, BRK: 40 });
      await sql`update public.dim_tickers set security_id = 's-1' where ticker = 'APPL'`;
      await sql`update public.dim_securities set ticker = 'APPL'`;
      await check();
      expect(await told()).toEqual([]);
      expect(await standing(2)).toMatchObject({ members: ["s-1"], problem: null });
    } finally {
      await sql`drop table public.dim_securities, public.dim_ticker_periods`;
      await sql`alter table public.dim_tickers drop column security_id`;
    }
  });
});
