import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { queueTriggeredRun } from "../../../jobs/orchestrator/triggers.ts";
import { type JobDefinition, RequestError } from "../../../jobs/orchestrator/types.ts";
import { until } from "../../support/until.ts";
import {
  allEnded,
  createGate,
  createHarness,
  eventsOf,
  type Harness,
  runReaches,
  runsOf,
  type ToyJob,
  taskOf,
  toyJob,
} from "./harness.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

const dataset = "s3://toys/boxes";

/** Records one event a run. */
function producer(given: ToyJob = {}): JobDefinition {
  return toyJob({
    id: "producer",
    maxActiveRuns: 8,
    runsWithoutEvents: true,
    run: async ({ run }) => ({ events: [{ dataset, payload: { box: run.id } }] }),
    ...given,
  });
}

type Seen = { runId: number; eventIds: number[] };

/** Notes which events each of its runs claimed. */
function consumer(seen: Seen[], given: Partial<JobDefinition> = {}): JobDefinition {
  return toyJob({
    id: "consumer",
    triggeredBy: [dataset],
    run: async (context) => {
      const events = await context.claimedEvents();
      seen.push({ runId: context.run.id, eventIds: events.map((event) => event.id) });
      return {};
    },
    ...given,
  });
}

const allClaimed = (count: number) =>
  until(`${count} events are claimed`, async () => {
    const events = await eventsOf(harness.sql, dataset, "consumer");
    return events.length === count && events.every((event) => event.claimedBy !== null) && events;
  });

describe("dataset events", () => {
  test("of two producers that finish together are each claimed by exactly one run", async () => {
    const seen: Seen[] = [];
    const gate = createGate();
    let waiting = 0;
    const together = producer({
      run: async ({ run }) => {
        waiting++;
        await gate.opened;
        return { events: [{ dataset, payload: { box: run.id } }] };
      },
    });
    const jobs = [together, consumer(seen)];
    const first = await harness.start(jobs);
    const second = await harness.start(jobs);
    await Promise.all([first.createRun("producer", {}), second.createRun("producer", {})]);
    await until("both are at work", () => waiting === 2);
    gate.open();
    const events = await allClaimed(2);
    await allEnded(harness.sql, 1, "consumer");
    expect(seen.flatMap((one) => one.eventIds).sort((a, b) => a - b)).toEqual(events.map((event) => event.id));
  });

  test("of many producers on racing processes are neither lost nor claimed twice, and no run claims none", async () => {
    const seen: Seen[] = [];
    const jobs = [producer(), consumer(seen, { maxActiveRuns: 3, maxClaims: 4 })];
    const processes = await Promise.all([harness.start(jobs), harness.start(jobs), harness.start(jobs)]);
    await Promise.all(Array.from({ length: 30 }, (_, index) => processes[index % 3]?.createRun("producer", {})));
    const events = await allClaimed(30);
    const runs = await allEnded(harness.sql, 1, "consumer");
    const claimed = seen.flatMap((one) => one.eventIds);
    expect(claimed.length).toBe(30);
    expect(claimed.sort((a, b) => a - b)).toEqual(events.map((event) => event.id));
    expect(seen.length).toBe(runs.length);
    expect(Math.min(...seen.map((one) => one.eventIds.length))).toBeGreaterThan(0);
    expect(Math.max(...seen.map((one) => one.eventIds.length))).toBeLessThanOrEqual(4);
  });

  test("that wait are claimed by one run that lists their ids, oldest first", async () => {
    const seen: Seen[] = [];
    const orchestrator = await harness.start([producer(), consumer(seen)]);
    await orchestrator.setPaused("consumer", true);
    for (let count = 0; count < 5; count++) await orchestrator.createRun("producer", {});
    await allEnded(harness.sql, 5, "producer");
    expect(await runsOf(harness.sql, "consumer")).toEqual([]);
    await orchestrator.setPaused("consumer", false);
    const events = await allClaimed(5);
    await allEnded(harness.sql, 1, "consumer");
    expect(seen.map((one) => one.eventIds)).toEqual([events.map((event) => event.id)]);
    expect(new Set(events.map((event) => event.claimedBy)).size).toBe(1);
  });

  test("beyond what one run may claim go to the next run", async () => {
    const seen: Seen[] = [];
    const orchestrator = await harness.start([producer(), consumer(seen, { maxClaims: 2 })]);
    await orchestrator.setPaused("consumer", true);
    for (let count = 0; count < 5; count++) await orchestrator.createRun("producer", {});
    await allEnded(harness.sql, 5, "producer");
    await orchestrator.setPaused("consumer", false);
    await allEnded(harness.sql, 3, "consumer");
    expect(seen.map((one) => one.eventIds.length)).toEqual([2, 2, 1]);
  });

  test("are claimed by each job that they trigger", async () => {
    const seen: Seen[] = [];
    const other: Seen[] = [];
    const orchestrator = await harness.start([producer(), consumer(seen), consumer(other, { id: "other" })]);
    await orchestrator.createRun("producer", {});
    await allEnded(harness.sql, 1, "consumer");
    await allEnded(harness.sql, 1, "other");
    expect(seen[0]?.eventIds).toEqual(other[0]?.eventIds ?? []);
  });

  test("make no run where racing processes find them claimed already", async () => {
    const job = consumer([]);
    const orchestrator = harness.make([producer(), job]);
    await orchestrator.start();
    await orchestrator.setPaused("consumer", true);
    await orchestrator.createRun("producer", {});
    await allEnded(harness.sql, 1, "producer");
    await orchestrator.stop(1000);
    await harness.sql`update barline.jobs set paused = false`;
    const racing = { ...job, maxActiveRuns: 10 };
    const made = await Promise.all(Array.from({ length: 8 }, () => queueTriggeredRun(harness.sql, racing, new Date())));
    expect(made.filter((one) => one !== undefined).length).toBe(1);
    expect((await runsOf(harness.sql, "consumer")).length).toBe(1);
  });

  test("are not there where the task's success could not be recorded", async () => {
    await harness.sql`
      create function refuse() returns trigger language plpgsql as 'begin raise exception ''no room''; end'`;
    await harness.sql`
      create constraint trigger refuse after insert on barline.dataset_events initially deferred
      for each row execute function refuse()`;
    const orchestrator = await harness.start([producer()]);
    const runId = await orchestrator.createRun("producer", {});
    const run = await runReaches(harness.sql, runId, "failed", "success");
    await harness.sql`drop function refuse() cascade`;
    expect(run).toMatchObject({ state: "failed", error: { message: "no room" } });
    expect(await taskOf(harness.sql, runId)).toMatchObject({ state: "failed", output: null });
    expect(await eventsOf(harness.sql, dataset, "consumer")).toEqual([]);
  });

  test("start a run by hand where some wait, and refuse one where none does", async () => {
    const seen: Seen[] = [];
    const orchestrator = await harness.start([producer(), consumer(seen)]);
    const refused = await orchestrator.createRun("consumer", {}).catch((error) => error);
    expect(refused).toBeInstanceOf(RequestError);
    expect(refused).toMatchObject({ code: "conflict" });
    expect(await runsOf(harness.sql, "consumer")).toEqual([]);
    await orchestrator.setPaused("consumer", true);
    await orchestrator.createRun("producer", {});
    await allEnded(harness.sql, 1, "producer");
    const runId = await orchestrator.createRun("consumer", {});
    await orchestrator.setPaused("consumer", false);
    await runReaches(harness.sql, runId, "success");
    expect(seen).toEqual([{ runId, eventIds: (await allClaimed(1)).map((event) => event.id) }]);
  });
});

describe("a job that rests", () => {
  test("leaves events waiting while what it watches is at work, and takes all of them in the end", async () => {
    const seen: Seen[] = [];
    const gate = createGate();
    const upstream = toyJob({
      id: "upstream",
      runsWithoutEvents: true,
      run: async () => {
        await gate.opened;
        return {};
      },
    });
    const resting = consumer(seen, { coalesce: { whileActive: ["upstream"], restFactor: 100_000 } });
    const orchestrator = await harness.start([producer(), upstream, resting]);
    await orchestrator.createRun("upstream", {});
    await orchestrator.createRun("producer", {});
    // The first result is what people wait for: no rest before it.
    await allClaimed(1);
    await allEnded(harness.sql, 1, "consumer");
    for (let count = 0; count < 4; count++) await orchestrator.createRun("producer", {});
    await allEnded(harness.sql, 5, "producer");
    expect(await queueTriggeredRun(harness.sql, resting, new Date())).toMatchObject({
      restMs: expect.any(Number),
    });
    expect((await runsOf(harness.sql, "consumer")).length).toBe(1);
    gate.open();
    await allClaimed(5);
    await allEnded(harness.sql, 2, "consumer");
    expect(seen.map((one) => one.eventIds.length)).toEqual([1, 4]);
  });

  test("goes on after its rest though what it watches is still at work", async () => {
    const seen: Seen[] = [];
    const gate = createGate();
    const upstream = toyJob({ id: "upstream", runsWithoutEvents: true, run: () => gate.opened.then(() => ({})) });
    const jobs = [producer(), upstream, consumer(seen, { coalesce: { whileActive: ["upstream"], restFactor: 2 } })];
    const orchestrator = await harness.start(jobs);
    await orchestrator.createRun("upstream", {});
    for (let count = 1; count <= 3; count++) {
      await orchestrator.createRun("producer", {});
      await allClaimed(count);
    }
    expect((await runsOf(harness.sql, "upstream"))[0]?.state).toBe("running");
    gate.open();
  });

  test("does not count the days that a failed run lay before it was retried", async () => {
    const job = consumer([], { coalesce: { whileActive: ["producer"], restFactor: 1 } });
    let fail = true;
    const failing = { ...job, tasks: toyJob({ run: async () => (fail ? Promise.reject(new Error("no")) : {}) }).tasks };
    const orchestrator = await harness.start([producer(), failing]);
    await orchestrator.createRun("producer", {});
    const [run] = await allEnded(harness.sql, 1, "consumer");
    await harness.sql`update barline.runs set started_at = now() - interval '3 days' where job_id = 'consumer'`;
    fail = false;
    const [asked] = await harness.sql<{ at: Date }[]>`select now() as at`;
    await orchestrator.retryRun(run?.id ?? 0);
    await runReaches(harness.sql, run?.id ?? 0, "success");
    const [row] = await harness.sql<
      { at: Date }[]
    >`select started_at as at from barline.runs where job_id = 'consumer'`;
    expect(row?.at.getTime()).toBeGreaterThanOrEqual(asked?.at.getTime() ?? Number.NaN);
  });
});

describe("from an event to the downstream run's first task", () => {
  test("is a wake at every step, never a look at the next turn", async () => {
    const samples = 200;
    const settled = new Map<number, () => void>();
    const job = consumer([], {
      tasks: toyJob({
        run: async (context) => {
          for (const event of await context.claimedEvents()) settled.get(event.runId)?.();
          return {};
        },
      }).tasks,
    });
    // What no wake announced would be found after ten minutes.
    const seldom = { pollMs: 600_000, heartbeatMs: 600_000, leaseMs: 3_600_000 };
    const orchestrator = await harness.start([producer(), job], seldom);
    for (let count = 0; count < samples; count++) {
      const gate = createGate();
      const runId = await orchestrator.createRun("producer", {});
      settled.set(runId, gate.open);
      // It may have been claimed before the gate was known.
      await Promise.race([gate.opened, until("it is claimed", () => claimedSince(runId))]);
    }
    await until("every event's run has ended", async () => (await runsOf(harness.sql, "consumer")).every(hasEnded));
    const claimed = await harness.sql<{ claims: number; tries: number }[]>`
      select count(distinct claims.run_id)::int as claims, count(tries.task_id)::int as tries
      from barline.dataset_events events
      join barline.event_claims claims on claims.event_id = events.id
      join barline.tasks on tasks.run_id = claims.run_id
      join barline.tries on tries.task_id = tasks.id
      group by events.id`;
    expect([...claimed]).toEqual(Array.from({ length: samples }, () => ({ claims: 1, tries: 1 })));
  });
});

const hasEnded = (run: { state: string }) => run.state !== "queued" && run.state !== "running";

async function claimedSince(producerRun: number): Promise<boolean> {
  const rows = await harness.sql`
    select 1 from barline.dataset_events events join barline.event_claims claims on claims.event_id = events.id
    where events.run_id = ${producerRun}::bigint`;
  return rows.length > 0;
}
