import type { Sql, TransactionSql } from "../../client.ts";

/** A screen that is kept by name; `query` is that of its address. */
export type SavedScreenRow = {
  id: number;
  name: string;
  query: string;
  createdAt: Date;
  createdBy: string;
  updatedAt: Date;
  deletedAt: Date | null;
};

const columns = (sql: Sql | TransactionSql) => sql`
  id, name, query, created_at as "createdAt", created_by as "createdBy", updated_at as "updatedAt", deleted_at as "deletedAt"`;

/** Screens by name; the deleted ones by themselves, the last deleted first. */
export function selectSavedScreens(sql: Sql | TransactionSql, deleted = false): Promise<SavedScreenRow[]> {
  return sql<SavedScreenRow[]>`
    select ${columns(sql)}
    from barline.saved_screens
    where (deleted_at is not null) = ${deleted}::boolean
    order by deleted_at desc, lower(name), id`;
}

/** One screen, deleted or not. */
export async function selectSavedScreen(sql: Sql | TransactionSql, id: number): Promise<SavedScreenRow | null> {
  const [row] = await sql<SavedScreenRow[]>`
    select ${columns(sql)} from barline.saved_screens where id = ${id}::bigint`;
  return row ?? null;
}

/** Keeps a screen; a name that is taken is a unique violation. Answers its id. */
export async function insertSavedScreen(
  transaction: TransactionSql,
  { name, query, by, at }: { name: string; query: string; by: string; at: Date },
): Promise<number> {
  const [row] = await transaction<[{ id: number }]>`
    insert into barline.saved_screens (name, query, created_at, created_by, updated_at)
    values (${name}::text, ${query}::text, ${at}::timestamptz, ${by}::text, ${at}::timestamptz)
    returning id`;
  return row.id;
}

/** Gives a screen that is not deleted another name or query, null leaving what it has. Answers its name; null where there is none. */
export async function updateSavedScreen(
  transaction: TransactionSql,
  id: number,
  { name, query, at }: { name: string | null; query: string | null; at: Date },
): Promise<string | null> {
  const [row] = await transaction<{ name: string }[]>`
    update barline.saved_screens
    set name = coalesce(${name}::text, name), query = coalesce(${query}::text, query), updated_at = ${at}::timestamptz
    where id = ${id}::bigint and deleted_at is null
    returning name`;
  return row?.name ?? null;
}

/** Takes a screen off the list. Answers its name; null where there is none. */
export async function deleteSavedScreen(transaction: TransactionSql, id: number, at: Date): Promise<string | null> {
  const [row] = await transaction<{ name: string }[]>`
    update barline.saved_screens set deleted_at = ${at}::timestamptz
    where id = ${id}::bigint and deleted_at is null
    returning name`;
  return row?.name ?? null;
}

/** Puts a deleted screen back, by a name that is free. */
export async function restoreSavedScreen(transaction: TransactionSql, id: number, name: string): Promise<void> {
  await transaction`
    update barline.saved_screens set deleted_at = null, name = ${name}::text where id = ${id}::bigint`;
}
