import type { JsonValue, TransactionSql } from "../../client.ts";

export type ModelResultRow = {
  name: string;
  materialization: string;
  action: string;
  rows: number | null;
  durationMs: number;
  error?: string | undefined;
};

/** Keeps how the models of a run went; a run that is tried again replaces what its earlier try said. */
export async function insertModelResults(
  transaction: TransactionSql,
  runId: number,
  results: ModelResultRow[],
): Promise<void> {
  await transaction`delete from barline.model_results where run_id = ${runId}::bigint`;
  await transaction`
    insert into barline.model_results (run_id, name, materialization, action, rows, duration_ms, error)
    select ${runId}::bigint, item ->> 'name', item ->> 'materialization', item ->> 'action', (item ->> 'rows')::bigint,
      (item ->> 'durationMs')::float8, item ->> 'error'
    from jsonb_array_elements(${transaction.json(results as unknown as JsonValue)}::jsonb) as item`;
}

export type TestResultRow = {
  name: string;
  /** generic | singular | unit | freshness */
  kind: string;
  subject: string;
  columnName: string | null;
  status: string;
  severity: string;
  failures: number;
  sample: unknown;
  message?: string | undefined;
  compiledSql: string | null;
  storedIn: string | null;
  durationMs: number;
};

/**
 * Keeps how the tests of a run went, with the failing rows that were sampled: those of sources' freshness, or those of the build.
 * The query of a test that passed is not kept.
 */
export async function insertTestResults(
  transaction: TransactionSql,
  runId: number,
  results: TestResultRow[],
  of: "build" | "freshness" = "build",
): Promise<void> {
  await transaction`
    delete from barline.test_results
    where run_id = ${runId}::bigint and (kind = 'freshness') = ${of === "freshness"}::boolean`;
  await transaction`
    insert into barline.test_results (run_id, name, kind, subject, column_name, status, severity, failures, sample, message,
      compiled_sql, stored_in, duration_ms)
    select ${runId}::bigint, item ->> 'name', item ->> 'kind', item ->> 'subject', item ->> 'columnName', item ->> 'status',
      item ->> 'severity', (item ->> 'failures')::bigint, nullif(item -> 'sample', 'null'::jsonb), item ->> 'message',
      case when item ->> 'status' not in ('pass', 'skipped') then item ->> 'compiledSql' end, item ->> 'storedIn',
      (item ->> 'durationMs')::float8
    from jsonb_array_elements(${transaction.json(results as unknown as JsonValue)}::jsonb) as item`;
}
