import type { Sql, TransactionSql } from "./client.ts";

/**
 * Who may read what is published, and nothing else: the raw tables, and the relations that builds put under their names. Logins
 * for people and programs are members of it; it signs in nowhere itself.
 */
export const publishedRole = "barline_published";

/** A comment ends in this where a build of ours published the relation that it is of. */
const publishedMark = "\\[barline [0-9a-f]{32}\\]$";

/**
 * The statement that lets {@link publishedRole} read all that is published by now; nothing where it may do so already, or is not
 * there. Run by whoever owns the relations, in the transaction that publishes.
 */
export const grantPublished = `
  do $$
  declare
    published record;
  begin
    if not exists (select from pg_roles where rolname = '${publishedRole}') then
      return;
    end if;
    for published in
      select class.oid::regclass as relation, nspname as schema
      from pg_class as class
      join pg_namespace as namespace on namespace.oid = relnamespace
      where relkind in ('r', 'p', 'v', 'm') and pg_has_role(relowner, 'usage')
        and (
          obj_description(class.oid, 'pg_class') ~ '${publishedMark}'
          or (nspname = 'public' and starts_with(relname, 'source_polygon_'))
        )
        and not (has_schema_privilege('${publishedRole}', namespace.oid, 'usage')
          and has_table_privilege('${publishedRole}', class.oid, 'select'))
    loop
      execute format('grant usage on schema %I to ${publishedRole}', published.schema);
      execute format('grant select on %s to ${publishedRole}', published.relation);
    end loop;
  end $$`;

/**
 * For a transaction that makes roles or gives them rights, as its first statement: Citus does both by one connection to each server, and refuses the one after
 * the other otherwise. To PostgreSQL alone it is a setting that nothing reads.
 */
export async function changeRolesInOrder(transaction: TransactionSql): Promise<void> {
  await transaction`select set_config('citus.multi_shard_modify_mode', 'sequential', true)`;
}

/** Makes {@link publishedRole} where it is missing, and gives it what is published. Throws 42501 where roles may not be made. */
export async function ensurePublishedRole(sql: Sql | TransactionSql): Promise<void> {
  const [present] = await sql`select 1 from pg_roles where rolname = ${publishedRole}`;
  if (!present) await sql`create role ${sql(publishedRole)} nologin`;
  await sql.unsafe(grantPublished);
}
