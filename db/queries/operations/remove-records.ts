import type { Sql } from "../../client.ts";

/**
 * Removal walks a table along its key, a window of rows a statement: each transaction is short, a killed walk is begun
 * again, and no index on the age is needed. What belongs to a run that is queued or running stays, whatever its age.
 */

/** Where a walk is: the key of the last row seen. */
export type Place = { id: number; number: number };

/** What one window held: rows, those past their age, those removed, and where it ended (null where it was empty). */
type Window = { seen: number; old: number; removed: number } & Place;

/** Removes what is older than `before` among the `size` rows after `place`. */
export type RemoveWindow = (sql: Sql, before: Date, place: Place, size: number) => Promise<Window>;

export const beginning: Place = { id: 0, number: 0 };

const ofWindow = (rows: (Window & { id: number | null })[]): Window =>
  rows[0] ? { ...rows[0], id: rows[0].id ?? 0 } : { seen: 0, old: 0, removed: 0, ...beginning };

export const removeLogs: RemoveWindow = async (sql, before, place, size) =>
  ofWindow(
    await sql<Window[]>`
    with seen as materialized (
      select id, task_id, at < ${before}::timestamptz as is_old from barline.task_logs
      where id > ${place.id}::bigint order by id limit ${size}::int
    ), removed as (
      delete from barline.task_logs logs using seen, barline.tasks, barline.runs
      where logs.id = seen.id and is_old and tasks.id = seen.task_id and runs.id = tasks.run_id
        and runs.state not in ('queued', 'running')
      returning 1
    )
    select count(*)::int as seen, count(*) filter (where is_old)::int as old,
      (select count(*)::int from removed) as removed, max(id) as id, 0 as number
    from seen`,
  );

export const removeTries: RemoveWindow = async (sql, before, place, size) =>
  ofWindow(
    await sql<Window[]>`
    with seen as materialized (
      select task_id, number, coalesce(finished_at, started_at) < ${before}::timestamptz as is_old
      from barline.tries where (task_id, number) > (${place.id}::bigint, ${place.number}::int)
      order by task_id, number limit ${size}::int
    ), removed as (
      delete from barline.tries using seen, barline.tasks, barline.runs
      where tries.task_id = seen.task_id and tries.number = seen.number and is_old and tries.state <> 'running'
        and tasks.id = seen.task_id and runs.id = tasks.run_id and runs.state not in ('queued', 'running')
      returning 1
    )
    select count(*)::int as seen, count(*) filter (where is_old)::int as old,
      (select count(*)::int from removed) as removed, max(task_id) as id,
      coalesce((select number from seen order by task_id desc, number desc limit 1), 0) as number
    from seen`,
  );

export const removeRejects: RemoveWindow = async (sql, before, place, size) =>
  ofWindow(
    await sql<Window[]>`
    with seen as materialized (
      select id, run_id, created_at < ${before}::timestamptz as is_old from barline.rejects
      where id > ${place.id}::bigint order by id limit ${size}::int
    ), removed as (
      delete from barline.rejects using seen, barline.runs
      where rejects.id = seen.id and is_old and runs.id = seen.run_id and runs.state not in ('queued', 'running')
      returning 1
    )
    select count(*)::int as seen, count(*) filter (where is_old)::int as old,
      (select count(*)::int from removed) as removed, max(id) as id, 0 as number
    from seen`,
  );

/** Some thirty rows a run: a window counts runs, and is a good deal smaller than asked. */
const rowsPerRun = 30;

/** Results up to the newest success of the job, which itself stays with all after it: they are what is published, and why. */
export const removeResults: RemoveWindow = async (sql, before, place, size) =>
  ofWindow(
    await sql<Window[]>`
    with seen as materialized (
      select id, finished_at < ${before}::timestamptz as is_old from barline.runs
      where id > ${place.id}::bigint
        and (exists (select from barline.model_results where run_id = runs.id)
          or exists (select from barline.test_results where run_id = runs.id))
      order by id limit greatest(1, ${size}::int / ${rowsPerRun}::int)
    ), past as (
      select seen.id from seen join barline.runs using (id)
      where is_old and state not in ('queued', 'running') and exists (
        select from barline.runs newer
        where newer.job_id = runs.job_id and newer.state = 'success' and newer.id > runs.id)
    ), models as (
      delete from barline.model_results using past where run_id = past.id returning 1
    ), tests as (
      delete from barline.test_results using past where run_id = past.id returning 1
    )
    select count(*)::int as seen, count(*) filter (where is_old)::int as old,
      (select count(*) from models)::int + (select count(*) from tests)::int as removed, max(id) as id, 0 as number
    from seen`,
  );

/** Problems that are over and about which everybody has been told, and tests of the channels. */
export const removeAlerts: RemoveWindow = async (sql, before, place, size) =>
  ofWindow(
    await sql<Window[]>`
    with seen as materialized (
      select id, coalesce(resolved_at < ${before}::timestamptz, false) as is_old from barline.alerts
      where id > ${place.id}::bigint order by id limit ${size}::int
    ), removed as (
      delete from barline.alerts using seen
      where alerts.id = seen.id and is_old and not exists (
        select from barline.alert_deliveries where alert_id = seen.id and state = 'waiting')
      returning 1
    ), tested as (
      delete from barline.alert_deliveries
      where alert_id is null and state <> 'waiting' and created_at < ${before}::timestamptz
      returning 1
    )
    select count(*)::int as seen, count(*) filter (where is_old)::int as old,
      (select count(*) from removed)::int + (select count(*) from tested)::int as removed, max(id) as id, 0 as number
    from seen`,
  );

/**
 * Removes what has run out by itself: sign-ins and failed attempts at them, calls that no limit counts any more, records of
 * cleaning up. Answers how many.
 */
export async function removeExpired(sql: Sql, now: Date, recordsBefore: Date): Promise<number> {
  const [row] = await sql<{ removed: number }[]>`
    with gone_sign_ins as (
      delete from barline.sign_ins where expires_at < ${now}::timestamptz returning 1
    ), gone_attempts as (
      delete from barline.sign_in_attempts where expire < ${now.getTime()}::bigint returning 1
    ), gone_calls as (
      delete from barline.rate_limit_calls where at < ${now}::timestamptz - interval '1 day' returning 1
    ), gone_records as (
      delete from barline.housekeeping_runs where finished_at < ${recordsBefore}::timestamptz returning 1
    )
    select (select count(*) from gone_sign_ins)::int + (select count(*) from gone_attempts)::int
      + (select count(*) from gone_calls)::int + (select count(*) from gone_records)::int as removed`;
  return row?.removed ?? 0;
}

/** Removes watchlists, what was taken off them, saved screens, and alerts on data, that went too long ago to be had back. Answers how many. */
export async function removeDeletedLists(sql: Sql, before: Date): Promise<number> {
  const [row] = await sql<[{ removed: number }]>`
    with lists as (
      delete from barline.watchlists where deleted_at < ${before}::timestamptz returning 1
    ), tickers as (
      delete from barline.watched_tickers where removed_at < ${before}::timestamptz returning 1
    ), screens as (
      delete from barline.saved_screens where deleted_at < ${before}::timestamptz returning 1
    ), alerts as (
      delete from barline.data_alerts where deleted_at < ${before}::timestamptz returning 1
    )
    select (select count(*) from lists)::int + (select count(*) from tickers)::int + (select count(*) from screens)::int
      + (select count(*) from alerts)::int as removed`;
  return row.removed;
}

/** Removes scenarios that were deleted too long ago to be had back. Answers how many. */
export async function removeDeletedScenarios(sql: Sql, before: Date): Promise<number> {
  const { count } = await sql`delete from barline.scenarios where deleted_at < ${before}::timestamptz`;
  return count;
}
