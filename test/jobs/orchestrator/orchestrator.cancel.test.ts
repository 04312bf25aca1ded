import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { openPool } from "../../../db/client.ts";
import { beginCancellable } from "../../../db/queries/pipeline/cancel.ts";
import { cancelGraceMs } from "../../../jobs/index.ts";
import { createWorkerPool } from "../../../jobs/orchestrator/pool.ts";
import type { WorkerPool } from "../../../jobs/orchestrator/pool-types.ts";
import { until } from "../../support/until.ts";
import {
  createGate,
  createHarness,
  type Harness,
  plain,
  runReaches,
  runsOf,
  taskOf,
  tasksOf,
  toyJob,
  untilAborted,
} from "./harness.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

/** With a grace that no batch that obeys can miss, or one that is over soon for those that do not. */
const toyPool = (cancelGraceMs = 600_000): WorkerPool =>
  createWorkerPool({
    entry: new URL("../../support/toy-worker.ts", import.meta.url),
    size: 1,
    slotsPerWorker: 4,
    settings: null,
    permit: async () => {},
    idleMs: 600_000,
    cancelGraceMs,
  });

/** A job whose batches each run the handler that they name. */
const handlers = (id: string, ...names: string[]) =>
  toyJob({
    id,
    runsWithoutEvents: true,
    maxTries: 1,
    tasks: [
      plain("plan", async () => ({ batches: names })),
      ...names.slice(0, 1).map((handler) => ({ kind: "mapped" as const, name: "work", description: "", handler })),
    ],
  });

describe("a cancelled run", () => {
  test("that is queued never begins", async () => {
    let began = 0;
    const job = toyJob({
      runsWithoutEvents: true,
      run: async () => {
        began++;
        return {};
      },
    });
    const orchestrator = await harness.start([job]);
    await orchestrator.setPaused("toy", true);
    const runId = await orchestrator.createRun("toy", {});
    await orchestrator.cancelRun(runId);
    await orchestrator.setPaused("toy", false);
    const next = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, next, "success");
    expect((await runsOf(harness.sql)).map((run) => run.state)).toEqual(["cancelled", "success"]);
    expect(began).toBe(1);
  });

  test("is told by its signal, and what it answers after that is refused", async () => {
    const gate = createGate();
    let aborted = false;
    const job = toyJob({
      runsWithoutEvents: true,
      run: async ({ signal }) => {
        await untilAborted(signal).catch(() => {});
        aborted = true;
        await gate.opened;
        return { output: "too late", events: [{ dataset: "toys", payload: {} }] };
      },
    });
    const orchestrator = await harness.start([job]);
    const runId = await orchestrator.createRun("toy", {});
    await until("it is held", async () => (await tasksOf(harness.sql, runId))[0]?.state === "running");
    await orchestrator.cancelRun(runId);
    await until("it was told", () => aborted);
    gate.open();
    await orchestrator.stop(1000);
    expect(await taskOf(harness.sql, runId)).toMatchObject({
      state: "cancelled",
      output: null,
      history: ["cancelled"],
    });
    expect((await harness.sql`select 1 from barline.dataset_events`).length).toBe(0);
  });

  test("stops in another process too, at once and not at its next heartbeat", async () => {
    let aborted = false;
    const job = toyJob({
      runsWithoutEvents: true,
      run: async ({ signal }) => {
        await untilAborted(signal).catch(() => {});
        aborted = true;
        return {};
      },
    });
    const slowHeart = { heartbeatMs: 60_000, leaseMs: 600_000, pollMs: 60_000 };
    await harness.start([job], slowHeart);
    const other = await harness.start([toyJob({ id: "nothing" }), { ...job, tasks: [] }], slowHeart);
    const runId = await other.createRun("toy", {});
    await until("it is held", async () => (await tasksOf(harness.sql, runId))[0]?.state === "running");
    await other.cancelRun(runId);
    // The next heartbeat would be a minute later.
    await until("it was told", () => aborted);
  });

  test("stops a batch in a worker by its signal, and the worker goes on", async () => {
    const pool = toyPool();
    const orchestrator = await harness.start([handlers("toy", "waits")], { pool });
    const runId = await orchestrator.createRun("toy", {});
    await until("it is held", async () => (await tasksOf(harness.sql, runId))[1]?.state === "running");
    await orchestrator.cancelRun(runId);
    const done = await orchestrator.createRun("toy", {});
    await until("the next has the worker", async () => (await tasksOf(harness.sql, done))[1]?.state === "running");
    expect(pool.size()).toBe(1);
  });

  test("ends a worker whose batch does not stop, and other batches on it are tried again for nothing", async () => {
    const pool = toyPool(300);
    const jobs = [handlers("toy", "ignores"), handlers("innocent", "waits")];
    const orchestrator = await harness.start(jobs, { pool });
    const bad = await orchestrator.createRun("toy", {});
    const good = await orchestrator.createRun("innocent", {});
    for (const runId of [bad, good]) {
      await until("it is held", async () => (await tasksOf(harness.sql, runId))[1]?.state === "running");
    }
    await orchestrator.cancelRun(bad);
    const again = await until("the innocent batch is tried again", async () => {
      const task = (await tasksOf(harness.sql, good))[1];
      return task?.history[1] === "running" && task;
    });
    expect(again).toMatchObject({ failures: 0, history: ["retry", "running"] });
  });

  test("frees a worker that spins and hears nothing once the pipeline's grace is over, which is short", async () => {
    expect(cancelGraceMs).toBeLessThan(2000);
    const pool = toyPool(cancelGraceMs);
    const orchestrator = await harness.start([handlers("toy", "spins")], { pool });
    const runId = await orchestrator.createRun("toy", {});
    await until("it spins", async () => {
      const lines = await harness.sql`select from barline.task_logs where message = 'spinning'`;
      return lines.length > 0;
    });
    await orchestrator.cancelRun(runId);
    await until("its worker is gone", () => pool.size() === 0);
  });

  test("ends a plain task's long query at the server, and nothing of it stays", async () => {
    const work = openPool(harness.database.url, "work", { max: 2 });
    const job = toyJob({
      runsWithoutEvents: true,
      run: async ({ signal }) => {
        await beginCancellable(work, signal, async (transaction) => {
          await transaction`create table public.half_done (id int)`;
          await transaction`select pg_sleep(600)`;
        });
        return {};
      },
    });
    const orchestrator = await harness.start([job]);
    const runId = await orchestrator.createRun("toy", {});
    const sleepers = async () => (await harness.sql`select from pg_stat_activity where wait_event = 'PgSleep'`).length;
    await until("it is at its query", async () => (await sleepers()) === 1);
    await orchestrator.cancelRun(runId);
    // It would sleep for ten minutes, and its heartbeat is no part of this: see above.
    await until("the query is gone", async () => (await sleepers()) === 0);
    await orchestrator.stop(1000);
    expect([...(await harness.sql`select to_regclass('public.half_done') as kept`)]).toEqual([{ kept: null }]);
    // The connection is as good as before.
    expect([...(await work`select 1 as one`)]).toEqual([{ one: 1 }]);
    await work.end();
  });

  test("can be retried while its old work lingers, and the new try is the one that counts", async () => {
    const lingering = createGate();
    let tries = 0;
    const job = toyJob({
      runsWithoutEvents: true,
      run: async () => {
        if (++tries > 1) return { output: "second" };
        await lingering.opened;
        return { output: "first" };
      },
    });
    const orchestrator = await harness.start([job]);
    const runId = await orchestrator.createRun("toy", {});
    await until("it is held", () => tries === 1);
    await orchestrator.cancelRun(runId);
    await orchestrator.retryRun(runId);
    await runReaches(harness.sql, runId, "success");
    lingering.open();
    await orchestrator.stop(1000);
    expect(await taskOf(harness.sql, runId)).toMatchObject({ output: "second", history: ["cancelled", "success"] });
  });

  test("cannot be cancelled twice", async () => {
    const orchestrator = await harness.start([toyJob({ runsWithoutEvents: true })]);
    const runId = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, runId, "success");
    await expect(orchestrator.cancelRun(runId)).rejects.toMatchObject({ code: "conflict" });
    await expect(orchestrator.cancelRun(987_654)).rejects.toMatchObject({ code: "not_found" });
  });
});
