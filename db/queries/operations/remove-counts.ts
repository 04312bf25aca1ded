import type { Sql } from "../../client.ts";

/** How many records a cleaning-up would remove, up to `most`: what it tells is the order of size. */
export type CountOld = (sql: Sql, before: Date, most: number) => Promise<number>;

const ofCount = (rows: { count: number }[]): number => rows[0]?.count ?? 0;

export const countOldLogs: CountOld = async (sql, before, most) =>
  ofCount(
    await sql<{ count: number }[]>`
    select count(*)::int as count from (
      select from barline.task_logs logs
      join barline.tasks on tasks.id = logs.task_id join barline.runs on runs.id = tasks.run_id
      where logs.at < ${before}::timestamptz and runs.state not in ('queued', 'running') limit ${most}::int) as old`,
  );

export const countOldTries: CountOld = async (sql, before, most) =>
  ofCount(
    await sql<{ count: number }[]>`
    select count(*)::int as count from (
      select from barline.tries
      join barline.tasks on tasks.id = tries.task_id join barline.runs on runs.id = tasks.run_id
      where coalesce(tries.finished_at, tries.started_at) < ${before}::timestamptz and tries.state <> 'running'
        and runs.state not in ('queued', 'running') limit ${most}::int) as old`,
  );

export const countOldRejects: CountOld = async (sql, before, most) =>
  ofCount(
    await sql<{ count: number }[]>`
    select count(*)::int as count from (
      select from barline.rejects join barline.runs on runs.id = rejects.run_id
      where rejects.created_at < ${before}::timestamptz and runs.state not in ('queued', 'running')
      limit ${most}::int) as old`,
  );

export const countOldResults: CountOld = async (sql, before, most) =>
  ofCount(
    await sql<{ count: number }[]>`
    with past as (
      select id from barline.runs
      where finished_at < ${before}::timestamptz and state not in ('queued', 'running') and exists (
        select from barline.runs newer
        where newer.job_id = runs.job_id and newer.state = 'success' and newer.id > runs.id)
    )
    select least(${most}::bigint, (select count(*) from barline.model_results join past on past.id = run_id)
      + (select count(*) from barline.test_results join past on past.id = run_id))::int as count`,
  );

export const countOldAlerts: CountOld = async (sql, before, most) =>
  ofCount(
    await sql<{ count: number }[]>`
    select least(${most}::bigint, (
      select count(*) from barline.alerts
      where resolved_at < ${before}::timestamptz and not exists (
        select from barline.alert_deliveries where alert_id = alerts.id and state = 'waiting')
    ) + (
      select count(*) from barline.alert_deliveries
      where alert_id is null and state <> 'waiting' and created_at < ${before}::timestamptz
    ))::int as count`,
  );
