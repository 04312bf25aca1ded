import type { Sql } from "../../db/client.ts";
import { jobIds } from "../../jobs/pipeline.ts";

/** A task of a job's runs as it is in the tables: `batches` rows of it in each run. */
type Step = { name: string; batches: number };

const steps: { job: string; dataset: string | null; steps: Step[] }[] = [
  {
    job: jobIds.ingest,
    dataset: "s3://test/manifests",
    steps: [
      { name: "plan", batches: 1 },
      { name: "fetch", batches: 4 },
      { name: "record", batches: 1 },
    ],
  },
  {
    job: jobIds.load,
    dataset: "postgres_dwh://public/source_polygon_stock_bars_daily",
    steps: [
      { name: "plan", batches: 1 },
      { name: "copy", batches: 4 },
      { name: "merge", batches: 1 },
    ],
  },
  { job: jobIds.transform, dataset: null, steps: [{ name: "build", batches: 1 }] },
];

/** The day before which all of it ends. */
const afterwards = "2020-01-10";

/**
 * Years of the pipeline in one second: for each of the weekdays up to 8 January 2020 a run of every job, with tasks, events and
 * claims, one session at a time. Every 50th ingest failed in its second batch, and has neither load nor transform. Runs that are there
 * already are of later days, and stay as they are.
 */
export async function addHistory(sql: Sql, sessions: number): Promise<void> {
  for (const [index, { job, dataset, steps: tasks }] of steps.entries()) {
    await addRuns(sql, { job, isFirst: index === 0, sessions });
    for (const [step, task] of tasks.entries()) await addTasks(sql, job, step, task);
    if (index > 0) await claimEvents(sql, job, steps[index - 1]?.job ?? "");
    if (dataset) await addEvents(sql, dataset, job, tasks.length - 1);
  }
  await sql`analyze barline.runs, barline.tasks, barline.dataset_events, barline.event_claims`;
}

/** The ingest covers a session a run; the ones that listen cover none, and skip what failed. */
async function addRuns(sql: Sql, { job, isFirst, sessions }: { job: string; isFirst: boolean; sessions: number }) {
  await sql`
    insert into barline.runs (job_id, state, trigger, partition, partition_to, created_at, started_at, finished_at)
    select
      ${job}::text,
      case when ${isFirst} and number % 50 = 0 then 'failed' else 'success' end,
      case when not ${isFirst} then 'dataset' when number % 7 = 0 then 'backfill' else 'schedule' end,
      case when ${isFirst} then day end,
      case when ${isFirst} then day end,
      day::timestamptz + interval '21 hours',
      day::timestamptz + interval '21 hours 1 second',
      day::timestamptz + interval '21 hours 3 seconds' + number % 11 * interval '1 second'
    from (
      select row_number() over (order by day) as number, day::date::text as day
      from (
        select day
        from generate_series('2020-01-08'::timestamp - ${sessions * 2}::int * interval '1 day', '2020-01-08', '1 day') as day
        where extract(isodow from day) < 6
        order by day desc
        limit ${sessions}::int
      ) as days
    ) as numbered
    where ${isFirst} or number % 50 <> 0`;
}

async function addTasks(sql: Sql, job: string, step: number, { name, batches }: Step) {
  await sql`
    insert into barline.tasks (run_id, job_id, name, step, map_index, state, tries, started_at, finished_at)
    select id, job_id, ${name}, ${step}::int, batch,
      case when runs.state = 'failed' and batch = 1 then 'failed' else 'success' end, 1, started_at, finished_at
    from barline.runs, generate_series(0, ${batches - 1}::int) as batch
    where job_id = ${job} and created_at < ${afterwards}::timestamptz and (runs.state = 'success' or ${step}::int < 2)`;
}

async function addEvents(sql: Sql, dataset: string, job: string, step: number) {
  await sql`
    insert into barline.dataset_events (dataset, run_id, task_id, created_at)
    select ${dataset}, run_id, id, finished_at
    from barline.tasks
    where job_id = ${job} and step = ${step}::int and state = 'success' and started_at < ${afterwards}::timestamptz
    order by run_id`;
}

/** The nth run of the one job claims the nth event of the other. */
async function claimEvents(sql: Sql, job: string, producer: string) {
  await sql`
    with
      events as (
        select events.id, row_number() over (order by events.id) as number
        from barline.dataset_events as events inner join barline.runs on runs.id = events.run_id
        where runs.job_id = ${producer} and runs.created_at < ${afterwards}::timestamptz
      ),
      claimants as (
        select id, row_number() over (order by id) as number
        from barline.runs
        where job_id = ${job} and created_at < ${afterwards}::timestamptz
      )
    insert into barline.event_claims (job_id, event_id, run_id)
    select ${job}, events.id, claimants.id from events inner join claimants using (number)`;
}
