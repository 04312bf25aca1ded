import type { Sql, TransactionSql } from "../../client.ts";

/** A message to send, with what its alert says; of a test there is no alert. */
export type ClaimedDelivery = {
  id: number;
  event: "opened" | "recovered" | "crossed" | "test";
  channel: string;
  /** Attempts begun, this one among them. It also tells this claim from a later one. */
  attempts: number;
  createdAt: Date;
  alert: {
    id: number;
    kind: string;
    title: string;
    message: string;
    advice: string | null;
    path: string;
    openedAt: Date;
    resolvedAt: Date | null;
  } | null;
};

/** Writes what is to be told, one row a channel, not before `at`. */
export async function insertDeliveries(
  transaction: TransactionSql,
  given: { alertId: number; event: "opened" | "recovered" | "crossed"; channels: string[]; at: Date; now: Date },
): Promise<void> {
  await transaction`
    insert into barline.alert_deliveries (alert_id, event, channel, next_attempt_at, created_at)
    select ${given.alertId}::bigint, ${given.event}::text, channel, ${given.at}::timestamptz, ${given.now}::timestamptz
    from unnest(${given.channels}::text[]) as channel`;
}

/** Writes a test that its writer sends at once: another takes it over only after `leasedUntil`. */
export async function insertTest(
  transaction: TransactionSql,
  given: { channel: string; leasedUntil: Date; now: Date },
): Promise<ClaimedDelivery> {
  const [row] = await transaction<{ id: number }[]>`
    insert into barline.alert_deliveries (event, channel, attempts, next_attempt_at, created_at)
    values ('test', ${given.channel}::text, 1, ${given.leasedUntil}::timestamptz, ${given.now}::timestamptz)
    returning id`;
  if (!row) throw new Error("The test was not written.");
  return { id: row.id, event: "test", channel: given.channel, attempts: 1, createdAt: given.now, alert: null };
}

/**
 * Takes back what nobody has tried to tell yet and was held back, and answers the channels that were told, or may have
 * been: those that hear of the recovery.
 */
export async function withdrawHeld(transaction: TransactionSql, alertId: number, now: Date): Promise<string[]> {
  const rows = await transaction<{ channel: string }[]>`
    with held as (
      delete from barline.alert_deliveries
      where alert_id = ${alertId}::bigint and event = 'opened' and state = 'waiting' and attempts = 0
        and next_attempt_at > ${now}::timestamptz
      returning id
    )
    select distinct channel
    from barline.alert_deliveries
    where alert_id = ${alertId}::bigint and event = 'opened' and state <> 'failed'
      and id not in (select id from held)
    order by channel`;
  return rows.map(({ channel }) => channel);
}

/**
 * Claims the next message of a channel that is due, for as long as `leasedUntil`. A recovery waits for the message that
 * its problem began.
 */
export async function claimDelivery(
  sql: Sql,
  given: { channel: string; now: Date; leasedUntil: Date },
): Promise<ClaimedDelivery | undefined> {
  const rows = await sql<FlatDelivery[]>`
    with next as (
      select id
      from barline.alert_deliveries as due
      where state = 'waiting' and channel = ${given.channel}::text and next_attempt_at <= ${given.now}::timestamptz
        and not exists (
          select from barline.alert_deliveries as earlier
          where earlier.alert_id = due.alert_id and earlier.channel = due.channel and earlier.id < due.id
            and earlier.state = 'waiting')
      order by next_attempt_at, id
      limit 1
      for update skip locked
    ), claimed as (
      update barline.alert_deliveries as own
      set attempts = attempts + 1, next_attempt_at = ${given.leasedUntil}::timestamptz
      from next
      where own.id = next.id
      returning own.*
    )
    select claimed.id, claimed.event, claimed.channel, claimed.attempts, claimed.created_at as "createdAt",
      alerts.id as "alertId", alerts.kind, alerts.title, alerts.message, alerts.advice, alerts.path,
      alerts.opened_at as "openedAt", alerts.resolved_at as "resolvedAt"
    from claimed
    left join barline.alerts on alerts.id = claimed.alert_id`;
  return rows.map(nestAlert)[0];
}

type FlatDelivery = Omit<ClaimedDelivery, "alert"> &
  Omit<NonNullable<ClaimedDelivery["alert"]>, "id"> & { alertId: number | null };

function nestAlert(row: FlatDelivery): ClaimedDelivery {
  const { id, event, channel, attempts, createdAt, alertId, ...alert } = row;
  return { id, event, channel, attempts, createdAt, alert: alertId === null ? null : { id: alertId, ...alert } };
}

/** Milliseconds until the next message of one of `channels` is due; null where none waits. */
export async function selectNextDelivery(sql: Sql, channels: string[], now: Date): Promise<number | null> {
  const [row] = await sql<{ at: Date | null }[]>`
    select min(next_attempt_at) as at
    from barline.alert_deliveries
    where state = 'waiting' and channel = any (${channels}::text[])`;
  return row?.at ? Math.max(0, row.at.getTime() - now.getTime()) : null;
}

/** Keeps how a claimed message went; nothing happens where another process has taken it over since. */
export async function settleDelivery(
  sql: Sql,
  claimed: { id: number; attempts: number },
  outcome: { state: "delivered" | "waiting" | "failed"; error: string | null; nextAttemptAt: Date; now: Date },
): Promise<void> {
  await sql`
    update barline.alert_deliveries
    set state = ${outcome.state}::text, error = ${outcome.error}::text,
      next_attempt_at = ${outcome.nextAttemptAt}::timestamptz,
      delivered_at = case when ${outcome.state}::text = 'delivered' then ${outcome.now}::timestamptz end
    where id = ${claimed.id}::bigint and attempts = ${claimed.attempts}::int and state = 'waiting'`;
}

/** Gives up what waits for a channel that nobody configures any more. */
export async function failUnconfigured(sql: Sql, channels: string[], before: Date): Promise<void> {
  await sql`
    update barline.alert_deliveries
    set state = 'failed', error = 'Its channel is not configured any more.'
    where state = 'waiting' and channel <> all (${channels}::text[]) and next_attempt_at < ${before}::timestamptz`;
}

/** Queues a failed message again, as if it had never been tried. Answers its channel; undefined where it has not failed. */
export async function retryDelivery(transaction: TransactionSql, id: number, now: Date): Promise<string | undefined> {
  const [row] = await transaction<{ channel: string }[]>`
    update barline.alert_deliveries
    set state = 'waiting', attempts = 0, next_attempt_at = ${now}::timestamptz
    where id = ${id}::bigint and state = 'failed'
    returning channel`;
  return row?.channel;
}

/** The state of one message; undefined where there is none of that id. */
export async function selectDeliveryState(sql: Sql | TransactionSql, id: number): Promise<string | undefined> {
  const [row] = await sql<{ state: string }[]>`
    select state from barline.alert_deliveries where id = ${id}::bigint`;
  return row?.state;
}
