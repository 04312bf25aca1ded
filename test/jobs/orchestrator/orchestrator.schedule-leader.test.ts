import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { until } from "../../support/until.ts";
import { allEnded, createGate, createHarness, type Harness, runsOf, toyJob, untilAborted } from "./harness.ts";
import { ingestSchedule, type Mortal, startMortal } from "./schedule-support.ts";
import { backfill, dayOf } from "./toy-backfill.ts";

setDefaultTimeout(60_000);

let harness: Harness;
const mortals: Mortal[] = [];
beforeAll(async () => {
  harness = await createHarness();
}, 60_000);
afterEach(async () => {
  await Promise.all(mortals.splice(0).map((mortal) => mortal.stop()));
  await harness.reset();
});
afterAll(() => harness.close());

const everySecond = "* * * * * *";
const heartbeatMs = 100;

type Leader = { pid: number; holders: number[] };

/** Which of the processes say that they lead, and which server processes hold the lock that says so. */
async function leadersOf(): Promise<Leader> {
  const said = await harness.sql<{ pid: number }[]>`
    select pid from barline.processes where leader and stopped_at is null`;
  const held = await harness.sql<{ pid: number }[]>`
    select pid from pg_locks
    where locktype = 'advisory' and granted and classid = 4207005::oid
      and database = (select oid from pg_database where datname = current_database())`;
  return { pid: said.length === 1 ? (said[0]?.pid ?? 0) : 0, holders: held.map(({ pid }) => pid) };
}

const oneLeads = (what: string, except = 0) =>
  until(what, async () => {
    const { pid, holders } = await leadersOf();
    return pid !== 0 && pid !== except && holders.length === 1 && { pid, holder: holders[0] ?? 0 };
  });

/** Three processes, told apart by their pids from 1, on one clock. */
async function startThree(clock: { now: Date }): Promise<void> {
  const job = toyJob({ schedule: { ...ingestSchedule("2026-03-02", "all"), cron: everySecond }, maxActiveRuns: 20 });
  for (const pid of [1, 2, 3]) {
    mortals.push(await startMortal(harness.database.url, [job], { now: () => clock.now, pid, heartbeatMs }));
  }
}

const partitionsOf = async () => (await runsOf(harness.sql)).map(({ partition }) => partition);

describe("of three processes", () => {
  test("exactly one leads; killed, another leads and nothing that came due is lost or queued twice", async () => {
    const clock = { now: new Date("2026-03-03T12:00:00Z") };
    await startThree(clock);
    const first = await oneLeads("one leads");
    await allEnded(harness.sql, 1);
    await mortals[first.pid - 1]?.kill();
    clock.now = new Date("2026-03-05T12:00:00Z");
    // The row of a killed one still says that it led, until its heartbeat is too old to count.
    await harness.sql`delete from barline.processes where pid = ${first.pid}`;
    await oneLeads("another leads", first.pid);
    await allEnded(harness.sql, 3);
    expect((await partitionsOf()).sort()).toEqual(["2026-03-02", "2026-03-03", "2026-03-04"]);
  });

  test("one that stops in good order hands over", async () => {
    const clock = { now: new Date("2026-03-03T12:00:00Z") };
    await startThree(clock);
    const first = await oneLeads("one leads");
    await mortals[first.pid - 1]?.stop();
    const second = await oneLeads("another leads", first.pid);
    await mortals[second.pid - 1]?.stop();
    clock.now = new Date("2026-03-04T12:00:00Z");
    await allEnded(harness.sql, 2);
    expect(await partitionsOf()).toEqual(["2026-03-02", "2026-03-03"]);
  });

  test("the lock of a leader whose connection the server drops passes to one that lives", async () => {
    const clock = { now: new Date("2026-03-03T12:00:00Z") };
    await startThree(clock);
    const first = await oneLeads("one leads");
    await harness.sql`select pg_terminate_backend(${first.holder}::int)`;
    const next = await until("the lock has another holder", async () => {
      const { holders } = await leadersOf();
      return holders.length === 1 && holders[0] !== first.holder && holders[0];
    });
    expect(next).not.toBe(first.holder);
    await oneLeads("one leads again");
    clock.now = new Date("2026-03-04T12:00:00Z");
    await allEnded(harness.sql, 2);
    expect(await partitionsOf()).toEqual(["2026-03-02", "2026-03-03"]);
  });
});

describe("a process that slept a week", () => {
  const slept = { from: new Date("2026-03-05T12:00:00Z"), to: new Date("2026-03-12T12:00:00Z") };
  const missed = ["2026-03-05", "2026-03-06", "2026-03-09", "2026-03-10"];
  const fresh = "2026-03-11";

  test("queues each of its sessions once, over a weekend and a change of clocks", async () => {
    const clock = { now: slept.from };
    const job = toyJob({ schedule: { ...ingestSchedule("2026-03-04", "all"), cron: everySecond } });
    mortals.push(await startMortal(harness.database.url, [job], { now: () => clock.now }));
    await allEnded(harness.sql, 1);
    clock.now = slept.to;
    await allEnded(harness.sql, 6);
    expect((await partitionsOf()).sort()).toEqual(["2026-03-04", ...missed, fresh]);
  });

  test("during a backfill queues them all, runs the fresh one first, then the missed, then the backfill", async () => {
    const clock = { now: slept.from };
    const order: (string | null)[] = [];
    const gate = createGate();
    const job = toyJob({
      schedule: { ...ingestSchedule("2026-03-05", "all"), cron: everySecond },
      maxActiveRuns: 5,
      run: async ({ run, signal }) => {
        order.push(run.partition);
        await Promise.race([gate.opened, untilAborted(signal)]);
        return {};
      },
    });
    const orchestrator = await harness.start([job], { plainSlots: 1, now: () => clock.now });
    await backfill(orchestrator, [1, 3]);
    await until("the backfill holds the only place", () => order.length === 1);
    clock.now = slept.to;
    const priorities = await until("all have begun to wait for it", async () => {
      const rows = await harness.sql<{ priority: number; partition: string; state: string }[]>`
        select runs.priority, runs.partition, tasks.state
        from barline.tasks join barline.runs on runs.id = tasks.run_id where tasks.state = 'queued'
        order by runs.priority desc, runs.partition`;
      return rows.length === 7 && rows;
    });
    expect(priorities.map(({ priority }) => priority)).toEqual([10, 8, 8, 8, 8, 0, 0]);
    gate.open();
    await allEnded(harness.sql, 8);
    expect(order).toEqual([dayOf(1), fresh, ...missed, dayOf(2), dayOf(3)]);
  });
});
