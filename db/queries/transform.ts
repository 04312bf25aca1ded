import type { JsonValue, TransactionSql } from "../client.ts";

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
  subject: string;
  status: string;
  severity: string;
  failures: number;
  sample: unknown;
  message?: string | undefined;
  durationMs: number;
};

/** Keeps how the tests of a run went, with the failing rows that were sampled. */
export async function insertTestResults(
  transaction: TransactionSql,
  runId: number,
  results: TestResultRow[],
): Promise<void> {
  await transaction`delete from barline.test_results where run_id = ${runId}::bigint`;
  await transaction`
    insert into barline.test_results (run_id, name, subject, status, severity, failures, sample, message, duration_ms)
    select ${runId}::bigint, item ->> 'name', item ->> 'subject', item ->> 'status', item ->> 'severity',
      (item ->> 'failures')::bigint, nullif(item -> 'sample', 'null'::jsonb), item ->> 'message',
      (item ->> 'durationMs')::float8
    from jsonb_array_elements(${transaction.json(results as unknown as JsonValue)}::jsonb) as item`;
}
