import type { Sql, TransactionSql } from "../../client.ts";

/** A statement that is kept by a name. */
export type SavedQueryRow = {
  id: number;
  name: string;
  text: string;
  createdAt: Date;
  createdBy: string;
  updatedAt: Date;
  deletedAt: Date | null;
};

const columns = (sql: Sql | TransactionSql) => sql`
  id, name, text, created_at as "createdAt", created_by as "createdBy", updated_at as "updatedAt", deleted_at as "deletedAt"`;

/** All of them by name, or the latest of those that were deleted. */
export function selectSavedQueries(sql: Sql, filter: { deleted: boolean; limit: number }): Promise<SavedQueryRow[]> {
  return sql<SavedQueryRow[]>`
    select ${columns(sql)}
    from barline.sql_queries
    where (deleted_at is not null) = ${filter.deleted}::boolean
    order by deleted_at desc nulls last, lower(name)
    limit ${filter.limit}::int`;
}

/** One of them, deleted or not. */
export async function selectSavedQuery(sql: Sql, id: number): Promise<SavedQueryRow | null> {
  const [row] = await sql<SavedQueryRow[]>`select ${columns(sql)} from barline.sql_queries where id = ${id}::bigint`;
  return row ?? null;
}

/** Locks one until the transaction ends, so that two changes of it follow each other. */
export async function lockSavedQuery(transaction: TransactionSql, id: number): Promise<SavedQueryRow | null> {
  const [row] = await transaction<SavedQueryRow[]>`
    select ${columns(transaction)} from barline.sql_queries where id = ${id}::bigint for update`;
  return row ?? null;
}

/** How many there are that are not deleted. */
export async function countSavedQueries(sql: Sql | TransactionSql): Promise<number> {
  const [row] = await sql<[{ count: number }]>`
    select count(*)::int as count from barline.sql_queries where deleted_at is null`;
  return row.count;
}

/** The names that are taken and begin like `name`, in any case. */
export async function selectQueryNamesLike(sql: Sql | TransactionSql, name: string): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select name from barline.sql_queries where deleted_at is null and starts_with(lower(name), lower(${name}::text))`;
  return rows.map((row) => row.name);
}

/** Keeps a statement by a name; a name that is taken is a unique violation. Answers the new id. */
export async function insertSavedQuery(
  transaction: TransactionSql,
  query: { name: string; text: string; by: string; at: Date },
): Promise<number> {
  const [row] = await transaction<[{ id: number }]>`
    insert into barline.sql_queries (name, text, created_at, created_by, updated_at)
    values (${query.name}::text, ${query.text}::text, ${query.at}::timestamptz, ${query.by}::text, ${query.at}::timestamptz)
    returning id`;
  return row.id;
}

/** Gives one another name and statement; a name that is taken is a unique violation. */
export async function updateSavedQuery(
  transaction: TransactionSql,
  query: { id: number; name: string; text: string; at: Date },
): Promise<void> {
  await transaction`
    update barline.sql_queries
    set name = ${query.name}::text, text = ${query.text}::text, updated_at = ${query.at}::timestamptz
    where id = ${query.id}::bigint`;
}

/** Takes one off the list. */
export async function deleteSavedQuery(transaction: TransactionSql, id: number, at: Date): Promise<void> {
  await transaction`update barline.sql_queries set deleted_at = ${at}::timestamptz where id = ${id}::bigint`;
}

/** Puts a deleted one back, by a name that is free. */
export async function restoreSavedQuery(transaction: TransactionSql, id: number, name: string): Promise<void> {
  await transaction`update barline.sql_queries set deleted_at = null, name = ${name}::text where id = ${id}::bigint`;
}
