import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Sql } from "../../../../db/client.ts";
import { startQueuedRuns } from "../../../../db/queries/pipeline/runs.ts";
import type { JobDefinition, Schedule } from "../../../../jobs/orchestrator/types.ts";
import { until } from "../../../support/until.ts";
import { allEnded, createGate, createHarness, type Harness, runReaches, runsOf, toyJob } from "../harness.ts";
import { backfill, backfillOf, bySession, dayOf } from "../toy-backfill.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
  await watchRuns(harness.sql);
});
afterEach(async () => {
  await harness.reset();
  await harness.sql`truncate watched`;
});
afterAll(() => harness.close());

/** The database itself counts what is running after each change of a run, so that no look comes too late. */
async function watchRuns(sql: Sql): Promise<void> {
  await sql`create table watched (backfill_id bigint, priority int, running int)`;
  await sql`create sequence run_updates`;
  await sql.unsafe(`
    create function watch_runs() returns trigger language plpgsql as $$
    begin
      perform nextval('run_updates');
      insert into watched select backfill_id, null, count(*) from barline.runs where state = 'running' group by backfill_id;
      insert into watched select null, priority, count(*) from barline.runs where state = 'running' group by priority;
      return null;
    end $$`);
  await sql`create trigger watch_runs after update of state on barline.runs execute function watch_runs()`;
}

/** How many statements have changed the state of runs so far. */
async function updatesOfRuns(): Promise<number> {
  const [row] = await harness.sql<{ count: number }[]>`select last_value as count from run_updates`;
  return row?.count ?? 0;
}

/** The most runs of a backfill, or of a priority, that ever ran at once. */
async function mostAtOnce(of: { backfillId: number } | { priority: number }): Promise<number> {
  const [backfillId, priority] = "priority" in of ? [null, of.priority] : [of.backfillId, null];
  const [row] = await harness.sql<{ most: number | null }[]>`
    select max(running) as most from watched
    where backfill_id = ${backfillId}::bigint or priority = ${priority}::int`;
  return row?.most ?? 0;
}

/** Partitions of a backfill's runs in the order in which they were started. */
async function startedOf(backfillId: number): Promise<string[]> {
  const rows = await harness.sql<{ partition: string }[]>`
    select partition from barline.runs where backfill_id = ${backfillId} and started_at is not null order by started_at, id`;
  return rows.map((row) => row.partition);
}

/** Small, quick and repeatable: the same seed gives the same draws. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

describe("a session of the day", () => {
  test("that comes due during a backfill of 2,500 starts at once, before all that is left of it, in its own places", async () => {
    const today: { due: string[] } = { due: [] };
    const schedule: Schedule = { ...bySession, due: () => today.due };
    const gate = createGate();
    const began: string[] = [];
    const job: JobDefinition = toyJob({
      schedule,
      maxActiveRuns: 2,
      run: async ({ run }) => {
        began.push(run.partition ?? "");
        if (run.trigger === "backfill") await gate.opened;
        return {};
      },
    });
    const orchestrator = await harness.start([job], { plainSlots: 4 });
    const { id, runs } = await backfill(orchestrator, [1, 2500]);
    expect(runs).toBe(2500);
    await until("the backfill has all its places", () => began.length === 2);
    today.due = [dayOf(3000)];
    // What a clock does at the schedule's time.
    await orchestrator.setPaused("toy", false);
    await until("the day's run has succeeded", async () => {
      const [run] = (await runsOf(harness.sql)).filter((candidate) => candidate.trigger === "schedule");
      return run?.state === "success";
    });
    expect(began).toEqual([dayOf(1), dayOf(2), dayOf(3000)]);
    expect(await startedOf(id)).toEqual([dayOf(1), dayOf(2)]);
    expect(await mostAtOnce({ priority: 10 })).toBe(1);
    expect(await mostAtOnce({ priority: 0 })).toBe(2);
    await orchestrator.cancelBackfill(id);
    gate.open();
    expect((await backfillOf(harness.sql, id))?.state).toBe("cancelled");
  });
});

describe("a backfill's order", () => {
  test("is kept from the newest, or the oldest, and may be turned round on the way", async () => {
    const gate = createGate();
    const run = async () => {
      await gate.opened;
      return {};
    };
    const orchestrator = await harness.start([toyJob({ schedule: bySession, maxActiveRuns: 1, run })]);
    const { id } = await backfill(orchestrator, [1, 6], { order: "newest" });
    await until("the newest is at work", async () => (await startedOf(id)).length === 1);
    expect(await startedOf(id)).toEqual([dayOf(6)]);
    await orchestrator.updateBackfill(id, { order: "oldest" });
    gate.open();
    await allEnded(harness.sql, 6);
    expect(await startedOf(id)).toEqual([6, 1, 2, 3, 4, 5].map(dayOf));
    const newest = await backfill(orchestrator, [11, 16], { order: "newest" });
    await allEnded(harness.sql, 12);
    expect(await startedOf(newest.id)).toEqual([16, 15, 14, 13, 12, 11].map(dayOf));
  });
});

describe("a backfill's limit", () => {
  test("holds up no other backfill, though that came later", async () => {
    const gates = [createGate(), createGate()];
    const job = toyJob({
      schedule: bySession,
      maxActiveRuns: 3,
      run: async ({ run }) => {
        await gates[(run.partition ?? "") < dayOf(100) ? 0 : 1]?.opened;
        return {};
      },
    });
    const orchestrator = await harness.start([job]);
    const capped = await backfill(orchestrator, [1, 20], { concurrency: 1 });
    const other = await backfill(orchestrator, [100, 103]);
    await until("the other has the places left", async () => (await startedOf(other.id)).length === 2);
    gates[1]?.open();
    await until("the other is done", async () => (await backfillOf(harness.sql, other.id))?.state === "success");
    expect(await startedOf(capped.id)).toEqual([dayOf(1)]);
    gates[0]?.open();
    await until("the capped one is done", async () => (await backfillOf(harness.sql, capped.id))?.state === "success");
    expect(await mostAtOnce({ backfillId: capped.id })).toBe(1);
  });

  test("may be changed on the way: a lower one lets what runs end, none gives all the job's places", async () => {
    const gates = new Map<string, ReturnType<typeof createGate>>();
    const job = toyJob({
      schedule: bySession,
      maxActiveRuns: 3,
      run: async ({ run }) => {
        const gate = createGate();
        gates.set(run.partition ?? "", gate);
        await gate.opened;
        return {};
      },
    });
    const orchestrator = await harness.start([job]);
    const { id } = await backfill(orchestrator, [1, 9], { concurrency: 2 });
    await until("two are at work", () => gates.size === 2);
    await orchestrator.updateBackfill(id, { concurrency: 1 });
    gates.get(dayOf(1))?.open();
    await until("one has ended", async () => (await runsOf(harness.sql))[0]?.state === "success");
    await orchestrator.updateBackfill(id, { order: "oldest" });
    gates.get(dayOf(2))?.open();
    await until("a third is at work", () => gates.size === 3);
    const states = (await runsOf(harness.sql)).map((run) => run.state);
    expect(states.filter((state) => state === "running")).toEqual(["running"]);
    await orchestrator.updateBackfill(id, { concurrency: null });
    await until("all places are taken", () => gates.size === 5);
    expect(await mostAtOnce({ backfillId: id })).toBe(3);
    await orchestrator.cancelBackfill(id);
    for (const gate of gates.values()) gate.open();
  });

  test("is shared fairly: with one place, backfills take turns", async () => {
    const orchestrator = await harness.start([toyJob({ schedule: bySession, maxActiveRuns: 1 })]);
    await orchestrator.setPaused("toy", true);
    const [first, second] = [await backfill(orchestrator, [1, 4]), await backfill(orchestrator, [11, 14])];
    await orchestrator.setPaused("toy", false);
    await allEnded(harness.sql, 8);
    const order = await harness.sql<{ id: number }[]>`
      select backfill_id as id from barline.runs order by started_at`;
    expect(order.map((row) => (row.id === first.id ? "first" : row.id === second.id ? "second" : "none"))).toEqual(
      Array(4).fill(["first", "second"]).flat(),
    );
  });

  // apache/airflow#58752: with two schedulers, twice as many ran as were allowed.
  test.each([1, 2, 3])("and the job's hold under two schedulers, with pauses and changes (seed %i)", async (seed) => {
    const random = createRandom(seed);
    const atWork = new Map<number, number>();
    const mostTasks = new Map<number, number>();
    const done: string[] = [];
    const job = toyJob({
      schedule: bySession,
      maxActiveRuns: 5,
      run: async ({ run }) => {
        const id = run.backfillId ?? 0;
        const count = (atWork.get(id) ?? 0) + 1;
        atWork.set(id, count);
        mostTasks.set(id, Math.max(mostTasks.get(id) ?? 0, count));
        await harness.sql`select pg_sleep(${random(6) / 1000}::float8)`;
        atWork.set(id, (atWork.get(id) ?? 0) - 1);
        done.push(run.partition ?? "");
        return {};
      },
    });
    const both = [await harness.start([job]), await harness.start([job])];
    const one = () => both[random(2)] ?? harness.make([job]);
    const limits = [1 + random(2), 2 + random(2), 5];
    const made = await Promise.all(
      limits.map((concurrency, index) =>
        backfill(one(), [1 + index * 20, 40 + index * 20], {
          concurrency,
          order: random(2) ? "newest" : "oldest",
        }),
      ),
    );
    for (let change = 0; change < 12; change++) {
      const { id } = made[random(made.length)] ?? { id: 0 };
      const wanted = random(3) ? { paused: random(2) === 0 } : { order: random(2) ? "newest" : "oldest" };
      // One that has ended meanwhile says so.
      await one()
        .updateBackfill(id, wanted as { paused: boolean })
        .catch(() => {});
    }
    for (const { id } of made)
      await one()
        .updateBackfill(id, { paused: false })
        .catch(() => {});
    await allEnded(harness.sql, 80);
    // Overlapping ranges, asked for at once on two processes: each partition once, and none left out.
    expect(done.toSorted()).toEqual(Array.from({ length: 80 }, (_, index) => dayOf(index + 1)));
    for (const [index, { id }] of made.entries()) {
      expect(await mostAtOnce({ backfillId: id })).toBeLessThanOrEqual(limits[index] ?? 0);
      expect(mostTasks.get(id) ?? 0).toBeLessThanOrEqual(limits[index] ?? 0);
    }
    expect(await mostAtOnce({ priority: 0 })).toBeLessThanOrEqual(5);
  });
});

describe("a cancelled run", () => {
  test("is not begun by a process that saw it waiting a moment ago", async () => {
    const orchestrator = harness.make([toyJob({ schedule: bySession })]);
    await harness.sql`insert into barline.jobs (id) values ('toy')`;
    const { id } = await backfill(orchestrator, [1, 1]);
    const [run] = await runsOf(harness.sql);
    const locked = createGate();
    const commit = createGate();
    const cancelling = harness.sql.begin(async (transaction) => {
      await transaction`update barline.runs set state = 'cancelled' where id = ${run?.id ?? 0}`;
      locked.open();
      await commit.opened;
    });
    await locked.opened;
    const starting = harness.sql.begin((transaction) => startQueuedRuns(transaction, "toy", 1));
    await until("the start waits for the cancel", async () => {
      const [row] = await harness.sql<{ waiting: number }[]>`
        select count(*)::int as waiting from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock'`;
      return row?.waiting === 1;
    });
    commit.open();
    await cancelling;
    expect(await starting).toEqual([]);
    await runReaches(harness.sql, run?.id ?? 0, "cancelled");
    expect(id).toBeGreaterThan(0);
  });

  test("of a backfill of 2,500 is one of all, at once", async () => {
    const gate = createGate();
    const job = toyJob({ schedule: bySession, maxActiveRuns: 4, run: () => gate.opened.then(() => ({})) });
    const orchestrator = await harness.start([job]);
    const { id } = await backfill(orchestrator, [1, 2500]);
    await until("four are at work", async () => (await startedOf(id)).length === 4);
    const before = await updatesOfRuns();
    await orchestrator.cancelBackfill(id);
    // One, and some of turns in between that found nothing to start.
    expect((await updatesOfRuns()) - before).toBeLessThan(250);
    const states = new Set((await runsOf(harness.sql)).map((run) => run.state));
    expect([...states]).toEqual(["cancelled"]);
    expect((await startedOf(id)).length).toBe(4);
    gate.open();
  });
});
