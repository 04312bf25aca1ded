import { buildSchema } from "./names.ts";
import type { Session } from "./session.ts";

const catalogs = ["tables", "columns", "views"];
const standIn = (catalog: string) => `barline_catalog_${catalog}`;
const written = new RegExp(`(?:(?:"[^"]+"|\\w+)\\.)?"?information_schema"?\\."?(${catalogs.join("|")})"?(?!\\w)`, "gi");

/**
 * A question about `information_schema`, to be asked of views in which what this build has made stands under the schema where it is
 * going to be published: packages look there for relations by their names.
 */
export async function catalogViews(session: Session, sql: string): Promise<string> {
  const used = new Set([...sql.matchAll(written)].map(([, catalog = ""]) => catalog.toLowerCase()));
  for (const catalog of used) await makeView(session, catalog);
  return sql.replaceAll(written, (_, catalog: string) => `pg_temp.${standIn(catalog.toLowerCase())}`);
}

async function makeView(session: Session, catalog: string): Promise<void> {
  const [found] = await session.run(`select to_regclass('pg_temp.${standIn(catalog)}') is not null as stands`);
  if (found?.stands) return;
  const columns = await session.run(`
    select column_name from information_schema.columns
    where table_schema = 'information_schema' and table_name = '${catalog}' order by ordinal_position`);
  const prefix = buildSchema(session.stage, "");
  const list = columns.map(({ column_name: column }) =>
    column === "table_schema"
      ? `(case when table_schema like '${prefix.replaceAll("_", "\\_")}%' then substr(table_schema::text, ${prefix.length + 1}) else table_schema::text end)::information_schema.sql_identifier as table_schema`
      : String(column),
  );
  await session.run(`
    create temp view ${standIn(catalog)} as
    select distinct ${list.join(", ")} from information_schema.${catalog}`);
}
