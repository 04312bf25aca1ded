import postgres from "postgres";
import { connectionOptions } from "./client.ts";

/** Who owns the database: what Barline and people work as. Not a superuser, so that no SQL reaches files or programs. */
export const databaseOwner = "barline_owner";

/**
 * Sees to it that the owner is there with this password, and that the database and all that is in it is the owner's, also of
 * a server that an earlier version of Barline filled as superuser. `urlOf` answers the superuser's URL of a database.
 */
export async function prepareOwner(
  urlOf: (database: string) => string,
  { database, password }: { database: string; password: string },
): Promise<void> {
  const open = (name: string) => postgres({ ...connectionOptions(urlOf(name), "barline embedded"), max: 1 });
  const admin = open("postgres");
  try {
    const [role] = await admin`select 1 from pg_roles where rolname = ${databaseOwner}`;
    if (!role) await admin`create role ${admin(databaseOwner)} login createdb createrole`;
    await setPassword(admin, password);
    // To look at and to end what runs, as the pages about the system do.
    await admin`grant pg_monitor, pg_signal_backend, pg_checkpoint to ${admin(databaseOwner)}`;
    // To bound what a login of people may write to disk while it sorts.
    await admin`grant set on parameter temp_file_limit to ${admin(databaseOwner)}`;
    const [present] = await admin`select 1 from pg_database where datname = ${database}`;
    if (present) await admin`alter database ${admin(database)} owner to ${admin(databaseOwner)}`;
    else await admin`create database ${admin(database)} owner ${admin(databaseOwner)}`;
    // Roles that the superuser made are the owner's to give.
    await admin`
      do $$ begin
        if exists (select from pg_roles where rolname = 'barline_reader') then
          grant barline_reader to barline_owner with admin option;
        end if;
      end $$`;
  } finally {
    await admin.end();
  }
  const inside = open(database);
  try {
    await handOver(inside);
  } finally {
    await inside.end();
  }
}

/** By way of a setting, as a statement about roles takes no parameters. */
async function setPassword(sql: postgres.Sql, password: string): Promise<void> {
  await sql`select set_config('barline.password', ${password}::text, false)`;
  await sql`
    do $$ begin
      execute format('alter role barline_owner password %L', current_setting('barline.password'));
    end $$`;
}

/** `reassign owned` refuses the first superuser's objects, so each is given away by itself; with none left it is cheap. */
async function handOver(sql: postgres.Sql): Promise<void> {
  await sql`
    do $$
    declare
      statement text;
    begin
      for statement in
        with ours as (
          select oid, nspname, nspowner from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'
        )
        select format('alter schema %I owner to barline_owner', nspname)
        from ours where nspowner = current_user::regrole
        union all
        select format(
          'alter %s %s owner to barline_owner',
          case relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end,
          pg_class.oid::regclass)
        from pg_class join ours on ours.oid = relnamespace
        where relowner = current_user::regrole and relkind in ('r', 'p', 'v', 'm', 'S')
          and not exists (
            select from pg_depend
            where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype in ('a', 'i', 'e'))
        union all
        select format('alter routine %s owner to barline_owner', pg_proc.oid::regprocedure)
        from pg_proc join ours on ours.oid = pronamespace
        where proowner = current_user::regrole
          and not exists (
            select from pg_depend where classid = 'pg_proc'::regclass and objid = pg_proc.oid and deptype = 'e')
        union all
        select format('alter type %s owner to barline_owner', pg_type.oid::regtype)
        from pg_type join ours on ours.oid = typnamespace
        where typowner = current_user::regrole and typtype in ('e', 'd')
          and not exists (
            select from pg_depend where classid = 'pg_type'::regclass and objid = pg_type.oid and deptype = 'e')
      loop
        execute statement;
      end loop;
    end $$`;
}
