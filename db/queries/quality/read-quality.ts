import type { JsonValue, Sql } from "../../client.ts";

/** How a test went last, of those that the newest runs tell of. */
export type LatestTest = {
  name: string;
  kind: string;
  subject: string;
  column: string | null;
  status: string;
  severity: string;
  failures: number;
  message: string | null;
  durationMs: number;
  runId: number;
  finishedAt: Date;
};

/** One run's word on one test. */
export type TestMark = { runId: number; name: string; status: string };

/** Runs of a job that tested anything, the newest first: as many as asked for, of its last hundred. */
export async function selectTestedRuns(sql: Sql, jobId: string, limit: number): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    select id
    from (select id, state from barline.runs where job_id = ${jobId}::text order by id desc limit 100) as recent
    -- One that is under way has told of its sources only.
    where state in ('success', 'failed') and exists (select from barline.test_results where run_id = recent.id)
    order by id desc
    limit ${limit}::int`;
  return rows.map(({ id }) => id);
}

/** The newest result of each test in some runs. */
export function selectLatestTests(sql: Sql, runIds: number[]): Promise<LatestTest[]> {
  return sql<LatestTest[]>`
    select distinct on (name)
      name,
      kind,
      subject,
      column_name as column,
      status,
      severity,
      failures,
      message,
      duration_ms as "durationMs",
      run_id as "runId",
      finished_at as "finishedAt"
    from barline.test_results
    where run_id = any(${runIds}::bigint[])
    order by name, run_id desc`;
}

/** What some runs said of every test. */
export function selectTestMarks(sql: Sql, runIds: number[]): Promise<TestMark[]> {
  return sql<TestMark[]>`
    select run_id as "runId", name, status
    from barline.test_results
    where run_id = any(${runIds}::bigint[])`;
}

/** One test in one run. */
export type TestRun = {
  runId: number;
  runState: string;
  kind: string;
  subject: string;
  column: string | null;
  status: string;
  severity: string;
  failures: number;
  message: string | null;
  durationMs: number;
  finishedAt: Date;
};

/** A test through the last runs of its job, the newest first. */
export function selectTestHistory(sql: Sql, jobId: string, name: string, limit: number): Promise<TestRun[]> {
  return sql<TestRun[]>`
    select
      recent.id as "runId",
      recent.state as "runState",
      results.kind,
      results.subject,
      results.column_name as column,
      results.status,
      results.severity,
      results.failures,
      results.message,
      results.duration_ms as "durationMs",
      results.finished_at as "finishedAt"
    from (
      select id, state from barline.runs where job_id = ${jobId}::text order by id desc limit ${limit}::int
    ) as recent
    inner join barline.test_results as results on results.run_id = recent.id and results.name = ${name}::text
    order by recent.id desc`;
}

/** What was kept of a test that found something. */
export type KeptFailure = {
  /** Up to twenty failing rows. */
  sample: JsonValue | null;
  compiledSql: string | null;
  storedIn: string | null;
};

/** What a run kept of a test; null where the run did not have it. */
export async function selectKeptFailure(sql: Sql, runId: number, name: string): Promise<KeptFailure | null> {
  const rows = await sql<KeptFailure[]>`
    select sample, compiled_sql as "compiledSql", stored_in as "storedIn"
    from barline.test_results
    where run_id = ${runId}::bigint and name = ${name}::text`;
  return rows[0] ?? null;
}

/** One build of one model. */
export type ModelBuild = {
  runId: number;
  runState: string;
  materialization: string;
  action: string;
  rows: number | null;
  durationMs: number;
  error: string | null;
  finishedAt: Date;
};

/** A model through the last runs of its job, the newest first. */
export function selectModelBuilds(sql: Sql, jobId: string, name: string, limit: number): Promise<ModelBuild[]> {
  return sql<ModelBuild[]>`
    select
      recent.id as "runId",
      recent.state as "runState",
      results.materialization,
      results.action,
      results.rows,
      results.duration_ms as "durationMs",
      results.error,
      results.finished_at as "finishedAt"
    from (
      select id, state from barline.runs where job_id = ${jobId}::text order by id desc limit ${limit}::int
    ) as recent
    inner join barline.model_results as results on results.run_id = recent.id and results.name = ${name}::text
    order by recent.id desc`;
}

/** When the newest row of a table in `public` was loaded; null where it has none. A table without such a column is an error. */
export async function selectNewestRow(sql: Sql, table: string, column: string): Promise<Date | null> {
  const rows = await sql<{ newest: Date | null }[]>`
    select max(${sql(column)})::timestamptz as newest from ${sql(`public.${table}`)}`;
  return rows[0]?.newest ?? null;
}
