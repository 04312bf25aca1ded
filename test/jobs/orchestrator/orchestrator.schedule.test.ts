import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { queueDueRuns, startRuns } from "../../../jobs/orchestrator/triggers.ts";
import type { JobDefinition, Schedule } from "../../../jobs/orchestrator/types.ts";
import { until } from "../../support/until.ts";
import {
  allEnded,
  captureLog,
  createGate,
  createHarness,
  type Harness,
  type LogLines,
  runReaches,
  runsOf,
  toyJob,
  untilAborted,
} from "./harness.ts";
import { crashWhileQueuing } from "./schedule-support.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

const everySecond = "* * * * * *";
/** As seldom as a pattern allows: for tests that want no tick. */
const never = "0 0 29 2 *";

/** A schedule whose partitions are the days of 2024 up to `today.day`. */
function daily(today: { day: number }, catchup: Schedule["catchup"], cron = everySecond): Schedule {
  return {
    cron,
    timeZone: "America/New_York",
    due: () => Array.from({ length: today.day }, (_, index) => `2024-01-${String(index + 1).padStart(2, "0")}`),
    upcoming: () => [],
    catchup,
  };
}

const partitionsOf = async () => (await runsOf(harness.sql)).map((run) => run.partition);

describe("a schedule", () => {
  test("catches up every partition that is due: the fresh one, then what was missed, oldest first", async () => {
    const order: (string | null)[] = [];
    const job = toyJob({
      schedule: daily({ day: 5 }, "all"),
      run: async ({ run }) => {
        order.push(run.partition);
        return {};
      },
    });
    await harness.start([job]);
    await allEnded(harness.sql, 5);
    // The fresh one has a place of its own beside those that were missed.
    expect(order.filter((partition) => partition !== "2024-01-05")).toEqual([
      ...["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"],
    ]);
    expect(order.indexOf("2024-01-05")).toBeLessThan(2);
  });

  test("finds at its next tick all that came due while the process slept", async () => {
    const today = { day: 1 };
    await harness.start([toyJob({ schedule: daily(today, "all") })]);
    await allEnded(harness.sql, 1);
    today.day = 4;
    await allEnded(harness.sql, 4);
    expect(await partitionsOf()).toEqual(["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]);
  });

  test("wants nothing where nothing is due yet", async () => {
    await harness.start([toyJob({ schedule: daily({ day: 0 }, "all") })]);
    expect(await runsOf(harness.sql)).toEqual([]);
  });

  test("with catchup latest takes the newest of what was missed, and each one after it", async () => {
    const today = { day: 5 };
    const job = toyJob({ schedule: daily(today, "latest") });
    await harness.start([job]);
    await allEnded(harness.sql, 1);
    today.day = 6;
    await allEnded(harness.sql, 2);
    today.day = 9;
    await allEnded(harness.sql, 3);
    expect(await partitionsOf()).toEqual(["2024-01-05", "2024-01-06", "2024-01-09"]);
  });

  test("with catchup none leaves what was missed, and takes what comes due later", async () => {
    const today = { day: 5 };
    await harness.start([toyJob({ schedule: daily(today, "none") })]);
    today.day = 6;
    await allEnded(harness.sql, 1);
    expect(await partitionsOf()).toEqual(["2024-01-06"]);
  });

  test("with catchup none leaves what came due during a pause", async () => {
    const today = { day: 5 };
    const job = toyJob({ schedule: daily(today, "none", never) });
    const orchestrator = await harness.start([job]);
    await orchestrator.setPaused("toy", true);
    today.day = 6;
    await queueDueRuns(harness.sql, job, new Date(), false);
    await orchestrator.setPaused("toy", false);
    today.day = 7;
    await queueDueRuns(harness.sql, job, new Date(), false);
    orchestrator.wake();
    await allEnded(harness.sql, 1);
    expect(await partitionsOf()).toEqual(["2024-01-07"]);
  });

  test("does not touch a paused job, and catches up as soon as it goes on", async () => {
    const orchestrator = harness.make([toyJob({ schedule: daily({ day: 2 }, "all", never) })]);
    await harness.sql`insert into barline.jobs (id, paused) values ('toy', true)`;
    await orchestrator.start();
    await orchestrator.setPaused("toy", true);
    expect(await runsOf(harness.sql)).toEqual([]);
    await orchestrator.setPaused("toy", false);
    await allEnded(harness.sql, 2);
  });

  test("does not run a failed partition again by itself", async () => {
    const job = toyJob({
      schedule: daily({ day: 2 }, "all"),
      run: async ({ run }) => {
        if (run.partition === "2024-01-01") throw new Error("no");
        return {};
      },
    });
    const orchestrator = await harness.start([job]);
    await allEnded(harness.sql, 2);
    expect(await queueDueRuns(harness.sql, job, new Date(), false)).toBe(0);
    orchestrator.wake();
    expect((await runsOf(harness.sql)).map((run) => run.state)).toEqual(["failed", "success"]);
  });

  test("asks again after a database error at the tick, and another job's fault does not hold it up", async () => {
    const lines: LogLines = [];
    const today = { day: 0 };
    const broken = toyJob({
      id: "broken",
      schedule: {
        ...daily(today, "all"),
        due: () => {
          throw new Error("a fault in the calendar");
        },
      },
    });
    await harness.start([broken, toyJob({ schedule: daily(today, "all") })], { log: captureLog(lines) });
    today.day = 1;
    await allEnded(harness.sql, 1);
    expect(lines.some((line) => line.msg === "the schedule raised an error")).toBe(true);
  });
});

describe("racing processes", () => {
  test("create each partition's run once and run it once", async () => {
    const ran: (string | null)[] = [];
    const job = toyJob({
      maxActiveRuns: 4,
      schedule: daily({ day: 20 }, "all"),
      run: async ({ run }) => {
        ran.push(run.partition);
        return {};
      },
    });
    await Promise.all([harness.start([job]), harness.start([job]), harness.start([job])]);
    await allEnded(harness.sql, 20);
    const partitions = await partitionsOf();
    expect(partitions.length).toBe(20);
    expect(new Set(partitions).size).toBe(20);
    expect(ran.sort()).toEqual(partitions.sort());
  });

  test("never start more runs of a priority than the job allows", async () => {
    const job = toyJob({ maxActiveRuns: 2, schedule: daily({ day: 12 }, "all", never) });
    await harness.sql`insert into barline.jobs (id) values ('toy')`;
    await queueDueRuns(harness.sql, job, new Date(), false);
    const started = await Promise.all(Array.from({ length: 6 }, () => startRuns(harness.sql, job)));
    // Two of those that were missed, and the newest.
    expect(started.reduce((sum, count) => sum + count, 0)).toBe(3);
  });

  test("agree on one run a partition whatever their clocks, crashes and order", async () => {
    const { sql } = harness;
    const step = fc.record({
      // What each of the racing processes believes today to be; a crash is a process that rolls back.
      clocks: fc.array(fc.integer({ min: 0, max: 28 }), { minLength: 1, maxLength: 4 }),
      crash: fc.boolean(),
      atStart: fc.boolean(),
    });
    let serial = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        const id = `property-${++serial}`;
        await sql`insert into barline.jobs (id) values (${id})`;
        const at = (day: number): JobDefinition => toyJob({ id, schedule: daily({ day }, "all") });
        for (const { clocks, crash, atStart } of steps) {
          const races = clocks.map((day) => queueDueRuns(sql, at(day), new Date(), atStart));
          if (crash) await crashWhileQueuing(sql, at(28), new Date());
          await Promise.all(races);
        }
        const partitions = (await runsOf(sql, id)).map((run) => run.partition);
        const furthest = Math.max(0, ...steps.flatMap((one) => one.clocks));
        expect(partitions.sort()).toEqual(daily({ day: furthest }, "all").due(new Date()));
      }),
      { numRuns: 40 },
    );
  }, 300_000);
});

describe("priorities", () => {
  test("let a scheduled run start beside a backfill that uses all its places, and run first", async () => {
    const today = { day: 0 };
    const order: (string | null)[] = [];
    const gate = createGate();
    const job = toyJob({
      maxActiveRuns: 1,
      schedule: daily(today, "all"),
      run: async ({ run, signal }) => {
        order.push(run.partition);
        await Promise.race([gate.opened, untilAborted(signal)]);
        return {};
      },
    });
    const orchestrator = await harness.start([job], { plainSlots: 2 });
    const partitions = ["2023-01-01", "2023-01-02", "2023-01-03"];
    const { id } = await orchestrator.createBackfill("toy", {
      from: "2023-01-01",
      to: "2023-01-03",
      reprocess: "missing",
      partitions,
      plan: ({ wanted }) => ({
        plan: {},
        runs: wanted.map(({ partition }) => ({ partitions: [partition], parameters: {} })),
      }),
    });
    expect(id).not.toBeNull();
    await until("the backfill is at work", () => order.length === 1);
    today.day = 1;
    await until("the day's own run is at work too", () => order.length === 2);
    expect(order).toEqual(["2023-01-01", "2024-01-01"]);
    gate.open();
    const runs = await allEnded(harness.sql, 4);
    expect(runs.every((run) => run.state === "success")).toBe(true);
  });

  test("put a scheduled run's tasks before a backfill's that wait for the same place", async () => {
    const order: (string | null)[] = [];
    const gate = createGate();
    const job = toyJob({
      maxActiveRuns: 5,
      schedule: daily({ day: 0 }, "all", never),
      run: async ({ run, signal }) => {
        order.push(run.partition);
        await Promise.race([gate.opened, untilAborted(signal)]);
        return {};
      },
    });
    const orchestrator = await harness.start([job], { plainSlots: 1 });
    await orchestrator.createBackfill("toy", {
      from: "2023-01-01",
      to: "2023-01-03",
      reprocess: "missing",
      partitions: ["2023-01-01", "2023-01-02", "2023-01-03"],
      plan: ({ wanted }) => ({
        plan: {},
        runs: wanted.map(({ partition }) => ({ partitions: [partition], parameters: {} })),
      }),
    });
    await until("the backfill holds the place", () => order.length === 1);
    const byHand = await orchestrator.createRun("toy", { partition: "2024-06-01" });
    await queueDueRuns(harness.sql, toyJob({ schedule: { ...daily({ day: 1 }, "all") } }), new Date(), false);
    orchestrator.wake();
    await until("all wait for the place", async () => {
      const [row] = await harness.sql<{ queued: number }[]>`
        select count(*)::int as queued from barline.tasks where state = 'queued'`;
      return row?.queued === 4;
    });
    gate.open();
    await allEnded(harness.sql, 5);
    expect(order).toEqual(["2023-01-01", "2024-01-01", "2024-06-01", "2023-01-02", "2023-01-03"]);
    await runReaches(harness.sql, byHand, "success");
  });
});
