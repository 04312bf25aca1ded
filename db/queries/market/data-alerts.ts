import type { Sql, TransactionSql } from "../../client.ts";

/** How a figure of a ticker is compared; the first four are of numbers. */
export type DataAlertOperator = "above" | "below" | "crosses_above" | "crosses_below" | "equals";

/** What an alert on data is about: a saved screen, or a figure of a ticker. What is of the other is null. */
export type DataAlertSubject = {
  screenId: number | null;
  /** The label by which it was chosen. */
  ticker: string | null;
  securityId: string | null;
  columnName: string | null;
  operator: DataAlertOperator | null;
  value: string | null;
  tellsLeaving: boolean;
  tellsAtOnce: boolean;
};

export type DataAlertRow = DataAlertSubject & {
  id: number;
  name: string;
  screenName: string | null;
  screenQuery: string | null;
  paused: boolean;
  createdAt: Date;
  createdBy: string;
  updatedAt: Date;
  deletedAt: Date | null;
  checkedAt: Date | null;
  checkedSession: string | null;
  /** How many are inside; null before the first check. */
  inside: number | null;
  problem: string | null;
  lastCrossing: { session: string; direction: "entered" | "left"; tickers: string[]; count: number } | null;
};

const columns = (sql: Sql | TransactionSql) => sql`
  own.id, own.name, own.screen_id as "screenId", own.ticker, own.security_id as "securityId",
  own.column_name as "columnName", own.operator, own.value, own.tells_leaving as "tellsLeaving",
  own.tells_at_once as "tellsAtOnce", own.paused, own.created_at as "createdAt", own.created_by as "createdBy",
  own.updated_at as "updatedAt", own.deleted_at as "deletedAt", own.checked_at as "checkedAt",
  own.checked_session as "checkedSession", cardinality(own.members) as inside, own.problem,
  screens.name as "screenName", screens.query as "screenQuery", told.crossing as "lastCrossing"`;

/** An alert with its screen, and the last that it told: of three tickers the names, of the others the number. */
const withLast = (sql: Sql | TransactionSql) => sql`
  barline.data_alerts as own
  left join barline.saved_screens as screens on screens.id = own.screen_id
  left join lateral (
    select json_build_object(
      'session', last.session, 'direction', last.direction, 'count', count(*)::int,
      'tickers', (array_agg(crossings.ticker order by crossings.id))[1:3]
    ) as crossing
    from (
      select session, direction, alert_id from barline.data_alert_crossings
      where data_alert_id = own.id order by session desc, id desc limit 1
    ) as last
    inner join barline.data_alert_crossings as crossings
      on crossings.alert_id = last.alert_id and crossings.direction = last.direction
    group by last.session, last.direction
  ) as told on true`;

/** Alerts on data by name; the deleted ones by themselves, the last deleted first. */
export function selectDataAlerts(sql: Sql | TransactionSql, deleted = false): Promise<DataAlertRow[]> {
  return sql<DataAlertRow[]>`
    select ${columns(sql)}
    from ${withLast(sql)}
    where (own.deleted_at is not null) = ${deleted}::boolean
    order by own.deleted_at desc, lower(own.name), own.id`;
}

/** One alert on data, deleted or not. */
export async function selectDataAlert(sql: Sql | TransactionSql, id: number): Promise<DataAlertRow | null> {
  const [row] = await sql<DataAlertRow[]>`
    select ${columns(sql)} from ${withLast(sql)} where own.id = ${id}::bigint`;
  return row ?? null;
}

/** Locks an alert until the transaction ends: two changes follow each other, and a change follows a check. */
export async function lockDataAlert(
  transaction: TransactionSql,
  id: number,
): Promise<(DataAlertSubject & { name: string; paused: boolean; deletedAt: Date | null }) | null> {
  const [row] = await transaction<(DataAlertSubject & { name: string; paused: boolean; deletedAt: Date | null })[]>`
    select
      name, screen_id as "screenId", ticker, security_id as "securityId", column_name as "columnName", operator, value,
      tells_leaving as "tellsLeaving", tells_at_once as "tellsAtOnce", paused, deleted_at as "deletedAt"
    from barline.data_alerts
    where id = ${id}::bigint
    for update`;
  return row ?? null;
}

/** How many alerts are listed. */
export async function countDataAlerts(transaction: TransactionSql): Promise<number> {
  const [row] = await transaction<[{ count: number }]>`
    select count(*)::int as count from barline.data_alerts where deleted_at is null`;
  return row.count;
}

/** Keeps an alert, to be checked next; a name that is taken is a unique violation. Answers its id. */
export async function insertDataAlert(
  transaction: TransactionSql,
  alert: DataAlertSubject & { name: string; by: string; at: Date },
): Promise<number> {
  const [row] = await transaction<[{ id: number }]>`
    insert into barline.data_alerts (
      name, screen_id, ticker, security_id, column_name, operator, value, tells_leaving, tells_at_once,
      created_at, created_by, updated_at
    )
    values (${alert.name}::text, ${alert.screenId}::bigint, ${alert.ticker}::text, ${alert.securityId}::text,
      ${alert.columnName}::text, ${alert.operator}::text, ${alert.value}::text, ${alert.tellsLeaving}::boolean,
      ${alert.tellsAtOnce}::boolean, ${alert.at}::timestamptz, ${alert.by}::text, ${alert.at}::timestamptz)
    returning id`;
  return row.id;
}

/** Gives an alert another name or condition; a name that is taken is a unique violation. */
export async function updateDataAlert(
  transaction: TransactionSql,
  id: number,
  alert: Pick<DataAlertSubject, "columnName" | "operator" | "value" | "tellsLeaving" | "tellsAtOnce"> & {
    name: string;
    at: Date;
  },
): Promise<void> {
  await transaction`
    update barline.data_alerts
    set
      name = ${alert.name}::text, column_name = ${alert.columnName}::text, operator = ${alert.operator}::text,
      value = ${alert.value}::text, tells_leaving = ${alert.tellsLeaving}::boolean,
      tells_at_once = ${alert.tellsAtOnce}::boolean, updated_at = ${alert.at}::timestamptz
    where id = ${id}::bigint`;
}

/** Pauses an alert, or has it go on. */
export async function setDataAlertPaused(transaction: TransactionSql, id: number, paused: boolean): Promise<void> {
  await transaction`update barline.data_alerts set paused = ${paused}::boolean where id = ${id}::bigint`;
}

/** Forgets what the last check found: the next one begins anew, as the first did. */
export async function forgetDataAlertCheck(transaction: TransactionSql, id: number): Promise<void> {
  await transaction`
    update barline.data_alerts
    set checked_mark = null, checked_session = null, checked_query = null, members = null, problem = null
    where id = ${id}::bigint`;
}

/** Takes an alert off the list; with null, puts it back, by a name that is free. */
export async function setDataAlertDeleted(
  transaction: TransactionSql,
  id: number,
  { at, name }: { at: Date | null; name: string },
): Promise<void> {
  await transaction`
    update barline.data_alerts set deleted_at = ${at}::timestamptz, name = ${name}::text where id = ${id}::bigint`;
}

/** Somebody who crossed, and which message told of it. */
export type DataAlertCrossing = {
  id: number;
  session: string;
  direction: "entered" | "left";
  ticker: string;
  /** As they were told. */
  figures: string;
  at: Date;
  alertId: number;
};

/** Who crossed, the newest first; only those with a smaller id than `before` where it is given. */
export function selectCrossings(
  sql: Sql,
  dataAlertId: number,
  { before, limit }: { before: number | null; limit: number },
): Promise<DataAlertCrossing[]> {
  return sql<DataAlertCrossing[]>`
    select id, session, direction, ticker, figures, at, alert_id as "alertId"
    from barline.data_alert_crossings
    where data_alert_id = ${dataAlertId}::bigint and (${before}::bigint is null or id < ${before}::bigint)
    order by id desc
    limit ${limit}::int`;
}
