import type { Sql } from "../../client.ts";

export type AlertRow = {
  id: number;
  key: string;
  kind: string;
  title: string;
  message: string;
  advice: string | null;
  path: string;
  openedAt: Date;
  resolvedAt: Date | null;
};

/** Which alerts a list shows; null is any. `before` is the id that the last page ended at. */
export type AlertFilter = {
  state: "open" | "resolved" | null;
  before: number | null;
  /** Whether also what alerts on data told, which is no problem. */
  withData: boolean;
};

/** Alerts, the newest first. */
export function selectAlerts(sql: Sql, filter: AlertFilter, limit: number): Promise<AlertRow[]> {
  return sql<AlertRow[]>`
    select id, key, kind, title, message, advice, path, opened_at as "openedAt", resolved_at as "resolvedAt"
    from barline.alerts
    where
      (${filter.state}::text is null or (resolved_at is null) = (${filter.state}::text = 'open'))
      and (${filter.before}::bigint is null or id < ${filter.before}::bigint)
      and (${filter.withData}::boolean or kind <> 'data')
    order by id desc
    limit ${limit}::int`;
}

export type DeliveryRow = {
  id: number;
  /** Null for a test. */
  alertId: number | null;
  event: string;
  channel: string;
  state: string;
  attempts: number;
  nextAttemptAt: Date;
  error: string | null;
  createdAt: Date;
  deliveredAt: Date | null;
};

const columns = (sql: Sql) => sql`
  id, alert_id as "alertId", event, channel, state, attempts, next_attempt_at as "nextAttemptAt", error,
  created_at as "createdAt", delivered_at as "deliveredAt"`;

/** What was told, or is to be, of these alerts, in order. */
export function selectDeliveries(sql: Sql, alertIds: number[]): Promise<DeliveryRow[]> {
  return sql<DeliveryRow[]>`
    select ${columns(sql)}
    from barline.alert_deliveries
    where alert_id = any (${alertIds}::bigint[])
    order by id`;
}

/** One delivery; null where there is none of that id. */
export async function selectDelivery(sql: Sql, id: number): Promise<DeliveryRow | null> {
  const rows = await sql<DeliveryRow[]>`
    select ${columns(sql)} from barline.alert_deliveries where id = ${id}::bigint`;
  return rows[0] ?? null;
}

/** The last test of each channel. */
export function selectLastTests(sql: Sql): Promise<DeliveryRow[]> {
  return sql<DeliveryRow[]>`
    select distinct on (channel) ${columns(sql)}
    from barline.alert_deliveries
    where alert_id is null
    order by channel, id desc`;
}
