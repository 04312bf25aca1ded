import type { JsonValue, Sql } from "../../client.ts";

export type RejectReason = { reason: string; count: number };

/** How many rows of a run were refused, by reason, most first. */
export function selectRejectReasons(sql: Sql, runId: number): Promise<RejectReason[]> {
  return sql<RejectReason[]>`
    select reason, count(*)::int as count
    from barline.rejects
    where run_id = ${runId}::bigint
    group by reason
    order by count(*) desc, reason
    limit 50`;
}

export type RejectRow = {
  id: number;
  ticker: string | null;
  tradeDate: string | null;
  reason: string;
  lakeKey: string;
  row: JsonValue;
};

/** Rows that a run refused, in order, after the id that the last page ended at. */
export function selectRejects(sql: Sql, runId: number, after: number, limit: number): Promise<RejectRow[]> {
  return sql<RejectRow[]>`
    select id, ticker, trade_date as "tradeDate", reason, lake_key as "lakeKey", row
    from barline.rejects
    where run_id = ${runId}::bigint and id > ${after}::bigint
    order by id
    limit ${limit}::int`;
}

export type ModelResult = {
  name: string;
  materialization: string;
  action: string;
  rows: number | null;
  durationMs: number;
  error: string | null;
};

/** How each model of a run went, in the order they were built. */
export function selectModelResults(sql: Sql, runId: number): Promise<ModelResult[]> {
  return sql<ModelResult[]>`
    select name, materialization, action, rows, duration_ms as "durationMs", error
    from barline.model_results
    where run_id = ${runId}::bigint
    order by finished_at, name`;
}

export type TestResult = {
  name: string;
  subject: string;
  status: string;
  severity: string;
  failures: number;
  sample: JsonValue | null;
  message: string | null;
  durationMs: number;
};

/** How each data test of a run went: what needs somebody first. */
export function selectTestResults(sql: Sql, runId: number): Promise<TestResult[]> {
  return sql<TestResult[]>`
    select name, subject, status, severity, failures, sample, message, duration_ms as "durationMs"
    from barline.test_results
    where run_id = ${runId}::bigint
    order by array_position(array['error', 'fail', 'warn', 'skipped', 'pass'], status), subject, name`;
}
