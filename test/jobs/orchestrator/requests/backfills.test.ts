import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type {
  JobDefinition,
  Orchestrator,
  PlannedRun,
  Reprocess,
  SelectedPartitions,
} from "../../../../jobs/orchestrator/types.ts";
import { until } from "../../../support/until.ts";
import {
  allEnded,
  createGate,
  createHarness,
  type Harness,
  runReaches,
  runsOf,
  type ToyJob,
  toyJob,
} from "../harness.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

const days = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `2024-01-${String(from + index).padStart(2, "0")}`);

const namesOf = ({ wanted }: SelectedPartitions) => wanted.map(({ partition }) => partition);

const oneEach = (wanted: string[]): PlannedRun[] => wanted.map((one) => ({ partitions: [one], parameters: {} }));

function backfill(
  orchestrator: Orchestrator,
  [from, to]: [number, number],
  reprocess: Reprocess = "missing",
  group = oneEach,
) {
  const partitions = days(from, to);
  return orchestrator.createBackfill("toy", {
    from: partitions[0] ?? "",
    to: partitions.at(-1) ?? "",
    reprocess,
    partitions,
    plan: (selected) => ({
      plan: { skipped: selected.skipped },
      runs: selected.wanted.length ? group(namesOf(selected)) : [],
    }),
  });
}

/** A job by partition with no schedule of its own. */
const byPartition = (given: ToyJob = {}): JobDefinition =>
  toyJob({
    schedule: { cron: "0 0 29 2 *", timeZone: "UTC", due: () => [], upcoming: () => [], catchup: "all" },
    ...given,
  });

const stateOf = async (id: number | null) => {
  const [row] = await harness.sql<{ state: string; finished: boolean }[]>`
    select state, finished_at is not null as finished from barline.backfills where id = ${id}::bigint`;
  return row;
};

describe("a backfill", () => {
  test("of missing partitions takes those that never ran, and says why not the others", async () => {
    const gate = createGate();
    const job = byPartition({
      maxActiveRuns: 9,
      run: async ({ run }) => {
        if (run.partition === "2024-01-02") throw new Error("no");
        if (run.partition === "2024-01-03") await gate.opened;
        return {};
      },
    });
    const orchestrator = await harness.start([job]);
    const made = [];
    for (const partition of days(1, 3)) made.push(await orchestrator.createRun("toy", { partition }));
    const [succeeded = 0, failed = 0, running = 0] = made;
    await runReaches(harness.sql, succeeded, "success");
    await runReaches(harness.sql, failed, "failed");
    await runReaches(harness.sql, running, "running");

    const select = (reprocess: Reprocess) => orchestrator.selectPartitions("toy", days(1, 4), reprocess);
    expect(await select("missing")).toEqual({
      wanted: [{ partition: "2024-01-04", reason: { kind: "never_ran" } }],
      skipped: [
        { partition: "2024-01-01", reason: { kind: "already_ran", runId: succeeded, state: "success" } },
        { partition: "2024-01-02", reason: { kind: "already_ran", runId: failed, state: "failed" } },
        { partition: "2024-01-03", reason: { kind: "under_way", runId: running, state: "running" } },
      ],
    });
    expect(await select("failed")).toEqual({
      wanted: [{ partition: "2024-01-02", reason: { kind: "ended", runId: failed, state: "failed" } }],
      skipped: [
        { partition: "2024-01-01", reason: { kind: "ended", runId: succeeded, state: "success" } },
        { partition: "2024-01-03", reason: { kind: "under_way", runId: running, state: "running" } },
        { partition: "2024-01-04", reason: { kind: "never_ran" } },
      ],
    });
    expect((await select("all")).wanted).toEqual([
      { partition: "2024-01-01", reason: { kind: "ended", runId: succeeded, state: "success" } },
      { partition: "2024-01-02", reason: { kind: "ended", runId: failed, state: "failed" } },
      { partition: "2024-01-04", reason: { kind: "never_ran" } },
    ]);
    gate.open();
  });

  test("settles with its last run, however many end at once", async () => {
    const orchestrator = await harness.start([byPartition({ maxActiveRuns: 8 })], { plainSlots: 8 });
    for (let round = 0; round < 5; round++) {
      const { id, runs } = await backfill(orchestrator, [1, 24], round === 0 ? "missing" : "all");
      expect(runs).toBe(24);
      await until(`backfill ${id} has ended`, async () => (await stateOf(id))?.state === "success");
      expect(await stateOf(id)).toEqual({ state: "success", finished: true });
    }
  });

  test("is failed where a run failed, and running and then well again after a retry", async () => {
    let fail = true;
    const job = byPartition({
      maxActiveRuns: 4,
      run: async ({ run }) => {
        if (fail && run.partition === "2024-01-02") throw new Error("no");
        return {};
      },
    });
    const orchestrator = await harness.start([job]);
    const { id } = await backfill(orchestrator, [1, 3]);
    await until("it has failed", async () => (await stateOf(id))?.state === "failed");
    fail = false;
    const [bad] = (await runsOf(harness.sql)).filter((run) => run.state === "failed");
    await orchestrator.setPaused("toy", true);
    await orchestrator.retryRun(bad?.id ?? 0);
    expect(await stateOf(id)).toEqual({ state: "running", finished: false });
    await orchestrator.setPaused("toy", false);
    await until("it is well", async () => (await stateOf(id))?.state === "success");
  });

  test("never takes a partition that an overlapping one takes at the same time", async () => {
    const jobs = [byPartition({ maxActiveRuns: 3 })];
    const [first, second] = [await harness.start(jobs), await harness.start(jobs)];
    await first.setPaused("toy", true);
    await Promise.all([
      backfill(first, [1, 20], "all"),
      backfill(second, [10, 28], "all"),
      backfill(first, [5, 15]),
      backfill(second, [1, 28]),
    ]);
    const partitions = (await runsOf(harness.sql)).map((run) => run.partition);
    expect(partitions.sort()).toEqual(days(1, 28));
    await first.setPaused("toy", false);
    await allEnded(harness.sql, 28);
  });

  test("may cover several partitions with one run, which then answers for all of them", async () => {
    const seen: string[][] = [];
    const job = byPartition({
      run: async (context) => {
        seen.push(await context.partitions());
        return { output: context.run.parameters };
      },
    });
    const orchestrator = await harness.start([job]);
    await orchestrator.createRun("toy", { partition: "2024-01-03" });
    await allEnded(harness.sql, 1);
    const { runs } = await backfill(orchestrator, [1, 5], "missing", (wanted) => [
      { partitions: wanted, parameters: { strategy: "range" } },
    ]);
    expect(runs).toBe(1);
    const [, range] = await allEnded(harness.sql, 2);
    expect(seen[1]).toEqual(["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-05"]);
    expect(range).toMatchObject({ trigger: "backfill", partition: "2024-01-01", partitionTo: "2024-01-05" });
    expect(namesOf(await orchestrator.selectPartitions("toy", days(1, 5), "missing"))).toEqual([]);
  });

  test("with nothing left to run has succeeded at once", async () => {
    const orchestrator = await harness.start([byPartition()]);
    await orchestrator.createRun("toy", { partition: "2024-01-01" });
    await allEnded(harness.sql, 1);
    const answer = await backfill(orchestrator, [1, 1]);
    expect(answer.runs).toBe(0);
    expect(await stateOf(answer.id)).toEqual({ state: "success", finished: true });
  });

  test("that is cancelled cancels its queued and running runs, and leaves those that ended", async () => {
    const started: (string | null)[] = [];
    const job = byPartition({
      maxActiveRuns: 2,
      run: async ({ run, signal }) => {
        started.push(run.partition);
        if (run.partition === "2024-01-01") return {};
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        return {};
      },
    });
    const orchestrator = await harness.start([job]);
    const { id } = await backfill(orchestrator, [1, 6]);
    await until("two hang", () => started.length === 3);
    await orchestrator.cancelBackfill(id ?? 0);
    const states = (await allEnded(harness.sql, 6)).map((run) => run.state);
    expect(states).toEqual(["success", ...Array(5).fill("cancelled")]);
    expect(await stateOf(id)).toEqual({ state: "cancelled", finished: true });
    const again = await orchestrator.selectPartitions("toy", days(1, 6), "missing");
    expect(again.wanted.map(({ partition }) => partition)).toEqual(days(2, 6));
    expect(again.wanted[0]?.reason).toEqual({ kind: "ended", runId: expect.any(Number), state: "cancelled" });
    await expect(orchestrator.cancelBackfill(id ?? 0)).rejects.toMatchObject({ code: "conflict" });
    await expect(orchestrator.cancelBackfill(987_654)).rejects.toMatchObject({ code: "not_found" });
    expect(started.length).toBe(3);
    expect(namesOf(await orchestrator.selectPartitions("toy", days(1, 6), "failed"))).toEqual(days(2, 6));
  });
});

describe("a run by hand", () => {
  test("takes a partition over from a run that ended, and is refused beside one that has not", async () => {
    const orchestrator = await harness.start([byPartition()]);
    const first = await orchestrator.createRun("toy", { partition: "2024-01-01" });
    await runReaches(harness.sql, first, "success");
    await orchestrator.setPaused("toy", true);
    const racing = await Promise.allSettled(
      Array.from({ length: 4 }, () => orchestrator.createRun("toy", { partition: "2024-01-01" })),
    );
    expect(racing.filter((one) => one.status === "fulfilled").length).toBe(1);
    for (const one of racing) if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "conflict" });
  });

  test("is refused for a job that there is not, and without a partition where the job runs by one", async () => {
    const orchestrator = await harness.start([byPartition(), toyJob({ id: "other", runsWithoutEvents: true })]);
    await expect(orchestrator.createRun("nobody", {})).rejects.toMatchObject({ code: "not_found" });
    await expect(orchestrator.createRun("toy", {})).rejects.toMatchObject({ code: "invalid", field: "session" });
    await expect(orchestrator.createRun("other", { partition: "x" })).rejects.toMatchObject({ code: "invalid" });
    const runId = await orchestrator.createRun("other", {});
    await runReaches(harness.sql, runId, "success");
  });
});
