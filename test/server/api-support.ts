import { expect } from "bun:test";
import type { JsonValue, Sql } from "../../db/client.ts";
import { insertEvents } from "../../db/queries/pipeline/events.ts";
import { operations } from "../../server/api.ts";
import { errorAnswer } from "../../server/http/schemas.ts";
import type { TestApp } from "./support.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests read answers whose shape was just checked
export type Checked = { status: number; body: any };

/** Asks the API and holds the answer to the schema that documents it, so that no field is sent but described. */
export async function ask(
  app: TestApp,
  method: "GET" | "POST" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
): Promise<Checked> {
  const response = method === "GET" ? await app.get(path) : await app.send(method, path, body);
  const answer: unknown = await response.json();
  expect(response.headers.get("Content-Type")).toStartWith("application/json");
  const schema = schemaOf(method, path, response.status) ?? errorAnswer;
  const parsed = schema.safeParse(answer);
  if (!parsed.success) throw new Error(`${method} ${path} ${response.status}: ${parsed.error.message}`);
  return { status: response.status, body: answer };
}

function schemaOf(method: string, path: string, status: number) {
  const { pathname } = new URL(path, "http://localhost");
  const operation = operations.find(
    (candidate) =>
      candidate.method === method.toLowerCase() &&
      new RegExp(`^${candidate.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname),
  );
  return operation?.answers[status]?.schema;
}

/** Fills the state tables; each answers the new id. */
export async function addRun(
  sql: Sql,
  run: {
    jobId: string;
    state: string;
    partition?: string;
    backfillId?: number;
    summary?: JsonValue;
    error?: JsonValue;
    finishedAt?: string;
  },
): Promise<number> {
  // As every process registers its jobs when it starts.
  await sql`insert into barline.jobs (id) values (${run.jobId}) on conflict do nothing`;
  const [row] = await sql<[{ id: number }]>`
    insert into barline.runs
      (job_id, state, trigger, partition, partition_to, backfill_id, summary, error, started_at, finished_at)
    values (
      ${run.jobId}, ${run.state}, ${run.backfillId ? "backfill" : "schedule"}, ${run.partition ?? null},
      ${run.partition ?? null}, ${run.backfillId ?? null}, ${sql.json(run.summary ?? null)},
      ${run.error === undefined ? null : sql.json(run.error)}, '2026-03-02T10:00:00Z', ${run.finishedAt ?? null}
    )
    returning id`;
  return row.id;
}

export async function addTask(
  sql: Sql,
  task: { runId: number; jobId: string; name: string; step?: number; mapIndex?: number; state: string },
): Promise<number> {
  const [row] = await sql<[{ id: number }]>`
    insert into barline.tasks (run_id, job_id, name, step, map_index, state, progress_done, progress_total, progress_unit)
    values (${task.runId}, ${task.jobId}, ${task.name}, ${task.step ?? 0}, ${task.mapIndex ?? 0}, ${task.state}, 3, 10, 'calls')
    returning id`;
  return row.id;
}

export async function addEvent(sql: Sql, event: { dataset: string; runId: number; taskId: number }): Promise<number> {
  await sql.begin((transaction) => insertEvents(transaction, [{ ...event, payload: { keys: 2 } }]));
  const [row] = await sql<[{ id: number }]>`select max(id) as id from barline.dataset_events`;
  return row.id;
}

export async function addClaim(sql: Sql, claim: { jobId: string; eventId: number; runId: number }): Promise<void> {
  await sql`insert into barline.event_claims (job_id, event_id, run_id) values (${claim.jobId}, ${claim.eventId}, ${claim.runId})`;
  await sql`delete from barline.pending_events where job_id = ${claim.jobId} and event_id = ${claim.eventId}`;
}

/** The published table, with as many columns as the API reads. */
export async function createMart(sql: Sql): Promise<void> {
  await sql`
    create table public.fct_polygon__stock_bars_performance (
      ticker text collate "C", trade_date date, open_price numeric, high_price numeric, low_price numeric,
      close_price numeric, volume numeric, volume_weighted_average_price numeric, split_factor numeric not null default 1,
      moving_avg_20d numeric, moving_avg_50d numeric, moving_avg_120d numeric, return_1d numeric, volatility_20d numeric, dollar_volume numeric,
      primary key (ticker, trade_date)
    )`;
}

/** Publishes a bar at `price`, split by `factor` since; the source keeps what the vendor stated. */
export async function publishBar(sql: Sql, ticker: string, date: string, price: number, factor = 1): Promise<void> {
  await addRawBar(sql, ticker, date, price);
  const adjusted = price / factor;
  await sql`
    insert into public.fct_polygon__stock_bars_performance
    values (${ticker}, ${date}, ${adjusted}, ${adjusted + 1}, ${adjusted - 1}, ${adjusted}, ${1000.5 * factor}, ${adjusted}, ${1 / factor})`;
}

/** A bar that is loaded, and not published. */
export async function addRawBar(sql: Sql, ticker: string, date: string, price: number): Promise<void> {
  await sql`
    insert into public.source_polygon_stock_bars_daily
      (ticker, trade_date, open, high, low, close, volume, vwap, transactions, inserted_at)
    values (${ticker}, ${date}, ${price}, ${price + 1}, ${price - 1}, ${price}, 1000.5, null, 10, now())`;
}
