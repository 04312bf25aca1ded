import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { jobIds } from "../../../jobs/pipeline.ts";
import { readGrid } from "../../../server/pipeline/grid-read.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { addHistory } from "../../support/history.ts";
import { countRowsRead } from "../../support/rows-read.ts";
import { countStatements } from "../../support/statements.ts";
import { fakeJobs } from "../fake-pipeline.ts";

setDefaultTimeout(60_000);

const everything = { state: null, trigger: null, from: null, to: null, limit: 2500 };
const now = () => new Date("2020-01-10T03:00:00Z");

describe("the grid of ten years", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
    await addHistory(database.sql, 2600);
  }, 60_000);
  afterAll(() => database.drop());

  const jobOf = (id: string) => {
    const job = fakeJobs("2010-01-04", "2020-01-09").find((candidate) => candidate.id === id);
    if (!job) throw new Error(`no job ${id}`);
    return job;
  };

  test.each([
    [jobIds.ingest, 2],
    [jobIds.load, 3],
    [jobIds.transform, 3],
  ])("of %s is read in %d statements, whether it shows 50 runs or 2,500", async (id, expected) => {
    for (const limit of [50, 2500]) {
      const { read, statements } = countStatements(database.sql);
      const grid = await readGrid({ read, now }, jobOf(id), { ...everything, limit });
      expect(grid.runs).toHaveLength(limit);
      expect(statements()).toBe(expected);
    }
  });

  test("reads a few rows for each run that it shows, however few or many it shows", async () => {
    for (const limit of [50, 2500]) {
      const rows = await countRowsRead(database.sql, (read) =>
        readGrid({ read, now }, jobOf(jobIds.ingest), { ...everything, limit }),
      );
      // A run and its tasks; a plan that reads whole tables, or one for each run, reads many times as many.
      expect(rows).toBeLessThan(15 * limit);
    }
  });

  test("shows the newest runs, oldest first, with every task folded to one cell", async () => {
    const { runs, tasks } = await readGrid({ read: database.sql, now }, jobOf(jobIds.ingest), {
      ...everything,
      limit: 2,
    });
    expect(tasks.map(({ name, isMapped }) => [name, isMapped])).toEqual([
      ["plan", false],
      ["fetch", true],
      ["record", false],
    ]);
    expect(runs.map(({ id, state, first, last }) => ({ id, state, first, last }))).toEqual([
      { id: 2599, state: "success", first: "2020-01-07", last: "2020-01-07" },
      { id: 2600, state: "failed", first: "2020-01-08", last: "2020-01-08" },
    ]);
    // The 2,600th took 2 s and 2600 mod 11 more.
    expect(runs[1]?.ms).toBe(6000);
    expect(runs[1]?.cells).toMatchObject([
      { state: "success", done: 1, total: 1, ms: 6000 },
      { state: "failed", done: 3, total: 4, ms: 6000 },
      { state: "unreached", done: 0, total: 0, ms: null },
    ]);
  });

  test("tells for a run woken by events the sessions at their origin, at first and at second hand", async () => {
    for (const id of [jobIds.load, jobIds.transform]) {
      const { runs } = await readGrid({ read: database.sql, now }, jobOf(id), { ...everything, limit: 1 });
      expect(runs[0]).toMatchObject({ events: 1, first: "2020-01-07", last: "2020-01-07", trigger: "dataset" });
    }
  });

  test("filters by state, trigger and session", async () => {
    const { read } = { read: database.sql };
    const ids = async (job: string, filter: Partial<typeof everything> | Record<string, string>) =>
      (await readGrid({ read, now }, jobOf(job), { ...everything, ...filter })).runs.map((run) => run.id);
    expect(await ids(jobIds.ingest, { state: "failed" })).toEqual(Array.from({ length: 52 }, (_, at) => (at + 1) * 50));
    expect((await ids(jobIds.ingest, { trigger: "backfill" })).every((id) => id % 7 === 0)).toBe(true);
    expect(await ids(jobIds.ingest, { from: "2020-01-06", to: "2020-01-07" })).toEqual([2598, 2599]);
    // One session is one run of each; the failed last one has none.
    expect(await ids(jobIds.load, { from: "2020-01-07" })).toHaveLength(1);
    expect(await ids(jobIds.transform, { from: "2020-01-06", to: "2020-01-06" })).toHaveLength(1);
    expect(await ids(jobIds.transform, { from: "2020-01-08" })).toEqual([]);
  });

  test("shows what is at work while a backfill of thousands waits, and the next fifth of it", async () => {
    const [backfill] = await database.sql<[{ id: number }]>`
      insert into barline.backfills (job_id, from_partition, to_partition, reprocess, plan)
      values (${jobIds.ingest}, '2000-01-03', '2009-12-31', 'missing', '{}') returning id`;
    await database.sql`
      insert into barline.runs (job_id, state, trigger, backfill_id, partition, started_at)
      select ${jobIds.ingest}, case when number <= 4 then 'running' else 'queued' end, 'backfill', ${backfill.id},
        (date '2000-01-03' + number)::text, case when number <= 4 then now() end
      from generate_series(1, 2500) as number`;
    const { runs } = await readGrid({ read: database.sql, now }, jobOf(jobIds.ingest), { ...everything, limit: 50 });
    expect(runs.filter(({ state }) => state === "running")).toHaveLength(4);
    expect(runs.filter(({ state }) => state === "queued").map(({ first }) => first)).toEqual(
      Array.from({ length: 10 }, (_, index) => `2000-01-${String(index + 8).padStart(2, "0")}`),
    );
    await database.sql`delete from barline.runs where backfill_id = ${backfill.id}`;
    await database.sql`delete from barline.backfills where id = ${backfill.id}`;
  });

  describe("while a run goes on", () => {
    const add = async (states: string[]) => {
      const [run] = await database.sql<[{ id: number }]>`
        insert into barline.runs (job_id, state, trigger, partition, partition_to, started_at)
        values (${jobIds.ingest}, 'running', 'manual', '2020-01-09', '2020-01-09', '2020-01-10T02:59:00Z') returning id`;
      for (const [index, state] of states.entries()) {
        await database.sql`
          insert into barline.tasks (run_id, job_id, name, step, map_index, state)
          values (${run.id}, ${jobIds.ingest}, 'fetch', 1, ${index}, ${state})`;
      }
      const grid = await readGrid({ read: database.sql, now }, jobOf(jobIds.ingest), { ...everything, limit: 1 });
      await database.sql`delete from barline.tasks where run_id = ${run.id}`;
      await database.sql`delete from barline.runs where id = ${run.id}`;
      return grid.runs[0];
    };

    test.each([
      [["success", "queued"], "running"],
      [["queued", "queued"], "queued"],
      [["success", "running", "failed"], "failed"],
      [["success", "cancelled"], "cancelled"],
      [["cleared", "cleared"], "waiting"],
      [["success", "success"], "success"],
    ])("batches that are %p show as %s", async (states, expected) => {
      const run = await add(states);
      expect(run?.cells[1]).toMatchObject({ state: expected, total: states.length });
      expect(run?.cells[2]?.state).toBe("waiting");
      expect(run?.ms).toBe(60_000);
    });
  });
});
