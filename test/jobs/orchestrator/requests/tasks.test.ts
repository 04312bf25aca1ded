import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { PermanentError } from "../../../../jobs/orchestrator/errors.ts";
import type { BatchHandler, JobDefinition, Orchestrator } from "../../../../jobs/orchestrator/types.ts";
import { until } from "../../../support/until.ts";
import {
  createFakePool,
  createGate,
  createHarness,
  type Harness,
  plain,
  runReaches,
  runsOf,
  type TaskSeen,
  tasksOf,
  untilAborted,
} from "../harness.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

const ann = { name: "Ann", via: "dashboard" as const };

/** Plans three batches, runs them, and records an event of what they answered. */
function threeSteps(given: Partial<JobDefinition> = {}): JobDefinition {
  return {
    id: "toy",
    title: "Toy",
    description: "A job for tests.",
    tasks: [
      plain("plan", async () => ({ output: "planned", batches: ["a", "b", "c"] })),
      { kind: "mapped", name: "work", description: "Batches for tests.", handler: "work" },
      plain("finish", async ({ outputsOf, inputsOf }) => {
        const output = { outputs: await outputsOf("work"), inputs: await inputsOf("work") };
        return { output, events: [{ dataset: "toys", payload: {} }], summary: output };
      }),
    ],
    runsWithoutEvents: true,
    maxActiveRuns: 1,
    maxTries: 1,
    ...given,
  };
}

/** Fails the batches of these inputs, and holds up those. */
function controlledWork() {
  const failing = new Set<unknown>();
  const held = new Set<unknown>();
  const work: BatchHandler = async ({ input, signal, log }) => {
    log.info(`working on ${input}`);
    if (held.has(input)) await untilAborted(signal);
    if (failing.has(input)) throw new PermanentError(`${input} is broken`);
    return { output: `${input} done` };
  };
  return { failing, held, pool: createFakePool({ work }) };
}

const actionsOf = async () =>
  (
    await harness.sql<{ text: string }[]>`
      select concat_ws(' ', actor, via, kind, reason, details ->> 'from', details ->> 'to') as text
      from barline.actions order by id`
  ).map((row) => row.text);

const eventCount = async () => (await harness.sql`select from barline.dataset_events`).length;
const batches = (tasks: TaskSeen[]) => tasks.filter((task) => task.name === "work");
const idOf = (tasks: TaskSeen[], name: string, mapIndex = 0): number => {
  const task = tasks.find((one) => one.name === name && one.mapIndex === mapIndex);
  if (!task) throw new Error(`There is no task ${name} ${mapIndex}.`);
  return task.id;
};

/** A run of `threeSteps` whose batch b failed. */
async function failedRun(work = controlledWork()) {
  work.failing.add("b");
  const orchestrator = await harness.start([threeSteps()], { pool: work.pool });
  const runId = await orchestrator.createRun("toy", {}, ann);
  await runReaches(harness.sql, runId, "failed");
  const find = async (name: string, mapIndex = 0) => idOf(await tasksOf(harness.sql, runId), name, mapIndex);
  return { orchestrator, runId, find, ...work };
}

describe("one batch that failed", () => {
  test("is retried alone, and the run goes on to its end", async () => {
    const { orchestrator, runId, failing, find } = await failedRun();
    failing.clear();
    await orchestrator.retryTask(await find("work", 1), ann);
    await runReaches(harness.sql, runId, "success");
    const tasks = await tasksOf(harness.sql, runId);
    expect(batches(tasks).map((task) => task.history)).toEqual([["success"], ["failed", "success"], ["success"]]);
    expect(tasks.at(-1)?.output).toEqual({ outputs: ["a done", "b done", "c done"], inputs: ["a", "b", "c"] });
    expect(await actionsOf()).toEqual(["Ann dashboard run.create", "Ann dashboard task.retry"]);
  });

  test("is retried while its siblings are still at work", async () => {
    const work = controlledWork();
    work.failing.add("b");
    work.held.add("c");
    const orchestrator = await harness.start([threeSteps()], { pool: work.pool });
    const runId = await orchestrator.createRun("toy", {});
    const failed = await until("b failed", async () =>
      (await tasksOf(harness.sql, runId)).find((task) => task.state === "failed"),
    );
    work.failing.clear();
    await orchestrator.retryTask(failed.id);
    await until("b has succeeded", async () =>
      (await tasksOf(harness.sql, runId)).some((task) => task.id === failed.id && task.state === "success"),
    );
    expect((await runsOf(harness.sql))[0]?.state).toBe("running");
  });

  test("is marked as successful, and what comes after does without it", async () => {
    const { orchestrator, runId, find } = await failedRun();
    await orchestrator.markTask(await find("work", 1), { state: "success", reason: "  known  gap " }, ann);
    await runReaches(harness.sql, runId, "success");
    const tasks = await tasksOf(harness.sql, runId);
    expect(tasks.at(-1)?.output).toEqual({ outputs: ["a done", "c done"], inputs: ["a", "c"] });
    expect(batches(tasks)[1]).toMatchObject({ state: "success", output: null, error: null, history: ["failed"] });
    expect((await actionsOf()).at(-1)).toBe("Ann dashboard task.mark known  gap failed success");
  });

  test("lets the run wait for the others that failed, and the run tells their error", async () => {
    const work = controlledWork();
    work.failing.add("a");
    const { orchestrator, runId, find } = await failedRun(work);
    expect((await runsOf(harness.sql))[0]?.error?.message).toBe("a is broken");
    await orchestrator.markTask(await find("work", 0), { state: "success", reason: "not needed" });
    const [run] = await runsOf(harness.sql);
    expect(run).toMatchObject({ state: "failed", error: { message: "b is broken" } });
    await orchestrator.markTask(await find("work", 1), { state: "success", reason: "nor this" });
    await runReaches(harness.sql, runId, "success");
  });
});

describe("a cleared task", () => {
  test("runs again with everything after it, and keeps tries and logs", async () => {
    const work = controlledWork();
    const orchestrator = await harness.start([threeSteps()], { pool: work.pool });
    const runId = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, runId, "success");
    const before = await tasksOf(harness.sql, runId);
    await orchestrator.clearTask(idOf(before, "work", 2), ann);
    await runReaches(harness.sql, runId, "success");
    const after = await tasksOf(harness.sql, runId);
    expect(after.map((task) => task.id)).toEqual(before.map((task) => task.id));
    expect(after.map((task) => task.tries)).toEqual([1, 1, 1, 2, 2]);
    expect(await eventCount()).toBe(2);
    const lines = await harness.sql`
      select from barline.task_logs where task_id = ${idOf(after, "work", 2)} and message = 'working on c'`;
    expect(lines.length).toBe(2);
  });

  test("shows what waits for it as cleared, and nobody can act on that", async () => {
    const work = controlledWork();
    const orchestrator = await harness.start([threeSteps()], { pool: work.pool });
    const runId = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, runId, "success");
    const tasks = await tasksOf(harness.sql, runId);
    work.held.add("c");
    await orchestrator.clearTask(idOf(tasks, "work", 2));
    await until("c is held", async () => batches(await tasksOf(harness.sql, runId))[2]?.state === "running");
    const finish = (await tasksOf(harness.sql, runId)).at(-1);
    expect(finish).toMatchObject({ state: "cleared", output: null, tries: 1 });
    await orchestrator.cancelRun(runId);
    for (const act of [
      () => orchestrator.retryTask(finish?.id ?? 0),
      () => orchestrator.clearTask(finish?.id ?? 0),
      () => orchestrator.markTask(finish?.id ?? 0, { state: "success", reason: "why not" }),
    ]) {
      await expect(act()).rejects.toMatchObject({ code: "conflict" });
    }
  });

  test("of a first step plans anew: fewer batches leave the rest cleared, and the run succeeds", async () => {
    let planned = ["a", "b", "c"];
    const work = controlledWork();
    const job = threeSteps();
    const [, mapped, finish] = job.tasks;
    if (!mapped || !finish) throw new Error("The job has three tasks.");
    const tasks = [plain("plan", async () => ({ batches: planned })), mapped, finish];
    const orchestrator = await harness.start([{ ...job, tasks }], { pool: work.pool });
    const runId = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, runId, "success");
    planned = ["d"];
    await orchestrator.clearTask(idOf(await tasksOf(harness.sql, runId), "plan"));
    await runReaches(harness.sql, runId, "success");
    const after = await tasksOf(harness.sql, runId);
    expect(batches(after).map((task) => task.state)).toEqual(["success", "cleared", "cleared"]);
    expect(after.at(-1)?.output).toEqual({ outputs: ["d done"], inputs: ["d"] });
  });

  test("has to be one of an ended run", async () => {
    const work = controlledWork();
    work.held.add("c");
    const orchestrator = await harness.start([threeSteps()], { pool: work.pool });
    const runId = await orchestrator.createRun("toy", {});
    await until("c is held", async () => batches(await tasksOf(harness.sql, runId))[2]?.state === "running");
    const plan = idOf(await tasksOf(harness.sql, runId), "plan");
    await expect(orchestrator.clearTask(plan)).rejects.toMatchObject({ code: "conflict" });
    await expect(orchestrator.markTask(plan, { state: "failed", reason: "wrong" })).rejects.toMatchObject({
      code: "conflict",
    });
  });
});

describe("a mark", () => {
  test("on a running task stops it, keeps its try, and lets the run go on", async () => {
    const work = controlledWork();
    work.held.add("b");
    const orchestrator = await harness.start([threeSteps()], { pool: work.pool });
    const runId = await orchestrator.createRun("toy", {});
    const held = await until("only b is at work", async () => {
      const seen = batches(await tasksOf(harness.sql, runId));
      return seen.filter((task) => task.state === "success").length === 2 && seen.find((t) => t.state === "running");
    });
    await orchestrator.markTask(held.id, { state: "success", reason: "takes too long" });
    await runReaches(harness.sql, runId, "success");
    const after = await tasksOf(harness.sql, runId);
    expect(after.find((task) => task.id === held.id)).toMatchObject({ history: ["cancelled"], leaseOwner: null });
    expect(after.at(-1)?.output).toEqual({ outputs: ["a done", "c done"], inputs: ["a", "c"] });
  });

  test("as failed ends the run, takes back what came after, and a retry runs all of that again", async () => {
    const work = controlledWork();
    const orchestrator = await harness.start([threeSteps()], { pool: work.pool });
    const runId = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, runId, "success");
    const plan = idOf(await tasksOf(harness.sql, runId), "plan");
    await orchestrator.markTask(plan, { state: "failed", reason: "planned the wrong day" });
    const [run] = await runsOf(harness.sql);
    expect(run).toMatchObject({ state: "failed", error: { name: "MarkedAsFailed", message: "planned the wrong day" } });
    expect((await tasksOf(harness.sql, runId)).map((task) => task.state)).toEqual([
      "failed",
      "cleared",
      "cleared",
      "cleared",
      "cleared",
    ]);
    await orchestrator.retryRun(runId);
    await runReaches(harness.sql, runId, "success");
    expect((await tasksOf(harness.sql, runId)).map((task) => task.tries)).toEqual([2, 2, 2, 2, 2]);
  });

  test("on the last task ends the run as it says, records no event, and leaves the run's time alone", async () => {
    const job = threeSteps();
    const broken = plain("finish", async () => {
      throw new PermanentError("cannot finish");
    });
    const orchestrator = await harness.start([{ ...job, tasks: [...job.tasks.slice(0, 2), broken] }], {
      pool: controlledWork().pool,
    });
    const runId = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, runId, "failed");
    const times = () => harness.sql`select started_at, finished_at from barline.runs where id = ${runId}`;
    const before = [...(await times())];
    await orchestrator.markTask(idOf(await tasksOf(harness.sql, runId), "finish"), { state: "success", reason: "ok" });
    expect((await runsOf(harness.sql))[0]).toMatchObject({ state: "success", error: null });
    expect([...(await times())]).toEqual(before);
    expect(await eventCount()).toBe(0);
  });

  test("on a run stops what it does, and says why it failed", async () => {
    const work = controlledWork();
    work.held.add("b");
    const orchestrator = await harness.start([threeSteps()], { pool: work.pool });
    const runId = await orchestrator.createRun("toy", {});
    await until("b is held", async () => batches(await tasksOf(harness.sql, runId))[1]?.state === "running");
    await orchestrator.markRun(runId, { state: "failed", reason: "wrong market" }, ann);
    expect((await runsOf(harness.sql))[0]?.error).toEqual({ name: "MarkedAsFailed", message: "wrong market" });
    expect(batches(await tasksOf(harness.sql, runId))[1]).toMatchObject({
      state: "cancelled",
      history: ["cancelled"],
    });
    work.held.clear();
    await orchestrator.retryRun(runId);
    await runReaches(harness.sql, runId, "success");
    expect((await actionsOf())[1]).toBe("Ann dashboard run.mark wrong market running failed");
  });

  test("as failed on a run with nothing to do again leaves nothing to retry, and the run does not hang", async () => {
    const orchestrator = await harness.start([threeSteps()], { pool: controlledWork().pool });
    const runId = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, runId, "success");
    await orchestrator.markRun(runId, { state: "failed", reason: "not believed" });
    await expect(orchestrator.retryRun(runId)).rejects.toMatchObject({ code: "conflict" });
    expect((await runsOf(harness.sql))[0]?.state).toBe("failed");
    await orchestrator.clearTask(idOf(await tasksOf(harness.sql, runId), "finish"));
    await runReaches(harness.sql, runId, "success");
  });

  test("needs a reason, and says nothing twice", async () => {
    const { orchestrator, runId, find } = await failedRun();
    const b = await find("work", 1);
    const long = "x".repeat(501);
    for (const reason of ["", "  \n ", long]) {
      const refused = { code: "invalid", field: "reason" };
      await expect(orchestrator.markTask(b, { state: "success", reason })).rejects.toMatchObject(refused);
      await expect(orchestrator.markRun(runId, { state: "success", reason })).rejects.toMatchObject(refused);
    }
    const again = { state: "failed" as const, reason: "again" };
    await expect(orchestrator.markTask(b, again)).rejects.toMatchObject({ code: "conflict" });
    await expect(orchestrator.markRun(runId, again)).rejects.toMatchObject({ code: "conflict" });
    await expect(orchestrator.markTask(987_654, again)).rejects.toMatchObject({ code: "not_found" });
    await expect(orchestrator.clearTask(987_654)).rejects.toMatchObject({ code: "not_found" });
    expect(await actionsOf()).toEqual(["Ann dashboard run.create"]);
  });

  test("keeps a reason that no database takes as it is", async () => {
    const { orchestrator, runId } = await failedRun();
    await orchestrator.markRun(runId, { state: "success", reason: "a \u0000 byte" });
    expect((await actionsOf()).at(-1)).toContain("a \uFFFD byte");
  });

  test("that meets a claim of the same task leaves no try open", async () => {
    const orchestrator = await harness.start([threeSteps()]);
    const [{ taskId, runId }] = await harness.sql<[{ taskId: number; runId: number }]>`
      with run as (
        insert into barline.runs (job_id, trigger, state) values ('toy', 'manual', 'running') returning id
      )
      insert into barline.tasks (run_id, job_id, name, step, state)
      select id, 'toy', 'of another version', 0, 'queued' from run returning id as "taskId", run_id as "runId"`;
    // Another process claims it, up to just before its commit.
    const claimed = createGate();
    const commit = createGate();
    const claim = harness.sql.begin(async (transaction) => {
      await transaction`
        update barline.tasks set state = 'running', tries = 1, lease_owner = '1', lease_expires_at = now() + interval '1 hour'
        where id = ${taskId}`;
      await transaction`insert into barline.tries (task_id, number, state, owner) values (${taskId}, 1, 'running', '1')`;
      claimed.open();
      await commit.opened;
    });
    await claimed.opened;
    const mark = orchestrator.markTask(taskId, { state: "success", reason: "done by hand" });
    await until("the mark waits for the claim", async () => {
      const rows = await harness.sql`select from pg_stat_activity where wait_event = 'transactionid'`;
      return rows.length > 0;
    });
    commit.open();
    await Promise.all([claim, mark]);
    expect((await tasksOf(harness.sql, runId))[0]).toMatchObject({ state: "success", history: ["cancelled"] });
  });
});

describe("whatever people do, in any order", () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    test(`leaves a run that ends and a history that only grows (seed ${seed})`, async () => {
      await randomDeeds(seed);
    });
  }
});

/** A small generator (mulberry32), so that a failing seed can be run again. */
function seeded(seed: number): () => number {
  let state = seed * 0x9e3779b9;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Batches and tasks that succeed, fail or hang as it comes, until `calm` is said. */
function moodyJob(random: () => number) {
  const calm = createGate();
  let isCalm = false;
  const mood = async (signal: AbortSignal) => {
    if (isCalm) return;
    const draw = random();
    if (draw < 0.2) throw new PermanentError("in a bad mood");
    if (draw < 0.35) await Promise.race([calm.opened, untilAborted(signal)]);
  };
  const work: BatchHandler = async ({ signal, log }) => {
    log.info("a batch");
    await mood(signal);
    return { output: 1 };
  };
  const job = threeSteps({
    tasks: [
      plain("plan", async ({ signal, log }) => {
        log.info("planning");
        await mood(signal);
        return { batches: Array.from({ length: Math.floor(random() * 4) }, (_, index) => index) };
      }),
      { kind: "mapped", name: "work", description: "Batches for tests.", handler: "work" },
      plain("finish", async ({ signal }) => {
        await mood(signal);
        return { events: [{ dataset: "toys", payload: {} }] };
      }),
    ],
  });
  const calmDown = () => {
    isCalm = true;
    calm.open();
  };
  return { job, pool: createFakePool({ work }), calmDown };
}

async function randomDeeds(seed: number): Promise<void> {
  const random = seeded(seed);
  const { job, pool, calmDown } = moodyJob(random);
  const processes = [await harness.start([job], { pool }), await harness.start([job], { pool })];
  const one = () => processes[Math.floor(random() * processes.length)] as Orchestrator;
  const runId = await one().createRun("toy", {});
  let before = { tries: 0, lines: 0 };
  for (let deed = 0; deed < 40; deed++) {
    const tasks = await tasksOf(harness.sql, runId);
    await Promise.all([randomDeed(one(), runId, tasks, random), randomDeed(one(), runId, tasks, random)]);
    const seen = await consistent();
    expect(seen.tries).toBeGreaterThanOrEqual(before.tries);
    expect(seen.lines).toBeGreaterThanOrEqual(before.lines);
    before = seen;
  }
  calmDown();
  await runReaches(harness.sql, runId, "success", "failed", "cancelled");
  await consistent();
  // And whatever came of it, it can be brought to a good end.
  const tasks = await tasksOf(harness.sql, runId);
  if (tasks[0]) await one().clearTask(tasks[0].id);
  else {
    await one()
      .markRun(runId, { state: "failed", reason: "it never began" })
      .catch(() => {});
    await one().retryRun(runId);
  }
  await runReaches(harness.sql, runId, "success");
  await consistent();
}

async function randomDeed(
  orchestrator: Orchestrator,
  runId: number,
  tasks: TaskSeen[],
  random: () => number,
): Promise<void> {
  const pick = <T>(list: T[]): T | undefined => list[Math.floor(random() * list.length)];
  const mark = { state: pick(["success", "failed"] as const) ?? "success", reason: "because" } as const;
  const task = pick(tasks)?.id ?? 0;
  const deeds = [
    () => orchestrator.retryRun(runId),
    () => orchestrator.cancelRun(runId),
    () => orchestrator.markRun(runId, mark),
    () => orchestrator.retryTask(task),
    () => orchestrator.clearTask(task),
    () => orchestrator.markTask(task, mark),
    () => orchestrator.markTask(task, mark),
    // Some progress in between.
    () => Bun.sleep(random() * 60),
  ];
  try {
    await pick(deeds)?.();
  } catch (error) {
    // What cannot be done as things stand is refused; anything else is a fault.
    if (!(error instanceof Error) || error.name !== "RequestError") throw error;
  }
}

/** Looks at everything in one snapshot; what must never be seen fails the test. Answers how much history there is. */
async function consistent(): Promise<{ tries: number; lines: number }> {
  const [seen] = await harness.sql<
    [{ stuck: number; strays: number; openTries: number; wrongEvents: number; tries: number; lines: number }]
  >`
    with active as (select run_id from barline.tasks where state in ('queued', 'running'))
    select
      (select count(*)::int from barline.runs where state = 'running' and id not in (select run_id from active)) as stuck,
      (select count(*)::int from barline.runs
        where state not in ('queued', 'running') and id in (select run_id from active)) as strays,
      (select count(*)::int from barline.tries join barline.tasks on tasks.id = task_id
        where tries.state = 'running' and (tasks.state <> 'running' or tasks.tries <> number)) as "openTries",
      (select count(*)::int from barline.tasks
        where name = 'finish' and (select count(*) from barline.dataset_events where task_id = tasks.id)
          <> (select count(*) from barline.tries where task_id = tasks.id and tries.state = 'success')) as "wrongEvents",
      (select count(*)::int from barline.tries) as tries,
      (select count(*)::int from barline.task_logs) as lines`;
  const { tries, lines, ...faults } = seen;
  expect(faults).toEqual({ stuck: 0, strays: 0, openTries: 0, wrongEvents: 0 });
  return { tries, lines };
}
