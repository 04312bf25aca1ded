import type { JsonValue, Sql, TransactionSql } from "../../client.ts";

/** What somebody did, and to what. Kinds are written as thing and verb: `run.retry`, `backfill.pause`. */
export type NewAction = {
  actor: string;
  via: string;
  kind: string;
  jobId?: string | null;
  runId?: number | null;
  taskId?: number | null;
  backfillId?: number | null;
  reason?: string | null;
  details?: JsonValue;
};

/** Keeps who did what; in the transaction of the deed where there is one. */
export async function insertAction(sql: Sql | TransactionSql, action: NewAction): Promise<void> {
  await sql`
    insert into barline.actions (actor, via, kind, job_id, run_id, task_id, backfill_id, reason, details)
    values (${action.actor}::text, ${action.via}::text, ${action.kind}::text, ${action.jobId ?? null}::text,
      ${action.runId ?? null}::bigint, ${action.taskId ?? null}::bigint, ${action.backfillId ?? null}::bigint,
      ${action.reason ?? null}::text, nullif(${sql.json(action.details ?? null)}::jsonb, 'null'::jsonb))`;
}
