import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createAlerts } from "../../../jobs/alerts/alerts.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { createLogger } from "../../../server/log.ts";
import { createDataReader } from "../../../server/market/data-alert-reader.ts";
import { createDataAlerts } from "../../../server/market/data-alerts.ts";
import { createTestDatabase } from "../../support/database.ts";
import { type FaultyMarket, startFaultyMarket } from "../../support/faulty-market.ts";
import { startTestPipeline } from "../../support/pipeline.ts";
import { until } from "../../support/until.ts";
import { type AlertBench, noSettings, openAlerts, type Receiver, startReceiver } from "./support.ts";

setDefaultTimeout(60_000);

const somebody = { name: "Ann", via: "dashboard" as const };
let receiver: Receiver;
beforeEach(() => {
  receiver = startReceiver();
});
afterEach(() => receiver.stop());

describe("a test of a channel", () => {
  let bench: AlertBench;
  beforeEach(async () => {
    bench = await openAlerts();
  }, 60_000);
  afterEach(() => bench.close());

  test("is sent at once, and kept with who asked for it", async () => {
    const alerts = bench.make({ webhookUrl: receiver.url });
    expect(alerts.channels).toEqual([{ name: "webhook", target: new URL(receiver.url).host }]);
    const id = await alerts.test("webhook", somebody);
    expect(receiver.received.map(({ body }) => body.event)).toEqual(["test"]);
    expect(await bench.deliveries()).toMatchObject([{ event: "test", state: "delivered", attempts: 1 }]);
    const actions = await bench.sql`select actor, via, kind, details from barline.actions`;
    expect([...actions]).toEqual([
      { actor: "Ann", via: "dashboard", kind: "alert.test", details: { channel: "webhook", deliveryId: id } },
    ]);
  });

  test("that fails is not tried again by itself, but when somebody asks", async () => {
    const alerts = bench.make({ webhookUrl: receiver.url });
    receiver.answer = () => new Response("no_service", { status: 404 });
    const id = await alerts.test("webhook", somebody);
    expect(await bench.deliveries()).toMatchObject([{ state: "failed", error: expect.stringContaining("no_service") }]);
    receiver.answer = () => new Response("ok");
    await alerts.retry(id, somebody);
    expect(await bench.deliveries()).toMatchObject([{ state: "waiting", attempts: 0 }]);
    await alerts.start();
    await until("it is sent", async () => (await bench.deliveries())[0]?.state === "delivered");
    await alerts.stop();
    expect(await bench.sql`select from barline.actions where kind = 'alert.retry'`).toHaveLength(1);
  });

  test("is refused where the channel is not configured, and a retry where nothing failed", async () => {
    const alerts = bench.make({ webhookUrl: receiver.url });
    await expect(alerts.test("email", somebody)).rejects.toThrow(
      "The channel email is not configured: set SMTP_URL, ALERT_EMAIL_FROM and ALERT_EMAIL_TO.",
    );
    const id = await alerts.test("webhook", somebody);
    await expect(alerts.retry(id, somebody)).rejects.toThrow(
      `Delivery ${id} is delivered; only a failed one is sent again.`,
    );
    await expect(alerts.retry(99, somebody)).rejects.toThrow("There is no delivery 99.");
    expect(await bench.sql`select from barline.actions where kind = 'alert.retry'`).toHaveLength(0);
  });
});

describe("the pipeline's alerts", () => {
  let market: FaultyMarket;
  beforeEach(async () => {
    market = await startFaultyMarket({ tickers: 3 });
  });
  afterEach(() => market.stop());

  test("tell of a run that failed, and of its recovery, once from three processes", async () => {
    const database = await createTestDatabase();
    const pipeline = await startTestPipeline({ market, database });
    const jobs = pipeline.orchestrator.jobs;
    const processes = Array.from({ length: 3 }, () =>
      createAlerts({
        sql: database.sql,
        settings: { ...noSettings, webhookUrl: receiver.url },
        jobs,
        startDate: new Date().toISOString().slice(0, 10),
        catchup: "none",
        version: "1.0.0",
        log: createLogger({ level: "error", pretty: false, write: () => {} }),
        now: () => new Date(),
        random: Math.random,
      }),
    );
    for (const alerts of processes) await alerts.start();
    market.refusal = { status: 403, message: "You are not entitled to this data." };
    const id = await pipeline.createRun(jobIds.ingest, { session: "2020-01-07" }, somebody);
    await until("somebody is told", () => receiver.received.length > 0);
    market.refusal = undefined;
    await pipeline.orchestrator.retryRun(id, somebody);
    await until("the recovery is told", () => receiver.received.length > 1, 30_000);
    await pipeline.settle();
    for (const alerts of processes) await alerts.stop();
    expect(receiver.received.map(({ body }) => [body.event, body.title])).toEqual([
      ["opened", "Ingest: a run failed"],
      ["recovered", "Recovered: Ingest: a run failed"],
    ]);
    expect(String(receiver.received[0]?.body.message)).toStartWith(`Run ${id} of 2020-01-07 failed: `);
    await pipeline.stop();
    await database.drop();
  });

  test("tell once, from two processes, that a figure has crossed a value in the session that is published next", async () => {
    const database = await createTestDatabase();
    const { sql } = database;
    const pipeline = await startTestPipeline({ market, database });
    const log = createLogger({ level: "error", pretty: false, write: () => {} });
    const shared = { log, now: () => new Date() };
    const processes = [1, 2].map(() =>
      createAlerts({
        ...{ ...shared, sql, jobs: pipeline.orchestrator.jobs, random: Math.random, version: "1.0.0" },
        settings: { ...noSettings, webhookUrl: receiver.url },
        ...{ startDate: new Date().toISOString().slice(0, 10), catchup: "none" as const },
        readData: createDataReader({ ...shared, read: sql }),
      }),
    );
    for (const alerts of processes) await alerts.start();
    await pipeline.backfill("2020-01-06", "2020-01-06");
    await pipeline.settle();
    const [bar] = await sql<[{ ticker: string; close: number }]>`
      select ticker, close_price::float8 as close from public.fct_polygon__latest_session where ticker = 'FEFE'`;
    const { ticker } = bar;
    const alert = {
      name: "Up",
      ticker,
      column: "close_price",
      operator: "above" as const,
      value: `${bar.close * 1.5}`,
    };
    const id = await createDataAlerts({ sql, read: sql, now: shared.now }).create(alert, somebody);
    const standing = async () =>
      (await sql`select members, checked_session from barline.data_alerts where id = ${id}`)[0];
    await until("it is checked", async () => (await standing())?.members !== null);
    market.revise = (rows, { subject }) =>
      rows.map((row) => (subject === "2020-01-07" && row.T === ticker ? { ...row, ...high(bar.close * 1.6) } : row));
    await pipeline.backfill("2020-01-07", "2020-01-07");
    await until("somebody is told", () => receiver.received.length > 0, 30_000);
    await pipeline.settle();
    // What is published without another session is checked, and is no news.
    const { at } = (await sql<[{ at: Date }]>`select checked_at as at from barline.data_alerts`)[0];
    await pipeline.createRun(jobIds.transform, {}, somebody);
    await until("it is checked again", async () => {
      const [row] = await sql<[{ at: Date }]>`select checked_at as at from barline.data_alerts`;
      return row.at > at;
    });
    for (const alerts of processes) await alerts.stop();
    expect(receiver.received.map(({ body }) => [body.event, body.kind])).toEqual([["crossed", "data"]]);
    expect(String(receiver.received[0]?.body.message)).toContain("in the session of 2020-01-07, by the alert “Up”.");
    await pipeline.stop();
    await database.drop();
  });
});

/** A session without a move, as the vendor writes it. */
const high = (price: number) => ({ o: price, h: price, l: price, c: price, vw: price });
