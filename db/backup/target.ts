import type { Sql } from "../client.ts";
import { backedUpSchemas } from "./catalog.ts";

const ownSchemas = [...backedUpSchemas, "drizzle"];

/** Whether a restore would meet nobody's tables. What an extension brought does not count. */
export async function isEmptyDatabase(sql: Sql): Promise<boolean> {
  return (await selectRelations(sql)).length === 0;
}

async function selectRelations(sql: Sql): Promise<{ name: string; kind: string }[]> {
  return await sql<{ name: string; kind: string }[]>`
    select class.oid::regclass::text as name, relkind as kind
    from pg_class as class
    where relnamespace in (select oid from pg_namespace where nspname = any (${ownSchemas}::text[]))
      and relkind in ('r', 'p', 'v', 'm', 'f', 'S')
      and not exists (
        select from pg_depend where classid = 'pg_class'::regclass and objid = class.oid and deptype = 'e')`;
}

/** Makes a database that was empty before as empty again. */
export async function dropEverything(sql: Sql): Promise<void> {
  for (const schema of ownSchemas.filter((name) => name !== "public"))
    await sql`drop schema if exists ${sql(schema)} cascade`;
  const tables = (await selectRelations(sql)).filter(({ kind }) => kind === "r");
  for (const { name } of tables) await sql`drop table if exists ${sql.unsafe(name)} cascade`;
}
