import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { PermanentError } from "../../../../jobs/orchestrator/errors.ts";
import type { JobDefinition, Orchestrator } from "../../../../jobs/orchestrator/types.ts";
import { createFakePool, createHarness, type Harness, plain, runReaches, tasksOf } from "../harness.ts";

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

const ann = { name: "Ann", via: "dashboard" as const };

/** Two tasks, of which the second fails while it is said to. */
function twoTasks() {
  const state = { isBroken: true };
  const job: JobDefinition = {
    id: "toy",
    title: "Toy",
    description: "A job for tests.",
    tasks: [
      plain("first", async () => ({ output: "done" })),
      plain("second", async () => {
        if (state.isBroken) throw new PermanentError("The second is broken.");
        return { output: "done" };
      }),
    ],
    runsWithoutEvents: true,
    maxActiveRuns: 1,
    maxTries: 1,
  };
  return { state, job };
}

async function runsThatFailed(orchestrator: Orchestrator, count: number): Promise<number[]> {
  const ids: number[] = [];
  for (let index = 0; index < count; index++) ids.push(await orchestrator.createRun("toy", {}, ann));
  for (const id of ids) await runReaches(harness.sql, id, "failed");
  return ids;
}

const actionsOf = () => harness.sql<{ kind: string; runId: number }[]>`
  select kind, run_id as "runId" from barline.actions where kind <> 'run.create' order by id`;

describe("many runs", () => {
  test("are retried in one action, and of those that cannot be it is told why", async () => {
    const { job, state } = twoTasks();
    const orchestrator = await harness.start([job], { pool: createFakePool({}) });
    const failed = await runsThatFailed(orchestrator, 3);
    state.isBroken = false;
    const good = await orchestrator.createRun("toy", {}, ann);
    await runReaches(harness.sql, good, "success");

    const runIds = [good, ...failed.toReversed(), 999_999, ...failed];
    const tried = await orchestrator.changeRuns({ change: "retry", runIds, dryRun: true }, ann);
    expect([...(await actionsOf())]).toEqual([]);
    const changed = await orchestrator.changeRuns({ change: "retry", runIds }, ann);
    expect(changed).toEqual(tried);
    expect(changed).toEqual({
      changed: failed,
      refused: [
        { runId: good, message: `Run ${good} is success; only a failed or cancelled run can be retried.` },
        { runId: 999_999, message: "There is no run 999999." },
      ],
    });
    for (const id of failed) await runReaches(harness.sql, id, "success");
    expect((await actionsOf()).map(({ kind, runId }) => `${kind} ${runId}`)).toEqual(
      failed.map((id) => `run.retry ${id}`),
    );
  });

  test("that are only tried stay as they are", async () => {
    const { job } = twoTasks();
    const orchestrator = await harness.start([job], { pool: createFakePool({}) });
    const failed = await runsThatFailed(orchestrator, 2);
    const before = await harness.sql`select * from barline.runs order by id`;
    const tasks = await harness.sql`select * from barline.tasks order by id`;
    for (const change of ["retry", "clear", "success"] as const) {
      const tried = await orchestrator.changeRuns({ change, runIds: failed, reason: "To see.", dryRun: true }, ann);
      expect(tried).toEqual({ changed: failed, refused: [] });
    }
    expect(await harness.sql`select * from barline.runs order by id`).toEqual(before);
    expect(await harness.sql`select * from barline.tasks order by id`).toEqual(tasks);
  });

  test("that are cleared run again from their first task", async () => {
    const { job, state } = twoTasks();
    const orchestrator = await harness.start([job], { pool: createFakePool({}) });
    const failed = await runsThatFailed(orchestrator, 2);
    state.isBroken = false;
    await orchestrator.changeRuns({ change: "clear", runIds: failed }, ann);
    for (const id of failed) {
      await runReaches(harness.sql, id, "success");
      expect((await tasksOf(harness.sql, id)).map(({ name, tries }) => [name, tries])).toEqual([
        ["first", 2],
        ["second", 2],
      ]);
    }
  });

  test("are marked with one reason, which has to be given", async () => {
    const { job } = twoTasks();
    const orchestrator = await harness.start([job], { pool: createFakePool({}) });
    const failed = await runsThatFailed(orchestrator, 2);
    const unsaid = orchestrator.changeRuns({ change: "success", runIds: failed, reason: " " }, ann);
    expect(unsaid).rejects.toThrow("Say why");
    const marked = await orchestrator.changeRuns({ change: "success", runIds: failed, reason: "Known." }, ann);
    expect(marked.changed).toEqual(failed);
    const rows = await harness.sql<{ state: string; reason: string }[]>`
      select state, reason from barline.runs inner join barline.actions on run_id = runs.id where kind = 'run.mark'`;
    expect([...rows]).toEqual(failed.map(() => ({ state: "success", reason: "Known." })));
  });

  test("are a thousand at the most", async () => {
    const { job } = twoTasks();
    const orchestrator = await harness.start([job], { pool: createFakePool({}) });
    const runIds = Array.from({ length: 1001 }, (_, index) => index + 1);
    expect(orchestrator.changeRuns({ change: "cancel", runIds }, ann)).rejects.toThrow("At most 1000 runs");
  });
});
