import type { Sql, TransactionSql } from "../../client.ts";

/** A login that somebody made, as it is listed: its password is kept nowhere. */
export type PublishedLoginRow = {
  id: number;
  name: string;
  role: string;
  createdBy: string;
  createdAt: Date;
  /** Null where no connection of it was seen. */
  lastSeenAt: Date | null;
};

export type NewPublishedLogin = Omit<PublishedLoginRow, "id" | "lastSeenAt">;

/** Keeps that there is a login; answers its id, null where another has its name. */
export async function insertPublishedLogin(
  sql: Sql | TransactionSql,
  { name, role, createdBy, createdAt }: NewPublishedLogin,
): Promise<number | null> {
  const [row] = await sql<{ id: number }[]>`
    insert into barline.published_logins (name, role, created_by, created_at)
    values (${name}::text, ${role}::text, ${createdBy}::text, ${createdAt}::timestamptz)
    on conflict (name) do nothing
    returning id`;
  return row?.id ?? null;
}

/** Every login, by its name. */
export function selectPublishedLogins(sql: Sql): Promise<PublishedLoginRow[]> {
  return sql<PublishedLoginRow[]>`
    select id, name, role, created_by as "createdBy", created_at as "createdAt", last_seen_at as "lastSeenAt"
    from barline.published_logins
    order by name`;
}

/** Removes a login from the list. */
export async function deletePublishedLogin(sql: Sql | TransactionSql, id: number): Promise<void> {
  await sql`delete from barline.published_logins where id = ${id}::bigint`;
}

/** Notes which of them have a connection at `now`. */
export async function updateLoginsSeen(sql: Sql, now: Date): Promise<void> {
  await sql`
    update barline.published_logins
    set last_seen_at = ${now}::timestamptz
    where role in (select usename from pg_stat_activity where datname = current_database())`;
}
