import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Sql } from "../../../db/client.ts";
import type { JobDefinition, TaskResult } from "../../../jobs/orchestrator/types.ts";
import { until } from "../../support/until.ts";
import {
  allEnded,
  batchJob,
  createFakePool,
  createGate,
  createHarness,
  type Harness,
  runsOf,
  toyJob,
} from "./harness.ts";
import { backfill, backfillOf, bySession, dayOf } from "./toy-backfill.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

const partitions = 8;
const crowd = { schedule: bySession, maxActiveRuns: partitions };

/** A backfill of a job whose tasks all wait at one gate, and so end together. */
async function startCrowd(resultOf: (partition: string) => TaskResult, more: Partial<JobDefinition> = {}) {
  const gate = createGate();
  let waiting = 0;
  const run = async (context: { run: { partition: string | null } }) => {
    waiting += 1;
    await gate.opened;
    return resultOf(context.run.partition ?? "");
  };
  const orchestrator = await harness.start([toyJob({ ...crowd, ...more, run })], { plainSlots: partitions });
  const { id } = await backfill(orchestrator, [1, partitions]);
  await until("all wait at the gate", async () => waiting === partitions);
  return { orchestrator, backfillId: id, gate };
}

/** In how many transactions tasks were ended: each has one time. */
async function countEnds(sql: Sql): Promise<number> {
  const [row] = await sql<{ ends: number }[]>`select count(distinct finished_at)::int as ends from barline.tasks`;
  return row?.ends ?? 0;
}

describe("successes that come together", () => {
  test("are recorded in one transaction behind the first, each with its own run, events and summary", async () => {
    const dataset = "s3://toys/boxes";
    const { backfillId, gate } = await startCrowd((partition) => ({
      output: partition,
      summary: { partition },
      events: [{ dataset, payload: { partition } }],
    }));
    gate.open();
    const runs = await allEnded(harness.sql, partitions);
    expect(runs.map(({ state, summary }) => ({ state, summary }))).toEqual(
      Array.from({ length: partitions }, (_, index) => ({
        state: "success",
        summary: { partition: dayOf(index + 1) },
      })),
    );
    expect(await countEnds(harness.sql)).toBe(2);
    const events = await harness.sql`
      select runs.partition from barline.dataset_events events join barline.runs on runs.id = events.run_id
      where events.payload ->> 'partition' = runs.partition`;
    expect(events.length).toBe(partitions);
    expect((await backfillOf(harness.sql, backfillId))?.state).toBe("success");
  });

  test("do not fail with one whose answer no database takes", async () => {
    const { backfillId, gate } = await startCrowd((partition) => ({
      output: partition === dayOf(5) ? "no text: \u0000" : partition,
    }));
    gate.open();
    const runs = await allEnded(harness.sql, partitions);
    expect(runs.filter(({ state }) => state !== "success").map(({ partition }) => partition)).toEqual([dayOf(5)]);
    expect((await backfillOf(harness.sql, backfillId))?.state).toBe("failed");
  });

  test("leave alone what was cancelled meanwhile", async () => {
    const { orchestrator, backfillId, gate } = await startCrowd((partition) => ({ output: partition }));
    const [first] = await runsOf(harness.sql);
    await orchestrator.cancelRun(first?.id ?? 0);
    gate.open();
    const runs = await allEnded(harness.sql, partitions);
    expect(runs.map(({ state }) => state)).toEqual(["cancelled", ...Array(partitions - 1).fill("success")]);
    expect((await backfillOf(harness.sql, backfillId))?.state).toBe("cancelled");
  });

  test("move a run on once where all its batches are among them, and tell of its end once", async () => {
    const gate = createGate();
    const ended: string[] = [];
    const batches = Array.from({ length: partitions }, (_, index) => index);
    const job = batchJob(batches, { runsWithoutEvents: true });
    const work = async () => {
      await gate.opened;
      return {};
    };
    const observer = {
      tryEnded: () => {},
      runEnded: ({ state }: { state: string }) => ended.push(state),
      batches: () => {},
      reported: () => {},
    };
    const pool = createFakePool({ work }, partitions);
    const orchestrator = await harness.start([job], { pool, observer });
    await orchestrator.createRun("toy", {});
    await until("all batches are under way", async () => {
      const running = await harness.sql`select from barline.tasks where name = 'work' and state = 'running'`;
      return running.length === partitions;
    });
    gate.open();
    const [run] = await allEnded(harness.sql, 1);
    expect(run?.state).toBe("success");
    await until("the end is told of", async () => ended.length > 0);
    expect(ended).toEqual(["success"]);
  });
});
