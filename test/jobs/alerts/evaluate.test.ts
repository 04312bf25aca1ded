import { afterEach, beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { lockKeys } from "../../../db/locks.ts";
import { jobIds } from "../../../jobs/pipeline.ts";
import { type AlertBench, addRun, addTest, minutesAfter, noon, openAlerts } from "./support.ts";

setDefaultTimeout(60_000);

const { ingest, load, transform } = jobIds;
let bench: AlertBench;
beforeEach(async () => {
  bench = await openAlerts();
}, 60_000);
afterEach(() => bench.close());

const alerts = async () => [
  ...(await bench.sql<{ key: string; message: string; path: string; open: boolean }[]>`
    select key, message, path, resolved_at is null as open from barline.alerts order by id`),
];
const openKeys = async () => (await alerts()).filter(({ open }) => open).map(({ key }) => key);
const setState = (id: number, state: string) => bench.sql`update barline.runs set state = ${state} where id = ${id}`;
const events = async () => (await bench.deliveries()).map(({ event }) => event);
const deliver = () =>
  bench.sql`update barline.alert_deliveries set state = 'delivered', attempts = 1, delivered_at = ${bench.clock.now}
    where state = 'waiting' and next_attempt_at <= ${bench.clock.now}`;

describe("a failed run", () => {
  test("opens one alert for its job, which names the newest, and recovers once all are made good", async () => {
    const first = await addRun(bench.sql, { job: ingest, date: "2020-01-07" });
    expect((await bench.look()).opened.map(({ key }) => key)).toEqual([`run_failed:${ingest}`]);
    const second = await addRun(bench.sql, { job: ingest, date: "2020-01-08", finishedAt: minutesAfter(noon, 1) });
    expect((await bench.look()).opened).toEqual([]);
    expect(await alerts()).toEqual([
      {
        key: `run_failed:${ingest}`,
        message: `Run ${second} of 2020-01-08 failed: Refused. 1 other run of Ingest failed too, and waits for somebody.`,
        path: `/runs/${second}`,
        open: true,
      },
    ]);
    expect(await events()).toEqual(["opened"]);
    await setState(second, "success");
    expect((await bench.look()).recovered).toEqual([]);
    await setState(first, "success");
    expect((await bench.look()).recovered).toHaveLength(1);
    expect(await events()).toEqual(["opened", "recovered"]);
  });

  test("is over as soon as another run answers for its session", async () => {
    const failed = await addRun(bench.sql, { job: ingest, date: "2020-01-07" });
    await bench.look();
    const later = await addRun(bench.sql, { job: ingest, state: "success" });
    await bench.sql`update barline.run_partitions set run_id = ${later} where run_id = ${failed}`;
    await bench.look();
    expect(await openKeys()).toEqual([]);
  });

  test("stays while it is tried again, and opens no second alert where that fails", async () => {
    const id = await addRun(bench.sql, { job: load });
    await bench.look();
    for (const state of ["queued", "running"]) {
      await setState(id, state);
      expect((await bench.look()).recovered).toEqual([]);
    }
    await setState(id, "failed");
    await bench.look();
    expect(await events()).toEqual(["opened"]);
  });
});

describe("a failed data test", () => {
  test("opens one alert a test, and recovers by the next run that passes it", async () => {
    const broken = await addRun(bench.sql, { job: transform, state: "success" });
    for (const name of ["a", "b"]) await addTest(bench.sql, broken, name, "fail");
    await bench.look();
    expect(await openKeys()).toEqual(["test_failed:a", "test_failed:b"]);
    const skipping = await addRun(bench.sql, { job: transform, state: "success" });
    await addTest(bench.sql, skipping, "a", "pass", minutesAfter(noon, 5));
    await addTest(bench.sql, skipping, "b", "skipped", minutesAfter(noon, 5));
    await bench.look();
    expect(await openKeys()).toEqual(["test_failed:b"]);
    const good = await addRun(bench.sql, { job: transform, state: "success" });
    await addTest(bench.sql, good, "a", "pass", minutesAfter(noon, 9));
    await bench.look();
    expect(await openKeys()).toEqual([]);
  });

  test("counts by the run that tested last, also where that is an old one that was tried again", async () => {
    const old = await addRun(bench.sql, { job: transform, state: "success" });
    const newer = await addRun(bench.sql, { job: transform, state: "success" });
    await addTest(bench.sql, newer, "a", "pass");
    await addTest(bench.sql, old, "a", "fail", minutesAfter(noon, 5));
    await bench.look();
    expect(await openKeys()).toEqual(["test_failed:a"]);
  });

  test("stays open while later runs end before it is asked, or only look at the age of sources", async () => {
    const broken = await addRun(bench.sql, { job: transform });
    await addTest(bench.sql, broken, "a", "fail");
    await addTest(bench.sql, broken, "b", "pass");
    await bench.look();
    for (let minute = 1; minute < 30; minute++) {
      const cut = await addRun(bench.sql, { job: transform, state: "running" });
      await addTest(bench.sql, cut, "freshness_bars", "pass", minutesAfter(noon, minute));
      await bench.sql`update barline.test_results set kind = 'freshness' where run_id = ${cut}`;
    }
    expect((await bench.look()).recovered).toEqual([]);
    const skipping = await addRun(bench.sql, { job: transform });
    await addTest(bench.sql, skipping, "a", "skipped", minutesAfter(noon, 31));
    await addTest(bench.sql, skipping, "b", "fail", minutesAfter(noon, 31));
    await bench.look();
    expect((await openKeys()).filter((key) => key.startsWith("test"))).toEqual(["test_failed:a", "test_failed:b"]);
  });

  test("is over once the newest build's project no longer has it", async () => {
    const broken = await addRun(bench.sql, { job: transform, state: "success" });
    await addTest(bench.sql, broken, "a", "fail");
    await bench.look();
    const without = await addRun(bench.sql, { job: transform, state: "success" });
    await addTest(bench.sql, without, "b", "pass", minutesAfter(noon, 5));
    await bench.look();
    expect(await openKeys()).toEqual([]);
  });

  test("of severity warn is nobody's problem", async () => {
    const id = await addRun(bench.sql, { job: transform, state: "success" });
    await addTest(bench.sql, id, "a", "fail");
    await bench.sql`update barline.test_results set severity = 'warn'`;
    await bench.look();
    expect(await openKeys()).toEqual([]);
  });
});

describe("a ticker in quarantine", () => {
  const hold = async (runId: number) => {
    const [row] = await bench.sql<[{ id: number }]>`
      insert into barline.quarantines (ticker, since, test, reason, run_id)
      values ('AAPL', ${noon}, 'a_test', 'volume is negative', ${runId}) returning id`;
    for (const date of ["2020-01-08", "2020-01-09"])
      await bench.sql`
        insert into barline.quarantined_bars (quarantine_id, ticker, trade_date, open, high, low, close, volume, test,
          reason, run_id, held_at)
        values (${row.id}, 'AAPL', ${date}, 1, 1, 1, 1, -1, 'a_test', 'volume is negative', ${runId}, ${noon})`;
    return row.id;
  };

  test("opens one alert once its run has ended, and recovers when it is decided", async () => {
    const runId = await addRun(bench.sql, { job: transform, state: "running" });
    const id = await hold(runId);
    await bench.look();
    expect(await openKeys()).toEqual([]);
    await setState(runId, "success");
    await bench.look();
    expect(await alerts()).toEqual([
      {
        key: "quarantined:AAPL",
        message:
          "2 rows of AAPL (2020-01-08 to 2020-01-09) are held back by a_test: volume is negative. The rest of the market is published.",
        path: "/quality/quarantine?ticker=AAPL",
        open: true,
      },
    ]);
    await bench.sql`update barline.quarantines set state = 'dropped' where id = ${id}`;
    await bench.look();
    expect(await openKeys()).toEqual([]);
    expect(await events()).toEqual(["opened", "recovered"]);
  });
});

describe("stale data", () => {
  const look = () => bench.look({ startDate: "2020-01-02" });

  /** One session through all three jobs; a load that records nothing new leaves nothing to publish. */
  async function publish(date: string) {
    const { sql } = bench;
    const fetched = await addRun(sql, { job: ingest, state: "success", date });
    const [task] = await sql<[{ id: number }]>`
      insert into barline.tasks (run_id, job_id, name, step, state) values (${fetched}, ${ingest}, 'record', 2, 'success')
      returning id`;
    const [event] = await sql<[{ id: number }]>`
      insert into barline.dataset_events (dataset, run_id, task_id) values ('m', ${fetched}, ${task.id}) returning id`;
    const loaded = await addRun(sql, { job: load, state: "success" });
    await sql`insert into barline.event_claims (job_id, event_id, run_id) values (${load}, ${event.id}, ${loaded})`;
  }

  test("opens once the newest settled session is overdue, and recovers when it is published", async () => {
    await publish("2020-01-08");
    await look();
    expect(await alerts()).toEqual([
      {
        key: "stale_data",
        message:
          "The newest session published is 2020-01-08. 2020-01-09 settled at 2020-01-10 02:00 UTC, and readers still do not see it.",
        path: "/",
        open: true,
      },
    ]);
    await publish("2020-01-09");
    await look();
    expect(await openKeys()).toEqual([]);
    expect(await events()).toEqual(["opened", "recovered"]);
  });

  test("does not open during a first catch-up that comes forward", async () => {
    await addRun(bench.sql, {
      job: ingest,
      state: "running",
      date: "2020-01-02",
      finishedAt: minutesAfter(noon, -300),
    });
    await addRun(bench.sql, { job: ingest, state: "success", date: "2020-01-03", finishedAt: minutesAfter(noon, -5) });
    await look();
    expect(await openKeys()).toEqual([]);
    bench.clock.now = minutesAfter(noon, 60);
    await look();
    expect(await openKeys()).toEqual(["stale_data"]);
  });

  test("that somebody paused stays open, and does not recover by that", async () => {
    await publish("2020-01-08");
    await look();
    await bench.sql`insert into barline.jobs (id, paused) values (${ingest}, true)`;
    await look();
    expect(await openKeys()).toEqual(["stale_data"]);
  });
});

describe("looking for problems", () => {
  test("by many processes at once opens each alert, with its messages, once", async () => {
    await addRun(bench.sql, { job: ingest });
    await addRun(bench.sql, { job: load });
    const looks = await Promise.all(Array.from({ length: 8 }, () => bench.look({ channels: ["webhook", "email"] })));
    expect(looks.flatMap(({ opened }) => opened)).toHaveLength(2);
    expect(looks.some(({ busy }) => busy)).toBe(true);
    expect(await bench.deliveries()).toHaveLength(4);
  });

  test("by an old look never ends what a newer one opened", async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const { promise: looking, resolve: began } = Promise.withResolvers<void>();
    // Another process that began to look before there was a problem, and is slow.
    const slow = bench.sql.begin(async (transaction) => {
      await transaction`select pg_advisory_xact_lock(${lockKeys.alerts}::bigint)`;
      began();
      await released;
    });
    await looking;
    await addRun(bench.sql, { job: ingest });
    expect((await bench.look()).busy).toBe(true);
    release();
    await slow;
    expect((await bench.look()).opened).toHaveLength(1);
  });

  test("works with no channel: the page shows it, and nothing is sent", async () => {
    await addRun(bench.sql, { job: ingest });
    await bench.look({ channels: [] });
    expect(await openKeys()).toHaveLength(1);
    expect(await bench.deliveries()).toHaveLength(0);
  });
});

describe("a problem that flaps", () => {
  test("is told again after an hour only, and not at all where it is over before", async () => {
    const id = await addRun(bench.sql, { job: ingest });
    await bench.look();
    await deliver();
    const flap = async (minutes: number) => {
      bench.clock.now = minutesAfter(noon, minutes);
      await setState(id, "success");
      await bench.look();
      await deliver();
      await setState(id, "failed");
      await bench.look();
      await deliver();
    };
    await flap(10);
    expect(await events()).toEqual(["opened", "recovered", "opened"]);
    await flap(20);
    // The one before was withdrawn untold, and so was its recovery.
    expect(await bench.deliveries()).toMatchObject([
      { event: "opened", state: "delivered" },
      { event: "recovered", state: "delivered" },
      { event: "opened", state: "waiting" },
    ]);
    bench.clock.now = minutesAfter(noon, 60);
    await deliver();
    await setState(id, "success");
    await bench.look();
    expect(await events()).toEqual(["opened", "recovered", "opened", "recovered"]);
  });

  test("is told at once where it comes back after half an hour", async () => {
    const id = await addRun(bench.sql, { job: ingest });
    await bench.look();
    await deliver();
    await setState(id, "success");
    await bench.look();
    bench.clock.now = minutesAfter(noon, 31);
    await setState(id, "failed");
    await bench.look();
    await deliver();
    expect(await bench.deliveries()).toMatchObject([
      { event: "opened" },
      { event: "recovered" },
      { state: "delivered" },
    ]);
  });
});

describe("a recovery", () => {
  test("is told to those alone who were told of the problem", async () => {
    const id = await addRun(bench.sql, { job: ingest });
    const channels = ["webhook" as const, "email" as const];
    await bench.look({ channels });
    await bench.sql`update barline.alert_deliveries set state = 'failed' where channel = 'email'`;
    await setState(id, "success");
    await bench.look({ channels });
    expect(
      (await bench.deliveries()).filter(({ event }) => event === "recovered").map(({ channel }) => channel),
    ).toEqual(["webhook"]);
  });
});

describe("drift", () => {
  const checked = (more: { differences?: number; error?: string | null; finished?: boolean } = {}) => {
    const { differences = 0, error = null, finished = true } = more;
    const example =
      differences === 0
        ? null
        : {
            model: "fct",
            key: { ticker: "AAPL", trade_date: "2020-01-07" },
            column: "rsi_14",
            published: 51.5,
            recomputed: 51,
          };
    return bench.sql`
      insert into barline.drift_checks (trigger, tickers, rows, differences, example, error, finished_at)
      values ('schedule', '["AAPL", "MSFT"]'::jsonb, 500, ${differences}::int,
        nullif(${bench.sql.json(example)}::jsonb, 'null'::jsonb), ${error}::text, ${finished ? bench.clock.now : null})`;
  };

  test("that a check finds opens an alert with the first value, which the next good check ends and no other", async () => {
    await checked();
    expect((await bench.look()).opened).toEqual([]);
    await checked({ differences: 3 });
    expect((await bench.look()).opened).toMatchObject([
      {
        key: "drift",
        message:
          "3 of 500 rows of 2 tickers differ from what a full build makes of the raw tables. First: rsi_14 in fct of AAPL, 2020-01-07 is 51.5, and should be 51.",
        path: "/quality/drift",
      },
    ]);
    await checked({ error: "Postgres is away." });
    await bench.look();
    await checked({ finished: false });
    await bench.look();
    expect(await openKeys()).toEqual(["drift"]);
    await checked();
    expect((await bench.look()).recovered).toHaveLength(1);
  });
});
