import type { JsonValue, Sql } from "../../client.ts";

/** Which refused rows; null: whatever it is. */
export type RejectFilter = { reason: string | null; ticker: string | null; session: string | null };

/** A row that failed a check, or (a note) was taken without one of its figures; the run that read it and the raw object it came in. */
export type ListedReject = {
  id: number;
  runId: number;
  kind: "reject" | "note";
  ticker: string | null;
  session: string | null;
  reason: string;
  lakeKey: string;
  row: JsonValue;
  createdAt: Date;
};

const matches = (sql: Sql, { reason, ticker, session }: RejectFilter) => sql`
  ${reason === null ? sql`true` : sql`reason = ${reason}::text`}
  and ${ticker === null ? sql`true` : sql`left(ticker, 64) = left(${ticker}::text, 64) and ticker = ${ticker}::text`}
  and ${session === null ? sql`true` : sql`trade_date = ${session}::text`}`;

/** Refused rows, the newest first, before the id that the last page ended at. Only the conditions asked for are in the query, each with its index. */
export function selectAllRejects(
  sql: Sql,
  filter: RejectFilter,
  before: number | null,
  limit: number,
): Promise<ListedReject[]> {
  return sql<ListedReject[]>`
    select
      id,
      run_id as "runId",
      kind,
      ticker,
      trade_date as session,
      reason,
      lake_key as "lakeKey",
      row,
      created_at as "createdAt"
    from barline.rejects
    where ${matches(sql, filter)} and ${before === null ? sql`true` : sql`id < ${before}::bigint`}
    order by id desc
    limit ${limit}::int`;
}

export type ReasonCount = { reason: string; count: number; newestId: number };

/** The newest `among` of refused rows by reason, most first: years of them would take longer than a page may. */
export function selectReasonCounts(sql: Sql, among: number): Promise<ReasonCount[]> {
  return sql<ReasonCount[]>`
    select reason, count(*)::int as count, max(id) as "newestId"
    from (select id, reason from barline.rejects order by id desc limit ${among}::int) as newest
    group by reason
    order by count(*) desc, reason
    limit 60`;
}

/** The reason of each session at which a ticker's row was refused; the newest where there are several. */
export function selectRejectedSessions(sql: Sql, ticker: string): Promise<{ session: string; reason: string }[]> {
  return sql<{ session: string; reason: string }[]>`
    select distinct on (trade_date) trade_date as session, reason
    from barline.rejects
    where left(ticker, 64) = left(${ticker}::text, 64) and ticker = ${ticker}::text and trade_date is not null
      and kind = 'reject'
    order by trade_date, id desc
    limit 5000`;
}
