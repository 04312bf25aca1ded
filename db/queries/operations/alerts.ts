import type { Sql, TransactionSql } from "../../client.ts";
import { lockKeys } from "../../locks.ts";

/** What an alert says. `key` is what the problem is about: one alert of a key is open at a time. */
export type AlertText = {
  key: string;
  kind: string;
  title: string;
  message: string;
  advice: string | null;
  path: string;
};

export type OpenAlert = AlertText & {
  id: number;
  /** Whether the run that it leads to is queued or under way again. */
  isRetried: boolean;
};

/** Whether this transaction is the one that looks for problems now: it sees what the one before it wrote. Never waits. */
export async function lockEvaluation(transaction: TransactionSql): Promise<boolean> {
  const [row] = await transaction<{ locked: boolean }[]>`
    select pg_try_advisory_xact_lock(${lockKeys.alerts}::bigint) as locked`;
  return row?.locked ?? false;
}

/** Alerts whose problem is not over. */
export async function selectOpenAlerts(sql: Sql | TransactionSql): Promise<OpenAlert[]> {
  return await sql<OpenAlert[]>`
    select id, key, kind, title, message, advice, path,
      exists (
        select from barline.runs
        where state in ('queued', 'running') and '/runs/' || runs.id = alerts.path
      ) as "isRetried"
    from barline.alerts
    where resolved_at is null
    order by id`;
}

/** Opens an alert; undefined where another process has opened it. */
export async function insertAlert(
  transaction: TransactionSql,
  text: AlertText,
  now: Date,
): Promise<number | undefined> {
  const [row] = await transaction<{ id: number }[]>`
    insert into barline.alerts (key, kind, title, message, advice, path, opened_at)
    values (${text.key}::text, ${text.kind}::text, ${text.title}::text, ${text.message}::text, ${text.advice}::text,
      ${text.path}::text, ${now}::timestamptz)
    on conflict (key) where resolved_at is null do nothing
    returning id`;
  return row?.id;
}

/** Keeps something to be told that is no problem and so is over as it is told. Answers its id. */
export async function insertTold(transaction: TransactionSql, text: AlertText, now: Date): Promise<number> {
  const [row] = await transaction<[{ id: number }]>`
    insert into barline.alerts (key, kind, title, message, advice, path, opened_at, resolved_at)
    values (${text.key}::text, ${text.kind}::text, ${text.title}::text, ${text.message}::text, ${text.advice}::text,
      ${text.path}::text, ${now}::timestamptz, ${now}::timestamptz)
    returning id`;
  return row.id;
}

/** Tells an open problem as it is now, such as by a newer run. */
export async function updateAlert(transaction: TransactionSql, id: number, text: AlertText): Promise<void> {
  await transaction`
    update barline.alerts set title = ${text.title}::text, message = ${text.message}::text,
      advice = ${text.advice}::text, path = ${text.path}::text
    where id = ${id}::bigint`;
}

/** Ends an alert; false where another process has ended it. */
export async function resolveAlert(transaction: TransactionSql, id: number, now: Date): Promise<boolean> {
  const rows = await transaction`
    update barline.alerts set resolved_at = ${now}::timestamptz
    where id = ${id}::bigint and resolved_at is null
    returning id`;
  return rows.length > 0;
}

/** When a problem of this key was last over, and when somebody was last told that it had begun. */
export type AlertPast = { resolvedAt: Date | null; toldAt: Date | null };

/** What is known of the alerts of a key that were over at `since` or later. */
export async function selectPast(transaction: TransactionSql, key: string, since: Date): Promise<AlertPast> {
  const [row] = await transaction<AlertPast[]>`
    select max(earlier.resolved_at) as "resolvedAt", max(told.at) as "toldAt"
    from barline.alerts as earlier
    left join lateral (
      select max(coalesce(delivered_at, created_at)) as at
      from barline.alert_deliveries
      where alert_id = earlier.id and event = 'opened' and state <> 'failed'
    ) as told on true
    where earlier.key = ${key}::text and earlier.resolved_at >= ${since}::timestamptz`;
  return row ?? { resolvedAt: null, toldAt: null };
}

/** How many problems are not over. */
export async function countOpenAlerts(sql: Sql): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int as count from barline.alerts where resolved_at is null`;
  return row?.count ?? 0;
}
