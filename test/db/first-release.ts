import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drizzle } from "drizzle-orm/postgres-js";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import postgres from "postgres";
import { type Sql, searchPath } from "../../db/client.ts";
import journal from "../../db/migrations/meta/_journal.json";
import { jobIds } from "../../jobs/pipeline.ts";

const { ingest, load, transform } = jobIds;
const migrations = join(import.meta.dir, "../../db/migrations");
const manifests = "s3://test/manifests";
const rawBars = "postgres_dwh://public/source_polygon_stock_bars_daily";

/** Brings an empty database to the tables of the first release, as its own migrator did: with one migration. */
export async function migrateToFirstRelease(url: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "barline-first-release-"));
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { search_path: searchPath } });
  try {
    const entries = journal.entries.slice(0, 1);
    await mkdir(join(folder, "meta"));
    await writeFile(join(folder, "meta/_journal.json"), JSON.stringify({ ...journal, entries }));
    for (const { tag } of entries) {
      await writeFile(join(folder, `${tag}.sql`), await readFile(join(migrations, `${tag}.sql`)));
    }
    await migrate(drizzle(sql), { migrationsFolder: folder });
  } finally {
    await sql.end();
    await rm(folder, { recursive: true });
  }
}

/** The ids of what `addFirstReleaseRows` wrote, in words. */
export type FirstReleaseRows = {
  backfill: number;
  runs: { published: number; failed: number; running: number; queued: number; cancelled: number };
  load: number;
  transform: number;
  task: number;
  claimedEvent: number;
  waitingEvent: number;
};

/**
 * What a database of the first release held in the middle of its work, with rows in each of its tables: one session
 * published, one fetched whose event waits, and a backfill under way whose runs are in every state.
 */
export async function addFirstReleaseRows(sql: Sql): Promise<FirstReleaseRows> {
  await sql`
    insert into barline.jobs (id, paused, schedule_after) values (${ingest}, false, '2019-12-31'), (${load}, true, null),
      (${transform}, false, null)`;
  await addMarket(sql);
  const backfill = await addBackfill(sql);
  const published = await addRun(sql, { job: ingest, state: "success", session: "2020-01-02", backfill });
  const fetched = await addRun(sql, { job: ingest, state: "success", session: "2020-01-03", backfill });
  const runs = {
    published,
    failed: await addRun(sql, { job: ingest, state: "failed", session: "2020-01-06", backfill }),
    running: await addRun(sql, { job: ingest, state: "running", session: "2020-01-07", backfill }),
    queued: await addRun(sql, { job: ingest, state: "queued", session: "2020-01-08", backfill }),
    cancelled: await addRun(sql, { job: ingest, state: "cancelled", session: "2020-01-09", backfill }),
  };
  const task = await addTask(sql, { run: published, job: ingest, state: "success" });
  for (const [run, state] of [
    [runs.failed, "failed"],
    [runs.running, "running"],
    [runs.running, "queued"],
    [runs.cancelled, "cancelled"],
  ] as const)
    await addTask(sql, { run, job: ingest, state });
  const claimedEvent = await addEvent(sql, manifests, published, task);
  const waitingTask = await addTask(sql, { run: fetched, job: ingest, state: "success" });
  const waitingEvent = await addEvent(sql, manifests, fetched, waitingTask);
  const loading = await addRun(sql, { job: load, state: "success" });
  const loadTask = await addTask(sql, { run: loading, job: load, state: "success" });
  const changed = await addEvent(sql, rawBars, loading, loadTask);
  const publishing = await addRun(sql, { job: transform, state: "success" });
  await addTask(sql, { run: publishing, job: transform, state: "success" });
  await sql`
    insert into barline.event_claims (job_id, event_id, run_id)
    values (${load}, ${claimedEvent}, ${loading}), (${transform}, ${changed}, ${publishing})`;
  await addResults(sql, loading, publishing);
  return { backfill, runs, load: loading, transform: publishing, task, claimedEvent, waitingEvent };
}

async function addMarket(sql: Sql): Promise<void> {
  await sql`
    insert into source_polygon_tickers values
      ('AAPL', 'Apple Inc.', 'CS', true, 'XNAS', null, '2020-01-02T22:00Z'),
      ('KIMpL', 'Kimco Preferred', 'PFD', false, 'XNYS', '2019-06-03', '2020-01-02T22:00Z')`;
  await sql`insert into source_polygon_splits values ('AAPL', '2020-01-03', 1, 4, true, '2020-01-02T22:00Z')`;
  await sql`
    insert into source_polygon_dividends values ('AAPL', '2020-01-03', 0.7700, 'USD', 4, '2020-02-13', true, '2020-01-02T22:00Z')`;
  await sql`
    insert into source_polygon_stock_bars_daily values
      ('AAPL', '2020-01-02', 296.24, 300.60, 295.19, 300.35, 33870100.5, 299.1, 410000, '2020-01-02T22:00Z'),
      ('KIMpL', '2020-01-02', 25, 25.5, 24.75, 25.25, 1200, null, null, '2020-01-02T22:00Z')`;
  await sql`insert into barline.reference_reads values ('splits', '2019-01-01', '2020-01-02T22:00Z', 1, 1)`;
  await sql`insert into barline.rate_limit_calls (name, at) values ('market', '2020-01-02T22:00Z')`;
}

/** With the plan as that release kept it, which told no reasons of what it runs. */
async function addBackfill(sql: Sql): Promise<number> {
  const plan = {
    ...{
      strategy: "grouped",
      calls: 6,
      alternative: { strategy: "per_ticker", calls: 11_000 },
      minutes: 2,
      sessions: 6,
    },
    dates: ["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07", "2020-01-08", "2020-01-09"],
    skipped: [
      { date: "2019-12-31", reason: "run 9 already ran: succeeded" },
      { date: "2020-01-01", reason: "New Year’s Day" },
      { date: "2020-01-04", reason: "weekend" },
      { date: "2020-01-05", reason: "weekend" },
    ],
  };
  const [row] = await sql<[{ id: number }]>`
    insert into barline.backfills (job_id, from_partition, to_partition, reprocess, plan)
    values (${ingest}, '2019-12-31', '2020-01-09', 'missing', ${sql.json(plan)}) returning id`;
  return row.id;
}

type Run = { job: string; state: string; session?: string; backfill?: number };

async function addRun(sql: Sql, { job, state, session, backfill }: Run): Promise<number> {
  const error =
    state === "failed" ? { name: "PermanentError", message: "The key is wrong.", advice: "Set another." } : null;
  const startedAt = state === "queued" ? null : "2020-01-10T02:00Z";
  const finishedAt = state === "queued" || state === "running" ? null : "2020-01-10T02:01Z";
  const [row] = await sql<[{ id: number }]>`
    insert into barline.runs (job_id, state, trigger, partition, partition_to, backfill_id, parameters, summary, error,
      started_at, finished_at)
    values (${job}, ${state}, ${backfill ? "backfill" : "dataset"}, ${session ?? null}, ${session ?? null},
      ${backfill ?? null}, ${sql.json({ strategy: "grouped" })}, ${sql.json({ bars: 2 })}, ${error && sql.json(error)},
      ${startedAt}, ${finishedAt})
    returning id`;
  if (session) await sql`insert into barline.run_partitions values (${job}, ${session}, ${row.id})`;
  return row.id;
}

/** A task with the try before its last one, and a line of its log. */
async function addTask(sql: Sql, { run, job, state }: { run: number; job: string; state: string }): Promise<number> {
  const isHeld = state === "running";
  const error = { name: "RetryableError", message: "The market API answered 500." };
  const [row] = await sql<[{ id: number }]>`
    insert into barline.tasks (run_id, job_id, name, step, map_index, state, tries, failures, input, output, error,
      progress_done, progress_total, progress_unit, lease_owner, lease_expires_at, started_at, finished_at)
    values (${run}, ${job}, 'fetch', 1, (select count(*) from barline.tasks where run_id = ${run}), ${state},
      ${state === "queued" ? 1 : 2}, 1,
      ${sql.json({ sessions: ["2020-01-02"] })}, ${sql.json({ calls: 1 })}, ${sql.json(error)}, 1, 2, 'calls',
      ${isHeld ? "4711" : null}, ${isHeld ? "2020-01-10T02:00:15Z" : null}, '2020-01-10T02:00Z',
      ${state === "success" ? "2020-01-10T02:01Z" : null})
    returning id`;
  await sql`
    insert into barline.tries (task_id, number, state, owner, error, finished_at)
    values (${row.id}, 1, 'retry', '4710', ${sql.json(error)}, '2020-01-10T02:00:05Z')`;
  if (state !== "queued") {
    await sql`
      insert into barline.tries (task_id, number, state, owner, finished_at)
      values (${row.id}, 2, ${state}, '4711', ${isHeld ? null : "2020-01-10T02:01Z"})`;
  }
  await sql`
    insert into barline.task_logs (task_id, try, level, message, fields)
    values (${row.id}, 1, 'warn', 'answered 500', ${sql.json({ call: 1 })})`;
  return row.id;
}

async function addEvent(sql: Sql, dataset: string, run: number, task: number): Promise<number> {
  const [row] = await sql<[{ id: number }]>`
    insert into barline.dataset_events (dataset, run_id, task_id, payload)
    values (${dataset}, ${run}, ${task}, ${sql.json({ key: "manifests/2020-01-02.json" })}) returning id`;
  return row.id;
}

async function addResults(sql: Sql, loading: number, publishing: number): Promise<void> {
  await sql`
    insert into barline.rejects (run_id, batch, ticker, trade_date, reason, lake_key, row)
    values (${loading}, 0, 'AAPL', '2020-01-02', 'high below low', 'raw/2020-01-02.json.gz', ${sql.json({ T: "AAPL" })})`;
  await sql`
    insert into barline.staging_stock_bars values
      (${loading}, 0, 1, true, 'AAPL', '2020-01-02', 296.24, 300.60, 295.19, 300.35, 33870100.5, 299.1, 410000)`;
  await sql`
    insert into barline.model_results (run_id, name, materialization, action, rows, duration_ms)
    values (${publishing}, 'fct_performance', 'incremental', 'created', 2, 12.5)`;
  await sql`
    insert into barline.test_results (run_id, name, subject, status, severity, failures, sample, duration_ms)
    values (${publishing}, 'not_null_fct_performance_ticker', 'fct_performance', 'warn', 'warn', 1,
      ${sql.json([{ ticker: null }])}, 3.5)`;
}
