import type { Sql } from "../../client.ts";

export type SqlPurpose = "rows" | "csv" | "plan" | "analyze";
type SqlRunState = "running" | "success" | "failed" | "cancelled" | "lost";

export type SqlRunRow = {
  id: number;
  text: string;
  purpose: SqlPurpose;
  state: SqlRunState;
  startedAt: Date;
  durationMs: number | null;
  rows: number | null;
  isCut: boolean;
  error: string | null;
  actor: string;
};

const columns = (sql: Sql, now: Date) => sql`
  id, text, purpose, started_at as "startedAt", duration_ms as "durationMs", rows, is_cut as "isCut", error, actor,
  case when state = 'running' and started_at < ${now}::timestamptz - interval '2 minutes' then 'lost' else state end as state`;

export type NewSqlRun = {
  text: string;
  purpose: SqlPurpose;
  key: string | null;
  startedAt: Date;
  actor: string;
  via: string;
};

/** Keeps that somebody runs a statement. Answers its id. */
export async function insertSqlRun(sql: Sql, run: NewSqlRun): Promise<number> {
  const [row] = await sql<[{ id: number }]>`
    insert into barline.sql_runs (text, purpose, state, key, started_at, actor, via)
    values (${run.text}::text, ${run.purpose}::text, 'running', ${run.key}::text, ${run.startedAt}::timestamptz,
      ${run.actor}::text, ${run.via}::text)
    returning id`;
  return row.id;
}

export type SqlRunEnd = {
  state: Exclude<SqlRunState, "running" | "lost">;
  durationMs: number;
  rows: number | null;
  isCut: boolean;
  error: string | null;
};

/** Keeps how it ended. */
export async function finishSqlRun(sql: Sql, id: number, end: SqlRunEnd): Promise<void> {
  await sql`
    update barline.sql_runs
    set state = ${end.state}::text, duration_ms = ${end.durationMs}::int, rows = ${end.rows}::bigint, is_cut = ${end.isCut}::boolean,
      error = ${end.error}::text
    where id = ${id}::bigint`;
}

/** What was run before `before`, the newest first; a run whose process is gone is lost. */
export function selectSqlRuns(
  sql: Sql,
  page: { before: number | null; limit: number; now: Date },
): Promise<SqlRunRow[]> {
  return sql<SqlRunRow[]>`
    select ${columns(sql, page.now)}
    from barline.sql_runs
    where ${page.before}::bigint is null or id < ${page.before}::bigint
    order by id desc
    limit ${page.limit}::int`;
}

/** One of them; null where it is gone. */
export async function selectSqlRun(sql: Sql, id: number, now: Date): Promise<SqlRunRow | null> {
  const [row] = await sql<SqlRunRow[]>`
    select ${columns(sql, now)} from barline.sql_runs where id = ${id}::bigint`;
  return row ?? null;
}

/** The statement that its asker calls by this key, while it runs. */
export async function selectRunningByKey(sql: Sql, key: string): Promise<number | null> {
  const [row] = await sql<{ id: number }[]>`
    select id from barline.sql_runs where state = 'running' and key = ${key}::text order by id desc limit 1`;
  return row?.id ?? null;
}
