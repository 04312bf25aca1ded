import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { JobDefinition, PlainTaskContext } from "../../../../jobs/orchestrator/types.ts";
import { until } from "../../../support/until.ts";
import {
  allEnded,
  batchJob,
  createFakePool,
  createGate,
  createHarness,
  type Harness,
  runReaches,
  runsOf,
  tasksOf,
  toyJob,
} from "../harness.ts";
import { backfill, backfillOf, bySession, dayOf } from "../toy-backfill.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

/** A job whose runs say that they began, and then hold until each is let go. */
function createHeldJob(given: Partial<JobDefinition> = {}) {
  const began: string[] = [];
  const gates = new Map<string, ReturnType<typeof createGate>>();
  const gateOf = (partition: string) => {
    const gate = gates.get(partition) ?? createGate();
    gates.set(partition, gate);
    return gate;
  };
  const run = async (context: PlainTaskContext) => {
    const partition = context.run.partition ?? "";
    began.push(partition);
    await gateOf(partition).opened;
    return {};
  };
  const job = toyJob({ schedule: bySession, run, ...given });
  return { job, began, release: (partition: string) => gateOf(partition).open() };
}

/** Waits until the loop has looked for work once more, which it would have begun. */
async function afterATurn(held: ReturnType<typeof createHeldJob>): Promise<void> {
  const orchestrator = await harness.start([toyJob({ id: "probe", runsWithoutEvents: true }), held.job]);
  const probe = await orchestrator.createRun("probe", {});
  await runReaches(harness.sql, probe, "success");
}

const statesOf = async () => (await runsOf(harness.sql)).map((run) => run.state);

describe("a paused backfill", () => {
  test("begins nothing more, lets what is under way end, and goes on when it is resumed", async () => {
    const held = createHeldJob({ maxActiveRuns: 2 });
    const orchestrator = await harness.start([held.job]);
    const { id } = await backfill(orchestrator, [1, 5]);
    await until("two are at work", () => held.began.length === 2);
    await orchestrator.updateBackfill(id, { paused: true });
    expect(await statesOf()).toEqual(Array(5).fill("queued"));
    held.release(dayOf(1));
    await until("the first has ended", async () => (await statesOf())[0] === "success");
    await afterATurn(held);
    expect(held.began).toEqual([dayOf(1), dayOf(2)]);
    expect(await backfillOf(harness.sql, id)).toMatchObject({ state: "running", paused: true });

    for (let day = 2; day <= 5; day++) held.release(dayOf(day));
    await orchestrator.updateBackfill(id, { paused: false });
    await allEnded(harness.sql, 5);
    expect(held.began.toSorted()).toEqual([1, 2, 3, 4, 5].map(dayOf));
    expect(await backfillOf(harness.sql, id)).toMatchObject({ state: "success", paused: false });
  });

  test("holds no place that another backfill of the job could have", async () => {
    const held = createHeldJob({ maxActiveRuns: 1 });
    const orchestrator = await harness.start([held.job]);
    const first = await backfill(orchestrator, [1, 3]);
    await until("the first is at work", () => held.began.length === 1);
    await orchestrator.updateBackfill(first.id, { paused: true });
    held.release(dayOf(11));
    held.release(dayOf(12));
    const second = await backfill(orchestrator, [11, 12]);
    await until("the second is done", async () => (await backfillOf(harness.sql, second.id))?.state === "success");
    expect(held.began).toEqual([dayOf(1), dayOf(11), dayOf(12)]);
    held.release(dayOf(1));
    await until("what was under way has ended", async () => (await statesOf())[0] === "success");
  });

  test("stays paused over a restart, and what was under way goes on first after it", async () => {
    const held = createHeldJob({ maxActiveRuns: 1 });
    const before = await harness.start([held.job]);
    const { id } = await backfill(before, [1, 3]);
    await until("one is at work", () => held.began.length === 1);
    await before.updateBackfill(id, { paused: true, order: "newest" });
    await before.stop(500);
    await afterATurn(held);
    expect(held.began).toEqual([dayOf(1)]);

    const after = await harness.start([held.job]);
    for (const day of [1, 2, 3]) held.release(dayOf(day));
    await after.updateBackfill(id, { paused: false });
    await allEnded(harness.sql, 3);
    // The one that the restart interrupted had begun; then the newest.
    expect(held.began).toEqual([dayOf(1), dayOf(1), dayOf(3), dayOf(2)]);
  });

  test("of one run with many batches begins no further batch, and the next task only once resumed", async () => {
    const gate = createGate();
    const began: unknown[] = [];
    const job = batchJob([0, 1, 2, 3, 4, 5], { schedule: bySession });
    const pool = createFakePool(
      {
        work: async ({ input }) => {
          began.push(input);
          await gate.opened;
          return { output: input };
        },
      },
      2,
    );
    const orchestrator = await harness.start([job], { pool });
    const { id } = await backfill(orchestrator, [1, 5], { asOne: true });
    await until("two batches are at work", () => began.length === 2);
    await orchestrator.updateBackfill(id, { paused: true });
    gate.open();
    const [run] = await runsOf(harness.sql);
    await until("both have ended", async () => {
      const states = (await tasksOf(harness.sql, run?.id ?? 0)).map((task) => task.state);
      return states.filter((state) => state === "success").length === 3;
    });
    await orchestrator.updateBackfill(id, { concurrency: 1 });
    expect(began).toEqual([0, 1]);
    expect(await statesOf()).toEqual(["queued"]);
    await orchestrator.updateBackfill(id, { paused: false });
    await runReaches(harness.sql, run?.id ?? 0, "success");
    expect(began.length).toBe(6);
  });

  test("can be cancelled, with what is under way, and holds up no later retry of its runs", async () => {
    const held = createHeldJob({ maxActiveRuns: 2 });
    const orchestrator = await harness.start([held.job]);
    const { id } = await backfill(orchestrator, [1, 4]);
    await until("two are at work", () => held.began.length === 2);
    held.release(dayOf(1));
    await until("one has ended", async () => (await statesOf())[0] === "success");
    await orchestrator.updateBackfill(id, { paused: true });
    await orchestrator.cancelBackfill(id);
    expect(await statesOf()).toEqual(["success", "cancelled", "cancelled", "cancelled"]);
    expect(await backfillOf(harness.sql, id)).toMatchObject({ state: "cancelled", paused: false });
    await expect(orchestrator.updateBackfill(id, { paused: true })).rejects.toMatchObject({ code: "conflict" });

    const [, , third] = await runsOf(harness.sql);
    held.release(dayOf(3));
    await orchestrator.retryRun(third?.id ?? 0);
    await runReaches(harness.sql, third?.id ?? 0, "success");
  });

  test("that fails while it is paused is paused no longer, and its failed runs can be retried", async () => {
    let fail = true;
    let begun = 0;
    const gate = createGate();
    const job = toyJob({
      schedule: bySession,
      maxActiveRuns: 2,
      maxTries: 1,
      run: async () => {
        begun += 1;
        await gate.opened;
        if (fail) throw new Error("no");
        return {};
      },
    });
    const orchestrator = await harness.start([job]);
    const { id } = await backfill(orchestrator, [1, 2]);
    // A run is told as running before its task is claimed, and until then a pause puts it back in the queue.
    await until("both are at work", async () => begun === 2);
    await orchestrator.updateBackfill(id, { paused: true });
    gate.open();
    await until("it has failed", async () => (await backfillOf(harness.sql, id))?.state === "failed");
    expect((await backfillOf(harness.sql, id))?.paused).toBe(false);
    fail = false;
    expect(await orchestrator.retryBackfill(id)).toBe(2);
    await until("it is well", async () => (await backfillOf(harness.sql, id))?.state === "success");
    expect((await runsOf(harness.sql)).length).toBe(2);
    await expect(orchestrator.retryBackfill(id)).rejects.toMatchObject({ code: "conflict" });
    await expect(orchestrator.retryBackfill(987_654)).rejects.toMatchObject({ code: "not_found" });
  });

  test("keeps who paused, changed and resumed it, and only what they changed", async () => {
    const orchestrator = await harness.start([toyJob({ schedule: bySession, maxActiveRuns: 4 })]);
    await orchestrator.setPaused("toy", true);
    const { id } = await backfill(orchestrator, [1, 3]);
    const by = { name: "Ada", via: "dashboard" } as const;
    await orchestrator.updateBackfill(id, { paused: true }, by);
    await orchestrator.updateBackfill(id, { paused: true, concurrency: 2, order: "oldest" }, by);
    await orchestrator.updateBackfill(id, { concurrency: 2, order: "oldest" }, by);
    await orchestrator.updateBackfill(id, { concurrency: null, paused: false }, by);
    const kept = await harness.sql`
      select kind, details from barline.actions where backfill_id = ${id} and actor = 'Ada' order by id`;
    expect(Array.from(kept, (row) => ({ ...row }))).toEqual([
      { kind: "backfill.pause", details: null },
      { kind: "backfill.change", details: { concurrency: 2 } },
      { kind: "backfill.resume", details: null },
      { kind: "backfill.change", details: { concurrency: null } },
    ]);
    for (const concurrency of [0, 5, 1.5])
      await expect(orchestrator.updateBackfill(id, { concurrency })).rejects.toMatchObject({
        code: "invalid",
        field: "concurrency",
      });
  });
});
