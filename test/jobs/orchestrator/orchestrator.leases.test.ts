import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { until } from "../../support/until.ts";
import {
  batchJob,
  createFakePool,
  createGate,
  createHarness,
  type Harness,
  runReaches,
  runsOf,
  taskOf,
  tasksOf,
  toyJob,
  untilAborted,
} from "./harness.ts";

setDefaultTimeout(60_000);

let harness: Harness;
const children: Bun.Subprocess[] = [];
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
  await harness.reset();
});
afterAll(() => harness.close());

const entry = fileURLToPath(new URL("../../support/toy-process.ts", import.meta.url));

/** Starts another process on the same database, and waits until it holds the task of run `runId`. */
async function startHoldingProcess(leaseMs: number) {
  const child = Bun.spawn([process.execPath, entry, harness.database.url, String(leaseMs)], {
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
  });
  children.push(child);
  let said = "";
  void (async () => {
    for await (const chunk of child.stdout) said += Buffer.from(chunk).toString();
  })();
  await until("the other process has started", () => said.includes("started"), 20_000);
  return { child, holding: () => until("the other process holds the task", () => said.includes("holding")) };
}

/** A run of the toy job that nobody has begun, made by a process that claims nothing. */
async function queueRun(): Promise<number> {
  const sender = harness.make([toyJob({ runsWithoutEvents: true })]);
  await harness.sql`insert into barline.jobs (id) values ('toy') on conflict do nothing`;
  return await sender.createRun("toy", {});
}

const here = toyJob({ maxTries: 1, runsWithoutEvents: true, run: async () => ({ output: "done here" }) });

describe("a lease", () => {
  test("of a killed process is taken over at once, long before it ends, and counts no failure", async () => {
    const { child, holding } = await startHoldingProcess(600_000);
    const runId = await queueRun();
    await holding();
    await harness.start([here]);
    expect((await taskOf(harness.sql, runId)).state).toBe("running");
    child.kill("SIGKILL");
    // The lease would last for ten minutes more.
    await runReaches(harness.sql, runId, "success");
    expect(await taskOf(harness.sql, runId)).toMatchObject({
      output: "done here",
      failures: 0,
      history: ["lost", "success"],
    });
  });

  test("of a process that went silent runs out, and what it answers when it wakes is refused", async () => {
    const { child, holding } = await startHoldingProcess(600_000);
    const runId = await queueRun();
    await holding();
    child.kill("SIGSTOP");
    const other = await harness.start([here]);
    // What the lease's time does, and only once the process is silent: one that is merely slow must not lose it before.
    await harness.sql`update barline.tasks set lease_expires_at = now() where id = ${(await taskOf(harness.sql, runId)).id}`;
    await runReaches(harness.sql, runId, "success");
    await other.stop(1000);
    const next = await queueRun();
    child.kill("SIGCONT");
    child.stdin.write("done by the zombie\n");
    await child.stdin.flush();
    // A second run, which only the woken process can take, shows that it has come past the first one.
    await runReaches(harness.sql, next, "success");
    expect(await taskOf(harness.sql, next)).toMatchObject({ output: "done by the zombie", history: ["success"] });
    expect(await taskOf(harness.sql, runId)).toMatchObject({ output: "done here", history: ["lost", "success"] });
    expect((await runsOf(harness.sql)).length).toBe(2);
  });

  test("of work that goes on is renewed", async () => {
    const gate = createGate();
    const slow = toyJob({ runsWithoutEvents: true, run: () => gate.opened.then(() => ({ output: "slow" })) });
    const [orchestrator] = [await harness.start([slow]), await harness.start([slow])];
    const runId = await orchestrator.createRun("toy", {});
    await runReaches(harness.sql, runId, "running");
    const expiry = async () => {
      const [row] = await harness.sql<{ at: Date | null }[]>`select lease_expires_at as at from barline.tasks`;
      return row?.at?.getTime() ?? null;
    };
    const first = await until("the task is held", expiry);
    await until("the lease was renewed again and again", async () => ((await expiry()) ?? 0) > first + 1000);
    gate.open();
    await runReaches(harness.sql, runId, "success");
    expect((await taskOf(harness.sql, runId)).history).toEqual(["success"]);
  });

  test("that was claimed while the answer was lost on the way runs out, though its owner lives", async () => {
    const orchestrator = harness.make([here]);
    await orchestrator.start();
    await orchestrator.setPaused("toy", true);
    const runId = await orchestrator.createRun("toy", {});
    const [owner] = await harness.sql<{ key: string }[]>`
      select objid::text as key from pg_locks where locktype = 'advisory' and classid = 4207002
      and database = (select oid from pg_database where datname = current_database())`;
    await harness.sql.begin(async (transaction) => {
      await transaction`update barline.runs set state = 'running' where id = ${runId}`;
      await transaction`
        with claimed as (
          insert into barline.tasks (run_id, job_id, name, step, state, tries, lease_owner, lease_expires_at)
          values (${runId}, 'toy', 'only', 0, 'running', 1, ${owner?.key ?? ""}, now() + interval '300 milliseconds')
          returning id
        )
        insert into barline.tries (task_id, number, state, owner) select id, 1, 'running', 'lost' from claimed`;
    });
    await runReaches(harness.sql, runId, "success");
    expect((await taskOf(harness.sql, runId)).history).toEqual(["lost", "success"]);
  });
});

describe("a task that loses its process again and again", () => {
  /** Gives the try to a process that is not there, and answers how many seconds the task is held back for it. */
  const loseProcess = async (taskId: number, number: number): Promise<number> => {
    await harness.sql`update barline.tasks set lease_owner = '1' where id = ${taskId}::bigint and tries = ${number}::int`;
    return await until(`try ${number} is lost`, async () => {
      const [row] = await harness.sql<{ seconds: number }[]>`
        select extract(epoch from available_at - tries.finished_at)::float8 as seconds
        from barline.tries join barline.tasks on tasks.id = task_id
        where task_id = ${taskId}::bigint and number = ${number}::int and tries.state = 'lost'`;
      return row?.seconds;
    });
  };

  test("waits longer each time, fails after the twentieth, and begins anew where a person retries it", async () => {
    const losses = 20;
    let begun = 0;
    const job = toyJob({
      maxTries: 1,
      runsWithoutEvents: true,
      run: async ({ signal }) => {
        begun++;
        return await untilAborted(signal);
      },
    });
    const orchestrator = await harness.start([job], { pollMs: 20, heartbeatMs: 20 });
    const runId = await orchestrator.createRun("toy", {});
    const waits: number[] = [];
    for (let number = 1; number <= losses; number++) {
      await until(`try ${number} is at work`, () => begun === number);
      const { id } = await taskOf(harness.sql, runId);
      waits.push(await loseProcess(id, number));
      // The time that it has to wait, gone by.
      await harness.sql`update barline.tasks set available_at = now() where id = ${id}::bigint and state = 'queued'`;
    }
    expect(waits).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60, 60, 60]);
    await until("the next try was begun, or refused", async () => {
      return begun > losses || (await taskOf(harness.sql, runId)).state === "failed";
    });
    expect(begun).toBe(losses);
    const { error, history } = await taskOf(harness.sql, runId);
    expect(error).toMatchObject({
      name: "PermanentError",
      message: "20 processes in a row ended while they ran this task.",
      advice: expect.stringContaining("memory"),
    });
    expect(history).toEqual([...Array.from({ length: losses }, () => "lost"), "failed"]);
    expect(await runReaches(harness.sql, runId, "failed")).toMatchObject({ error: { name: "PermanentError" } });
    await orchestrator.retryRun(runId);
    await until("it is at work once more", () => begun === losses + 1);
  });
});

describe("a stop", () => {
  test("in good order gives everything back within the deadline, with no failure counted", async () => {
    let began = 0;
    const job = batchJob(["obeys", "ignores"], { runsWithoutEvents: true, maxTries: 1 });
    const pool = createFakePool({
      work: async ({ input, signal }) => {
        began++;
        return input === "ignores" ? await new Promise<never>(() => {}) : await untilAborted(signal);
      },
    });
    const orchestrator = await harness.start([job], { pool });
    const runId = await orchestrator.createRun("toy", {});
    await until("both batches are at work", () => began === 2);
    // One of the two never ends: a stop that waited for it would not either.
    await orchestrator.stop(400);
    const [, obeys, ignores] = await tasksOf(harness.sql, runId);
    const released = { state: "queued", failures: 0, leaseOwner: null, history: ["released"] };
    expect(obeys).toMatchObject(released);
    expect(ignores).toMatchObject(released);

    const next = createFakePool({ work: async () => ({}) });
    await harness.start([job], { pool: next });
    await runReaches(harness.sql, runId, "success");
    expect((await tasksOf(harness.sql, runId)).map((task) => task.history)).toEqual([
      ["success"],
      ["released", "success"],
      ["released", "success"],
    ]);
  });

  test("lets go at once where all obey, and begins nothing more", async () => {
    const began: number[] = [];
    const job = toyJob({
      runsWithoutEvents: true,
      maxActiveRuns: 3,
      run: async ({ run, signal }) => {
        began.push(run.id);
        return await untilAborted(signal);
      },
    });
    const orchestrator = await harness.start([job]);
    await orchestrator.createRun("toy", {});
    await until("it is at work", () => began.length === 1);
    // The deadline is later than this test's.
    await Promise.all([orchestrator.createRun("toy", {}), orchestrator.stop(600_000)]);
    const [row] = await harness.sql<{ held: number }[]>`
      select count(*)::int as held from barline.tasks where lease_owner is not null`;
    expect(row?.held).toBe(0);
  });

  test("before any start does nothing", async () => {
    await harness.make([here]).stop(1000);
  });
});
