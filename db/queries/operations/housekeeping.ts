import type { JsonValue, Sql, TransactionSql } from "../../client.ts";

/** Days that each kind of record is kept; null is for ever. */
export type RetentionDays = {
  logsDays: number | null;
  triesDays: number | null;
  eventsDays: number | null;
  rejectsDays: number | null;
  resultsDays: number | null;
  alertsDays: number | null;
  lakeDays: number | null;
};

export type RetentionRow = RetentionDays & { changedAt: Date; changedBy: string | null };

/** What people set, or the defaults of the table where nobody has set anything. */
export async function selectRetention(sql: Sql | TransactionSql): Promise<RetentionRow> {
  await sql`insert into barline.retention (id) values (1) on conflict (id) do nothing`;
  const [row] = await sql<RetentionRow[]>`
    select logs_days as "logsDays", tries_days as "triesDays", events_days as "eventsDays", rejects_days as "rejectsDays",
      results_days as "resultsDays", alerts_days as "alertsDays", lake_days as "lakeDays", changed_at as "changedAt",
      changed_by as "changedBy"
    from barline.retention where id = 1`;
  if (!row) throw new Error("The retention has no row.");
  return row;
}

export async function updateRetention(transaction: TransactionSql, days: RetentionDays, by: string): Promise<void> {
  await transaction`
    update barline.retention set logs_days = ${days.logsDays}::int, tries_days = ${days.triesDays}::int,
      events_days = ${days.eventsDays}::int, rejects_days = ${days.rejectsDays}::int,
      results_days = ${days.resultsDays}::int, alerts_days = ${days.alertsDays}::int, lake_days = ${days.lakeDays}::int,
      changed_at = now(), changed_by = ${by}::text
    where id = 1`;
}

/** When cleaning up last ended, also where somebody asked for it; undefined before the first time. */
export async function selectLastHousekeeping(sql: Sql): Promise<Date | undefined> {
  const [row] = await sql<{ startedAt: Date }[]>`
    select started_at as "startedAt" from barline.housekeeping_runs
    where finished_at is not null and error is null order by id desc limit 1`;
  return row?.startedAt;
}

/** Begins a record of cleaning up. What a killed process left open is closed; the caller holds the lock, so nobody is at it. */
export async function insertHousekeepingRun(transaction: TransactionSql, trigger: string): Promise<number> {
  await transaction`
    update barline.housekeeping_runs set finished_at = now(), error = 'Its process ended in the middle; the next run went on.'
    where finished_at is null`;
  const [row] = await transaction<{ id: number }[]>`
    insert into barline.housekeeping_runs (trigger) values (${trigger}::text) returning id`;
  return row?.id ?? 0;
}

export async function updateHousekeepingRun(sql: Sql, id: number, removed: JsonValue): Promise<void> {
  await sql`update barline.housekeeping_runs set removed = ${sql.json(removed)}::jsonb where id = ${id}::bigint`;
}

export async function finishHousekeepingRun(
  sql: Sql,
  id: number,
  end: { removed: JsonValue; error: string | null },
): Promise<void> {
  await sql`
    update barline.housekeeping_runs
    set removed = ${sql.json(end.removed)}::jsonb, error = ${end.error}::text, finished_at = now()
    where id = ${id}::bigint`;
}
