import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { JsonValue } from "../../../db/client.ts";
import { CancelledError, PermanentError, RetryableError } from "../../../jobs/orchestrator/errors.ts";
import { backoffMs, judge } from "../../../jobs/orchestrator/retry.ts";
import type { BatchHandler, TaskContext } from "../../../jobs/orchestrator/types.ts";
import { until } from "../../support/until.ts";
import {
  batchJob,
  createFakePool,
  createGate,
  createHarness,
  type Harness,
  plain,
  runReaches,
  taskOf,
  tasksOf,
  toyJob,
} from "./harness.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

/** Starts a run of a job that needs no event, and waits for its end. */
async function runToEnd(job = toyJob(), options: Parameters<Harness["start"]>[1] = {}) {
  const orchestrator = await harness.start([{ runsWithoutEvents: true, ...job }], options);
  const runId = await orchestrator.createRun(job.id, {});
  return { orchestrator, run: await runReaches(harness.sql, runId, "success", "failed") };
}

/** A task that throws `errors`, one a try, and then succeeds. */
const failingWith = (...errors: unknown[]) => {
  const left = [...errors];
  return async () => {
    if (left.length > 0) throw left.shift();
    return { output: "done" };
  };
};

/** The lowest delays that the rules allow. */
const noJitter = { random: () => 0 };

describe("a task's error", () => {
  test("is tried again after a delay where it may pass", async () => {
    const { run } = await runToEnd(toyJob({ run: failingWith(new RetryableError("busy")) }), { random: Math.random });
    expect(run.state).toBe("success");
    expect(await taskOf(harness.sql, run.id)).toMatchObject({ tries: 2, failures: 1, history: ["retry", "success"] });
    const [row] = await harness.sql<{ waitedMs: number }[]>`
      select extract(epoch from second.started_at - first.finished_at)::float8 * 1000 as "waitedMs"
      from barline.tries first, barline.tries second where first.number = 1 and second.number = 2`;
    expect(row?.waitedMs).toBeGreaterThanOrEqual(490);
  });

  test("fails the run when its tries are used up, with the last error and its advice", async () => {
    const errors = [new RetryableError("busy"), new RetryableError("still busy", { advice: "Wait." })];
    const { run } = await runToEnd(toyJob({ maxTries: 2, run: failingWith(...errors) }));
    expect(run).toMatchObject({ state: "failed", error: { message: "still busy", advice: "Wait." } });
    expect(await taskOf(harness.sql, run.id)).toMatchObject({ tries: 2, failures: 2, history: ["retry", "failed"] });
  });

  test("that is permanent fails at once, with what to do about it", async () => {
    const error = new PermanentError("The key is wrong.", { advice: "Set another." });
    const { run } = await runToEnd(toyJob({ run: failingWith(error) }));
    expect(run).toMatchObject({
      state: "failed",
      error: { name: "PermanentError", message: "The key is wrong.", advice: "Set another." },
    });
    expect(await taskOf(harness.sql, run.id)).toMatchObject({ tries: 1, state: "failed" });
  });

  test("of no known class fails at once", async () => {
    const { run } = await runToEnd(toyJob({ run: failingWith(new TypeError("undefined is not a toy")) }));
    expect(run).toMatchObject({ state: "failed", error: { name: "TypeError", message: "undefined is not a toy" } });
    expect((await taskOf(harness.sql, run.id)).tries).toBe(1);
  });

  test("by an outage does not count against its tries", async () => {
    const outage = new RetryableError("The lake is away.", { outage: true });
    const { run } = await runToEnd(toyJob({ maxTries: 1, run: failingWith(outage) }));
    expect(run.state).toBe("success");
    expect(await taskOf(harness.sql, run.id)).toMatchObject({ tries: 2, failures: 0 });
  });

  test("waits as long as the other side asked", async () => {
    const job = toyJob({
      run: failingWith(new RetryableError("slow down", { retryAfterMs: 60_000 })),
      runsWithoutEvents: true,
    });
    const orchestrator = await harness.start([job]);
    const runId = await orchestrator.createRun("toy", {});
    const task = await until("the try has failed", async () => {
      const [found] = await tasksOf(harness.sql, runId);
      return found?.history[0] === "retry" && found;
    });
    // Counted from when it was asked, not from now: this test may come late.
    const [row] = await harness.sql<{ waitMs: number }[]>`
      select extract(epoch from available_at - tries.finished_at)::float8 * 1000 as "waitMs"
      from barline.tasks join barline.tries on task_id = tasks.id where tasks.id = ${task.id}`;
    expect(row?.waitMs).toBeCloseTo(60_000, 0);
  });

  test("with text that no database takes is kept without it", async () => {
    const { run } = await runToEnd(toyJob({ run: failingWith(new PermanentError("bad \u0000 row \ud800")) }));
    expect(run.error?.message).toBe("bad \uFFFD row \uFFFD");
  });

  test("in what it answers fails it instead of leaving it under way for ever", async () => {
    const { run } = await runToEnd(toyJob({ run: async () => ({ output: "a \u0000 in a result" }) }));
    expect(run.state).toBe("failed");
    const big = await runToEnd(toyJob({ id: "big", run: async () => ({ output: 10n as unknown as JsonValue }) }));
    expect(big.run.state).toBe("failed");
  });
});

describe("batches", () => {
  const work = (handler: BatchHandler) => ({ pool: createFakePool({ work: handler }) });

  test("run in parallel, and the next task sees their inputs and outputs in order", async () => {
    const seen: JsonValue[] = [];
    let together = 0;
    const gate = createGate();
    const job = batchJob([{ n: 3 }, { n: 1 }, { n: 2 }]);
    job.tasks.push(
      plain("sum", async (context) => {
        seen.push(await context.outputsOf("work"), await context.inputsOf("work"));
        return {};
      }),
    );
    const handler: BatchHandler = async ({ input }) => {
      if (++together === 3) gate.open();
      await gate.opened;
      return { output: (input as { n: number }).n * 10 };
    };
    const { run } = await runToEnd(job, work(handler));
    expect(run.state).toBe("success");
    expect(seen).toEqual([
      [30, 10, 20],
      [{ n: 3 }, { n: 1 }, { n: 2 }],
    ]);
  });

  test("of which one fails end before the run does", async () => {
    const gate = createGate();
    const handler: BatchHandler = async ({ input }) => {
      if (input === 1) throw new PermanentError("the second batch is bad");
      await gate.opened;
      return {};
    };
    const orchestrator = await harness.start([batchJob([0, 1, 2], { runsWithoutEvents: true })], work(handler));
    const runId = await orchestrator.createRun("toy", {});
    await until("the bad one has failed", async () =>
      (await tasksOf(harness.sql, runId)).some((task) => task.state === "failed"),
    );
    await runReaches(harness.sql, runId, "running");
    gate.open();
    const run = await runReaches(harness.sql, runId, "failed");
    expect(run.error?.message).toBe("the second batch is bad");
    const states = (await tasksOf(harness.sql, runId)).map((task) => task.state);
    expect(states).toEqual(["success", "success", "failed", "success"]);
  });

  test("that failed are all that a retry runs again, and the run goes on after them", async () => {
    const ran: TaskContext["task"][] = [];
    let after = 0;
    let mended = false;
    const job = batchJob(["a", "b", "c"], { runsWithoutEvents: true });
    job.tasks.push(
      plain("after", async () => {
        after++;
        return { summary: { fine: true } };
      }),
    );
    const handler: BatchHandler = async ({ input, task }) => {
      ran.push(task);
      if (input === "b" && !mended) throw new PermanentError("no b");
      return { output: input };
    };
    const { orchestrator, run } = await runToEnd(job, work(handler));
    expect([run.state, after]).toEqual(["failed", 0]);
    mended = true;
    await orchestrator.retryRun(run.id);
    const again = await runReaches(harness.sql, run.id, "success");
    expect(ran.map((task) => task.mapIndex).sort()).toEqual([0, 1, 1, 2]);
    expect([again.summary, again.error, after]).toEqual([{ fine: true }, null, 1]);
  });

  test("of an empty list are passed over, with the task", async () => {
    let reached = false;
    const job = batchJob([]);
    job.tasks.push(
      plain("after", async () => {
        reached = true;
        return {};
      }),
    );
    const { run } = await runToEnd(
      job,
      work(async () => ({})),
    );
    expect([run.state, reached]).toEqual(["success", true]);
    expect((await tasksOf(harness.sql, run.id)).map((task) => task.name)).toEqual(["plan", "after"]);
  });
});

describe("a retried run", () => {
  test("waits its turn like any other, and not at all while the job is paused", async () => {
    let fail = true;
    const gate = createGate();
    const running: number[] = [];
    const job = toyJob({
      runsWithoutEvents: true,
      run: async ({ run }) => {
        running.push(run.id);
        if (fail) throw new Error("no");
        await gate.opened;
        return {};
      },
    });
    const probe = toyJob({ id: "probe", runsWithoutEvents: true });
    const orchestrator = await harness.start([job, probe]);
    const retried = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, retried, "failed");
    fail = false;
    const other = await orchestrator.createRun("toy", {});
    await until("the other is at work", () => running.includes(other));
    await orchestrator.retryRun(retried);
    // Once a run that was made later has ended, everybody had occasion to claim the retried one's task.
    await runReaches(harness.sql, await orchestrator.createRun("probe", {}), "success");
    await orchestrator.setPaused("toy", true);
    expect(running).toEqual([retried, other]);
    gate.open();
    await runReaches(harness.sql, other, "success");
    await runReaches(harness.sql, await orchestrator.createRun("probe", {}), "success");
    expect(running).toEqual([retried, other]);
    await orchestrator.setPaused("toy", false);
    await runReaches(harness.sql, retried, "success");
  });

  test("is refused while it runs, once it succeeded, and where there is none", async () => {
    const { orchestrator, run } = await runToEnd();
    await expect(orchestrator.retryRun(run.id)).rejects.toMatchObject({ code: "conflict" });
    await expect(orchestrator.retryRun(987_654)).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("the rules", () => {
  test("double the delay up to half a minute, with jitter over its upper half", () => {
    const delays = [1, 2, 3, 5, 6, 20, 2000].map((failures) => backoffMs(failures, noJitter.random));
    expect(delays).toEqual([500, 1000, 2000, 8000, 15_000, 15_000, 15_000]);
    expect(backoffMs(1, () => 1)).toBe(1000);
    expect(backoffMs(0, () => 1)).toBe(1000);
  });

  test("judge by class, and by SQLSTATE", () => {
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    const full = Object.assign(new Error("No space left on device"), { code: "53100" });
    const unique = Object.assign(new Error("duplicate key"), { code: "23505" });
    expect(judge(refused)).toMatchObject({ kind: "retry", counts: false });
    expect(judge(full)).toMatchObject({ kind: "retry", counts: false, error: { advice: expect.any(String) } });
    expect(judge(unique)).toMatchObject({ kind: "fail" });
    expect(judge(new CancelledError("stop"))).toEqual({ kind: "cancelled" });
    expect(judge("a thrown text")).toMatchObject({ kind: "fail", error: { message: "a thrown text" } });
  });
});
