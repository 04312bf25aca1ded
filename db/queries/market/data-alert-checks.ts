import type { TransactionSql } from "../../client.ts";
import type { DataAlertSubject } from "./data-alerts.ts";

/** An alert that waits for its check, with what the last one found. */
export type DueDataAlert = DataAlertSubject & {
  id: number;
  name: string;
  screenName: string | null;
  /** Null where its screen was deleted. */
  screenQuery: string | null;
  checkedSession: string | null;
  checkedQuery: string | null;
  members: string[] | null;
};

/**
 * What tells one publication from the next, as text: the run of `jobId` that published last, and when models of the workspace last
 * were. Who reads it and then the published tables sees what it names, or something newer.
 */
export async function selectPublicationMark(transaction: TransactionSql, jobId: string): Promise<string> {
  const [row] = await transaction<[{ mark: string }]>`
    select concat_ws(
      ' ',
      (
        select concat_ws('@', id, extract(epoch from finished_at))
        from barline.runs
        where job_id = ${jobId}::text and state = 'success'
        order by finished_at desc nulls last, id desc
        limit 1
      ),
      (select extract(epoch from max(published_at)) from barline.workspace_relations)
    ) as mark`;
  return row.mark;
}

/**
 * Claims alerts that were not checked at this publication until the transaction ends, `limit` at the most. What another process has claimed, or
 * somebody is just changing, is passed over.
 */
export function claimDueDataAlerts(
  transaction: TransactionSql,
  { mark, limit }: { mark: string; limit: number },
): Promise<DueDataAlert[]> {
  return transaction<DueDataAlert[]>`
    select
      own.id, own.name, own.screen_id as "screenId", own.ticker, own.security_id as "securityId",
      own.column_name as "columnName", own.operator, own.value, own.tells_leaving as "tellsLeaving",
      own.tells_at_once as "tellsAtOnce", own.checked_session as "checkedSession", own.checked_query as "checkedQuery",
      own.members, screens.name as "screenName",
      case when screens.deleted_at is null then screens.query end as "screenQuery"
    from barline.data_alerts as own
    left join barline.saved_screens as screens on screens.id = own.screen_id
    where not own.paused and own.deleted_at is null and own.checked_mark is distinct from ${mark}::text
    order by own.id
    limit ${limit}::int
    for update of own skip locked`;
}

/** Who of an alert was told of in a session, by direction and key. */
export async function selectToldKeys(
  transaction: TransactionSql,
  dataAlertId: number,
  session: string,
): Promise<{ direction: string; key: string }[]> {
  return await transaction<{ direction: string; key: string }[]>`
    select direction, key
    from barline.data_alert_crossings
    where data_alert_id = ${dataAlertId}::bigint and session = ${session}::date`;
}

export type NewCrossing = { direction: "entered" | "left"; key: string; ticker: string; figures: string };

/** Keeps who crossed in a session, in their order, with the message that tells of it. */
export async function insertCrossings(
  transaction: TransactionSql,
  told: { dataAlertId: number; alertId: number; session: string; at: Date },
  crossings: readonly NewCrossing[],
): Promise<void> {
  await transaction`
    insert into barline.data_alert_crossings (data_alert_id, alert_id, session, direction, key, ticker, figures, at)
    select ${told.dataAlertId}::bigint, ${told.alertId}::bigint, ${told.session}::date, direction, key, ticker, figures,
      ${told.at}::timestamptz
    from unnest(
      ${crossings.map(({ direction }) => direction)}::text[], ${crossings.map(({ key }) => key)}::text[],
      ${crossings.map(({ ticker }) => ticker)}::text[], ${crossings.map(({ figures }) => figures)}::text[]
    ) with ordinality as list (direction, key, ticker, figures, position)
    order by position`;
}

/** Keeps what a check at a publication found. `members` null: those of before. */
export async function settleDataAlert(
  transaction: TransactionSql,
  id: number,
  check: { mark: string; at: Date; session: string; query: string | null; members: readonly string[] | null },
): Promise<void> {
  await transaction`
    update barline.data_alerts
    set
      checked_mark = ${check.mark}::text, checked_at = ${check.at}::timestamptz, problem = null,
      checked_session = ${check.session}::date, checked_query = ${check.query}::text,
      members = coalesce(${check.members as string[] | null}::text[], members)
    where id = ${id}::bigint`;
}

/** Keeps that a check at a publication could not tell, and why, or, with null, that it had nothing to tell; what was found before stays. */
export async function settleUntold(
  transaction: TransactionSql,
  id: number,
  check: { mark: string; at: Date; problem: string | null },
): Promise<void> {
  await transaction`
    update barline.data_alerts
    set checked_mark = ${check.mark}::text, checked_at = ${check.at}::timestamptz, problem = ${check.problem}::text
    where id = ${id}::bigint`;
}
