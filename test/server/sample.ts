import type { Sql } from "../../db/client.ts";
import { jobIds } from "../../jobs/pipeline.ts";

/** What somebody might call a company, a reason or a row to run a script in our pages. */
export const hostile = `<script>alert("x")</script><img src=x onerror='y'>`;

const rawBars = "postgres_dwh://public/source_polygon_stock_bars_daily";

type Run = { job: string; state: string; date?: string; error?: { name: string; message: string; advice?: string } };

async function addRun(sql: Sql, { job, state, date, error }: Run): Promise<number> {
  const [run] = await sql<{ id: number }[]>`
    insert into barline.runs (job_id, state, trigger, partition, partition_to, summary, error, started_at, finished_at)
    values (${job}, ${state}, 'schedule', ${date ?? null}, ${date ?? null}, ${sql.json({ note: hostile })},
      ${error ? sql.json(error) : null}, '2020-01-10T02:00Z', ${state === "running" ? null : "2020-01-10T02:01Z"})
    returning id`;
  const id = run?.id ?? 0;
  if (date) await sql`insert into barline.run_partitions values (${job}, ${date}, ${id})`;
  return id;
}

async function addTask(sql: Sql, runId: number, job: string, state: string): Promise<number> {
  const [task] = await sql<{ id: number }[]>`
    insert into barline.tasks (run_id, job_id, name, step, state, tries, error)
    values (${runId}, ${job}, 'fetch', 1, ${state}, 2, ${sql.json({ name: "RetryableError", message: hostile })})
    returning id`;
  const id = task?.id ?? 0;
  await sql`
    insert into barline.tries (task_id, number, state, owner, error)
    values (${id}, 1, 'retry', ${hostile}, ${sql.json({ name: "E", message: hostile, advice: hostile })})`;
  await sql`
    insert into barline.task_logs (task_id, try, level, message, fields)
    values (${id}, 1, 'warn', ${hostile}, ${sql.json({ field: hostile })})`;
  return id;
}

async function addEvent(sql: Sql, dataset: string, runId: number, taskId: number): Promise<number> {
  const [event] = await sql<{ id: number }[]>`
    insert into barline.dataset_events (dataset, run_id, task_id, payload)
    values (${dataset}, ${runId}, ${taskId}, ${sql.json({ note: hostile })})
    returning id`;
  const id = event?.id ?? 0;
  await sql`
    insert into barline.pending_events (job_id, event_id)
    select job_id, ${id} from barline.subscriptions where dataset = ${dataset}`;
  return id;
}

async function claim(sql: Sql, job: string, eventId: number, runId: number): Promise<void> {
  await sql`delete from barline.pending_events where job_id = ${job} and event_id = ${eventId}`;
  await sql`insert into barline.event_claims (job_id, event_id, run_id) values (${job}, ${eventId}, ${runId})`;
}

/** What every process registers as it starts. */
export async function registerJobs(sql: Sql): Promise<void> {
  const { load, transform } = jobIds;
  await sql`insert into barline.jobs (id) select unnest(${Object.values(jobIds)}::text[]) on conflict do nothing`;
  await sql`
    insert into barline.subscriptions (job_id, dataset)
    values (${load}, 's3://test/manifests'), (${transform}, ${rawBars})
    on conflict do nothing`;
}

/**
 * Four sessions at four stages: 2 January published, 3 January loaded, 6 January fetched, 7 January failed. Run ids in
 * that order are `published`, `loaded`, `fetched`, `failed`; `load` carried the first, `transform` published it.
 */
export async function addPipelineSample(sql: Sql) {
  const { ingest, load, transform } = jobIds;
  await registerJobs(sql);
  const stages: number[] = [];
  const events: number[] = [];
  for (const date of ["2020-01-02", "2020-01-03", "2020-01-06"]) {
    const id = await addRun(sql, { job: ingest, state: "success", date });
    events.push(await addEvent(sql, "s3://test/manifests", id, await addTask(sql, id, ingest, "success")));
    stages.push(id);
  }
  const error = { name: "RetryableError", message: hostile, advice: hostile };
  const failed = await addRun(sql, { job: ingest, state: "failed", date: "2020-01-07", error });
  await addTask(sql, failed, ingest, "failed");
  const loads: number[] = [];
  const loadEvents: number[] = [];
  for (const event of events.slice(0, 2)) {
    const id = await addRun(sql, { job: load, state: "success" });
    await claim(sql, load, event, id);
    loadEvents.push(await addEvent(sql, rawBars, id, await addTask(sql, id, load, "success")));
    loads.push(id);
  }
  await sql`
    insert into barline.rejects (run_id, batch, ticker, trade_date, reason, lake_key, row)
    values (${loads[0] ?? 0}, 0, ${hostile}, ${hostile}, ${hostile}, ${hostile}, ${sql.json({ T: hostile })})`;
  const published = await addRun(sql, { job: transform, state: "success" });
  await claim(sql, transform, loadEvents[0] ?? 0, published);
  await sql`
    insert into barline.model_results (run_id, name, materialization, action, duration_ms, error)
    values (${published}, ${hostile}, 'view', 'failed', 1, ${hostile})`;
  await sql`
    insert into barline.test_results (run_id, name, subject, status, severity, failures, sample, message, duration_ms)
    values (${published}, ${hostile}, ${hostile}, 'fail', 'error', 1, ${sql.json([{ x: hostile }])}, ${hostile}, 1)`;
  const [first = 0, second = 0, third = 0] = stages;
  return { published: first, loaded: second, fetched: third, failed, load: loads[0] ?? 0, transform: published };
}

/** Three sessions of AAPL around a split, published; a ticker with a hostile name; one that no bar has. */
export async function addMarketSample(sql: Sql): Promise<void> {
  await sql`
    insert into public.source_polygon_tickers (ticker, name, type, active, inserted_at)
    values ('AAPL', 'Apple Inc.', 'CS', true, now()), ('AAP', 'Advance Auto Parts', 'CS', true, now()),
      ('EVIL', ${hostile}, 'CS', true, now()), ('KIMpL', 'Kimco 100% Pref', 'PFD', false, now())`;
  await sql`
    insert into public.source_polygon_splits (ticker, execution_date, split_from, split_to, inserted_at)
    values ('AAPL', '2020-01-06', 1, 4, now())`;
  await sql`
    insert into public.source_polygon_stock_bars_daily values
      ('AAPL', '2020-01-02', 400, 404, 396, 400, 100, null, null, now()),
      ('AAPL', '2020-01-03', 400, 408, 400, 404, 100, null, null, now()),
      ('AAPL', '2020-01-06', 101, 103, 100, 102, 400, null, null, now())`;
  await sql`
    create table public.fct_polygon__stock_bars_performance as
    select
      ticker, trade_date, open * factor as open_price, high * factor as high_price, low * factor as low_price,
      close * factor as close_price, volume / factor as volume, vwap * factor as volume_weighted_average_price,
      factor as split_factor,
      100::numeric as moving_avg_20d, null::numeric as moving_avg_50d, null::numeric as moving_avg_120d,
      null::numeric as volatility_20d,
      close * factor / lag(close * factor) over (order by trade_date) - 1 as return_1d
    from public.source_polygon_stock_bars_daily,
      lateral (select case when trade_date < '2020-01-06' then 0.25 else 1 end as factor) as adjusted`;
}
