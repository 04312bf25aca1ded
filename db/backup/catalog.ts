import { auditSchema, type TransactionSql } from "../client.ts";
import { BackupError } from "./frames.ts";
import type { BackupHeader, BackupTable, BackupView } from "./header.ts";

/** Whose tables are backed up: the state, what people query, and those rows. */
export const backedUpSchemas = ["barline", "public", auditSchema];

/**
 * Tables whose rows stay behind: who is signed in, the password's hash and the passwords of logins, as a backup is to hold
 * nothing that opens a door. The next start hashes ADMIN_PASSWORD anew. Logins that people made are roles of the server, which
 * a backup has none of.
 */
const leftOut = [
  ...["barline.credentials", "barline.sign_ins", "barline.sign_in_attempts"],
  ...["barline.database_logins", "barline.published_logins"],
  // Of how the tables lie on several servers, which is no matter of a backup: it is restored to one.
  "barline.shards",
];

/** Numbers, days and instants as text that every server reads the same, whatever its settings are. */
export async function prepareBackupSession(transaction: TransactionSql): Promise<void> {
  await transaction`
    select set_config(name, value, true)
    from (values ('search_path', 'public'), ('timezone', 'UTC'), ('datestyle', 'ISO'), ('intervalstyle', 'postgres'),
      ('extra_float_digits', '1'), ('client_encoding', 'UTF8'), ('statement_timeout', '0'),
      ('idle_in_transaction_session_timeout', '0')) as settings (name, value)`;
}

/** How far the database was migrated. Throws {@link BackupError} where no Barline ever was at work on it. */
export async function selectMigrations(transaction: TransactionSql): Promise<BackupHeader["migrations"]> {
  const [present] = await transaction`select where to_regclass('drizzle.__drizzle_migrations') is not null`;
  if (!present) throw new BackupError("There is nothing of Barline in this database.");
  const [row] = await transaction<{ count: number; newest: number }[]>`
    select count(*)::int as count, max(created_at)::float8 as newest from drizzle.__drizzle_migrations`;
  return { count: row?.count ?? 0, newest: row?.newest ?? 0 };
}

/**
 * Every table but unlogged ones, whose rows are of the moment, and with the statements that make it again. A table with a column
 * of a type that somebody made is told by `selectUnknownTables` instead.
 */
export async function selectBackupTables(transaction: TransactionSql): Promise<BackupTable[]> {
  const rows = await transaction<(BackupTable & { oid: string; refersTo: string[] })[]>`
    select class.oid::text as oid, nspname as schema, relname as name, columns.list as columns,
      format('create table %I.%I (%s)', nspname, relname, columns.definitions) as create,
      coalesce(added.statements, '{}') || coalesce(indexes.statements, '{}') || coalesce(comments.statements, '{}') as finish,
      coalesce(referred.oids, '{}') as "refersTo"
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = relnamespace
    cross join lateral (
      select string_agg(quote_ident(attname), ', ' order by attnum) filter (where attgenerated = '') as list,
        string_agg(format('%I %s%s%s', attname, format_type(atttypid, atttypmod),
          case attgenerated
            when 's' then format(' generated always as (%s) stored', pg_get_expr(adbin, adrelid))
            when 'v' then format(' generated always as (%s) virtual', pg_get_expr(adbin, adrelid))
            else '' end,
          case when attnotnull then ' not null' else '' end), ', ' order by attnum) as definitions
      from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
      where attrelid = class.oid and attnum > 0 and not attisdropped
    ) as columns
    cross join lateral (
      select array_agg(format('alter table %I.%I add constraint %I %s', nspname, relname, conname, pg_get_constraintdef(oid))
        order by contype desc, conname) as statements
      from pg_constraint where conrelid = class.oid and contype in ('p', 'u', 'c')
    ) as added
    cross join lateral (
      select array_agg(pg_get_indexdef(indexrelid) order by indexrelid::regclass::text) as statements
      from pg_index
      where indrelid = class.oid and indisvalid and not exists (select from pg_constraint where conindid = indexrelid)
    ) as indexes
    cross join lateral (${commentsOn(transaction, "table")}) as comments
    cross join lateral (
      select array_agg(confrelid::text) as oids
      from pg_constraint where conrelid = class.oid and contype = 'f' and confrelid <> conrelid
    ) as referred
    where nspname = any (${backedUpSchemas}::text[]) and relkind = 'r' and relpersistence = 'p'
      and nspname || '.' || relname <> all (${leftOut}::text[])
      and not exists (${ownTypes(transaction)}) and not exists (${extensions(transaction)})
    order by nspname, relname`;
  return inOrder(rows).map(({ schema, name, columns, create, finish }) => ({ schema, name, columns, create, finish }));
}

/** Tables that are not backed up, as another database would not know a type of theirs. */
export async function selectUnknownTables(transaction: TransactionSql): Promise<string[]> {
  const rows = await transaction<{ name: string }[]>`
    select nspname || '.' || relname as name
    from pg_class as class join pg_namespace as namespace on namespace.oid = relnamespace
    where nspname = any (${backedUpSchemas}::text[]) and relkind = 'r' and exists (${ownTypes(transaction)})
      and not exists (${extensions(transaction)})
    order by name`;
  return rows.map(({ name }) => name);
}

/** What is said of a relation and of its columns, as the statements that say it again. */
const commentsOn = (transaction: TransactionSql, kind: "table" | "view") => transaction`
  select array_agg(
    case objsubid
      when 0 then format('comment on %s %I.%I is %L', ${kind}::text, nspname, relname, description)
      else format('comment on column %I.%I.%I is %L', nspname, relname, attname, description)
    end order by objsubid) as statements
  from pg_description
  left join pg_attribute on attrelid = class.oid and attnum = objsubid and attnum > 0
  where objoid = class.oid and classoid = 'pg_class'::regclass`;

const ownTypes = (transaction: TransactionSql) => transaction`
  select from pg_attribute join pg_type on pg_type.oid = atttypid
  where attrelid = class.oid and attnum > 0 and not attisdropped and typnamespace <> 'pg_catalog'::regnamespace`;

const extensions = (transaction: TransactionSql) => transaction`
  select from pg_depend where classid = 'pg_class'::regclass and objid = class.oid and deptype = 'e'`;

/** Puts each table after those that its foreign keys refer to. */
function inOrder<T extends { oid: string; refersTo: string[] }>(tables: T[]): T[] {
  const known = new Map(tables.map((table) => [table.oid, table]));
  const ordered = new Set<T>();
  const seen = new Set<T>();
  const visit = (table: T) => {
    if (seen.has(table)) return;
    seen.add(table);
    for (const oid of table.refersTo) {
      const referred = known.get(oid);
      if (referred) visit(referred);
    }
    ordered.add(table);
  };
  tables.forEach(visit);
  return [...ordered];
}

/** Every view, with the statements that make it again. */
export async function selectBackupViews(transaction: TransactionSql): Promise<BackupView[]> {
  return await transaction<BackupView[]>`
    select nspname || '.' || relname as name,
      array[format('create view %I.%I as %s', nspname, relname, pg_get_viewdef(class.oid))] || coalesce(comments.statements, '{}')
        as statements
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = relnamespace
    cross join lateral (${commentsOn(transaction, "view")}) as comments
    where nspname = any (${backedUpSchemas}::text[]) and relkind = 'v' and not exists (${extensions(transaction)})
    order by class.oid`;
}

/** The sequences of those schemas that gave out a number. They go on outside of snapshots, so never behind the rows. */
export async function selectSequences(transaction: TransactionSql): Promise<BackupHeader["sequences"]> {
  return await transaction<BackupHeader["sequences"]>`
    select schemaname as schema, sequencename as name, last_value::text as value
    from pg_sequences where schemaname = any (${backedUpSchemas}::text[]) and last_value is not null order by schema, name`;
}
