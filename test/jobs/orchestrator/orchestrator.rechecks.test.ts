import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createRechecks } from "../../../jobs/orchestrator/rechecks.ts";
import type { JobDefinition, RecheckSeries, Schedule } from "../../../jobs/orchestrator/types.ts";
import { until } from "../../support/until.ts";
import {
  allEnded,
  createGate,
  createHarness,
  type Harness,
  runReaches,
  runsOf,
  type ToyJob,
  toyJob,
} from "./harness.ts";
import { startMortal } from "./schedule-support.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

const day = (number: number) => `2024-01-${String(number).padStart(2, "0")}`;

/** After each day the two before it. */
function twoBefore(today: { day: number }): RecheckSeries {
  return {
    name: "two before",
    due: (_now, done) => {
      const round = {
        key: day(today.day),
        after: day(today.day),
        partitions: [day(today.day - 2), day(today.day - 1)],
      };
      return round.key > (done ?? "") ? round : undefined;
    },
  };
}

function checkedJob(today: { day: number }, given: ToyJob = {}): JobDefinition {
  const schedule: Schedule = {
    cron: "* * * * * *",
    timeZone: "UTC",
    due: () => Array.from({ length: today.day }, (_, index) => day(index + 1)),
    upcoming: () => [],
    catchup: "all",
    rechecks: [twoBefore(today)],
  };
  return toyJob({ maxActiveRuns: 2, schedule, ...given });
}

const rechecksOf = async () =>
  (await runsOf(harness.sql)).filter(({ trigger }) => trigger === "recheck").map(({ partition }) => partition);
const ownersOf = async () =>
  (
    await harness.sql<{ trigger: string }[]>`
    select trigger from barline.run_partitions join barline.runs on runs.id = run_id`
  ).map(({ trigger }) => trigger);

describe("a job with rechecks", () => {
  test("runs a round of them after each new partition, beside the runs that answer for theirs", async () => {
    const today = { day: 3 };
    await harness.start([checkedJob(today)]);
    await allEnded(harness.sql, 5);
    today.day = 4;
    await allEnded(harness.sql, 8);
    expect(await rechecksOf()).toEqual([day(1), day(2), day(2), day(3)]);
    expect(await ownersOf()).toEqual(["schedule", "schedule", "schedule", "schedule"]);
  });

  test("queues none before the new partition's own run has succeeded, nor of a partition whose run has not", async () => {
    const gate = createGate();
    const job = checkedJob(
      { day: 3 },
      {
        maxTries: 1,
        run: async ({ run }) => {
          if (run.partition === day(3)) await gate.opened;
          if (run.partition === day(1)) throw new Error("broken");
          return {};
        },
      },
    );
    await harness.start([job]);
    await until("the others have ended", async () => {
      const runs = await runsOf(harness.sql);
      return runs.filter(({ state }) => state === "success" || state === "failed").length === 2;
    });
    expect(await createRechecks(harness.sql, job).queue(new Date())).toBe(0);
    gate.open();
    await allEnded(harness.sql, 4);
    expect(await rechecksOf()).toEqual([day(2)]);
  });

  test("queues each round once, whoever looks, and however often at once", async () => {
    const job = checkedJob({ day: 3 });
    await harness.start([checkedJob({ day: 3 }, { schedule: { ...schedule(job), rechecks: [] } })]);
    await allEnded(harness.sql, 3);
    const lookers = Array.from({ length: 12 }, () => createRechecks(harness.sql, job));
    const queued = await Promise.all(lookers.map((looker) => looker.queue(new Date())));
    expect(queued.reduce((sum, count) => sum + count)).toBe(2);
    expect(await rechecksOf()).toEqual([day(1), day(2)]);
    expect(await createRechecks(harness.sql, job).queue(new Date())).toBe(0);
  });

  test("holds them back while it is paused", async () => {
    const today = { day: 3 };
    const job = checkedJob(today);
    const orchestrator = await harness.start([job]);
    await allEnded(harness.sql, 5);
    await orchestrator.setPaused("toy", true);
    await harness.sql`update barline.recheck_rounds set round = '2024-01-01'`;
    expect(await createRechecks(harness.sql, job).queue(new Date())).toBe(0);
    await orchestrator.setPaused("toy", false);
    expect(await createRechecks(harness.sql, job).queue(new Date())).toBe(2);
  });

  test("lets everything else go first", async () => {
    const order: string[] = [];
    const gate = createGate();
    const today = { day: 3 };
    const job = checkedJob(today, {
      run: async ({ run }) => {
        order.push(`${run.trigger} ${run.partition}`);
        if (run.trigger === "recheck") await gate.opened;
        return {};
      },
    });
    await harness.start([job], { plainSlots: 2 });
    await until(
      "both slots are taken by rechecks",
      () => order.filter((one) => one.startsWith("recheck")).length === 2,
    );
    today.day = 4;
    const [fresh] = await until("the fresh one is queued", async () => {
      const runs = (await runsOf(harness.sql)).filter(({ partition }) => partition === day(4));
      return runs.length > 0 && runs;
    });
    // Its run has begun beside them: what they take of the job's runs is their own.
    await runReaches(harness.sql, fresh?.id ?? 0, "running");
    gate.open();
    await allEnded(harness.sql, 8);
    expect(order.indexOf(`schedule ${day(4)}`)).toBe(5);
  });

  test("loses none and runs none twice where its process is killed on the way", async () => {
    const job = checkedJob({ day: 3 });
    const start = () =>
      startMortal(harness.database.url, [job], { now: () => new Date(), pollMs: 10, heartbeatMs: 50 });
    for (let ended = 0; ended < 5; ended += 1) {
      const mortal = await start();
      await until(`${ended} runs have succeeded`, async () => {
        return (await runsOf(harness.sql)).filter(({ state }) => state === "success").length >= ended;
      });
      await mortal.kill();
    }
    const mortal = await start();
    await allEnded(harness.sql, 5);
    await mortal.stop();
    expect(await rechecksOf()).toEqual([day(1), day(2)]);
  });
});

function schedule(job: JobDefinition): Schedule {
  if (!job.schedule) throw new Error("The job has no schedule.");
  return job.schedule;
}
