import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { insertEvents } from "../../../db/queries/pipeline/events.ts";
import { registerJobs } from "../../../jobs/orchestrator/register.ts";
import { queueTriggeredRun } from "../../../jobs/orchestrator/triggers.ts";
import { createHarness, type Harness, toyJob } from "./harness.ts";

setDefaultTimeout(60_000);

let harness: Harness;
beforeAll(async () => {
  harness = await createHarness();
});
afterEach(() => harness.reset());
afterAll(() => harness.close());

const dataset = "s3://toys/boxes";
const upstream = toyJob({ id: "upstream" });
const loading = toyJob({ id: "loading", triggeredBy: ["s3://toys/crates"] });
const resting = toyJob({
  id: "resting",
  triggeredBy: [dataset],
  coalesce: { whileActive: ["upstream", "loading"], restFactor: 4, endWithinMs: 30_000 },
});

/** An event of `resting` that has just been recorded, while of `upstream` some runs have ended in ten seconds and others are left. */
async function stream(units: { done: number; left: number; trigger?: string }): Promise<Date> {
  const { done, left, trigger = "backfill" } = units;
  await registerJobs(harness.sql, [upstream, loading, resting]);
  const [task] = await harness.sql<[{ runId: number; taskId: number; now: Date }]>`
    with run as (
      insert into barline.runs (job_id, trigger, state) values ('producer', 'manual', 'success') returning id
    )
    insert into barline.tasks (run_id, job_id, name, step, state) select id, 'producer', 'only', 0, 'success' from run
    returning run_id as "runId", id as "taskId", now()`;
  await harness.sql`
    insert into barline.runs (job_id, trigger, state, started_at, finished_at)
    select 'upstream', ${trigger}, 'success', ${task.now}::timestamptz - interval '10 s', ${task.now}::timestamptz
    from generate_series(1, ${done}::int)`;
  await harness.sql`
    insert into barline.runs (job_id, trigger, state)
    select 'upstream', ${trigger}, 'queued' from generate_series(1, ${left}::int)`;
  const { runId, taskId } = task;
  await harness.sql.begin((transaction) => insertEvents(transaction, [{ runId, taskId, dataset, payload: {} }]));
  await harness.sql`update barline.dataset_events set created_at = ${task.now}::timestamptz`;
  return task.now;
}

/** An event of `resting`, while `loading` has ended a run of ten seconds with some events, and others wait for its next one. */
async function streamEvents({ claimed, waiting }: { claimed: number; waiting: number }): Promise<Date> {
  const now = await stream({ done: 0, left: 0 });
  const [{ id }] = await harness.sql<[{ id: number }]>`
    insert into barline.runs (job_id, trigger, state, started_at, finished_at)
    values ('loading', 'dataset', 'success', ${now}::timestamptz - interval '10 s', ${now}::timestamptz) returning id`;
  await harness.sql`
    with crates as (
      insert into barline.dataset_events (dataset, run_id, task_id)
      select 's3://toys/crates', run_id, task_id
      from barline.dataset_events cross join generate_series(1, ${claimed + waiting}::int)
      returning id
    ), numbered as (
      select id, row_number() over (order by id) as place from crates
    ), claimed as (
      insert into barline.event_claims (job_id, event_id, run_id)
      select 'loading', numbered.id, ${id}::bigint from numbered where place <= ${claimed}::int
    )
    insert into barline.pending_events (job_id, event_id)
    select 'loading', id from numbered where place > ${claimed}::int`;
  return now;
}

const look = (now: Date) => queueTriggeredRun(harness.sql, resting, now);
const later = (now: Date, seconds: number) => new Date(now.getTime() + seconds * 1000);
const begins = { runId: expect.any(Number) };

describe("a job that waits for a stream to end", () => {
  test("begins when all is there where that is near, at the pace of late", async () => {
    const now = await stream({ done: 20, left: 10 });
    expect(await look(now)).toEqual({ restMs: 5000 });
    await harness.sql`update barline.runs set state = 'success', finished_at = now() where job_id = 'upstream'`;
    expect(await look(now)).toEqual(begins);
  });

  test("waits no longer than it was told to, however near the end seems", async () => {
    const now = await stream({ done: 20, left: 10 });
    await harness.sql`update barline.runs set started_at = started_at - interval '10 s' where job_id = 'upstream'`;
    expect(await look(later(now, 27))).toEqual({ restMs: 3000 });
    expect(await look(later(now, 30))).toEqual(begins);
  });

  test("waits for nothing that has come to a halt", async () => {
    const now = await stream({ done: 20, left: 1 });
    expect(await look(later(now, 20))).toEqual({ restMs: 1500 });
    expect(await look(later(now, 21))).toEqual(begins);
  });

  test("shows the first results at once where the end is far", async () => {
    expect(await look(await stream({ done: 20, left: 100 }))).toEqual(begins);
  });

  test("begins at once where what is at work was asked for one by one", async () => {
    expect(await look(await stream({ done: 2, left: 1 }))).toEqual(begins);
  });

  test("is not held up by rechecks", async () => {
    expect(await look(await stream({ done: 20, left: 10, trigger: "recheck" }))).toEqual(begins);
  });

  test("counts what a job claims by its events, those that wait among them", async () => {
    const now = await streamEvents({ claimed: 10, waiting: 2 });
    await harness.sql`insert into barline.runs (job_id, trigger, state) values ('loading', 'dataset', 'running')`;
    // Ten in ten seconds; two that wait, and a run whose events are not known yet.
    expect(await look(now)).toEqual({ restMs: 3000 });
  });

  test("does not begin between two runs of what it waits for", async () => {
    const now = await streamEvents({ claimed: 10, waiting: 2 });
    expect(await look(now)).toEqual({ restMs: 2000 });
  });

  test("waits for nothing that somebody has paused before its next run, nor for what only rechecks announce", async () => {
    const now = await streamEvents({ claimed: 10, waiting: 2 });
    await harness.sql`update barline.jobs set paused = true where id = 'loading'`;
    expect(await look(now)).toEqual(begins);
    await harness.reset();
    const again = await streamEvents({ claimed: 10, waiting: 2 });
    await harness.sql`update barline.runs set trigger = 'recheck' where job_id = 'producer'`;
    expect(await look(again)).toEqual(begins);
  });
});
