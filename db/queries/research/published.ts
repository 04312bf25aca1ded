import type { Sql } from "../../client.ts";
import { publishedRole } from "../../published-role.ts";

/** A table or view that may be read in the console; a description is empty where nobody wrote one. */
export type PublishedRelation = {
  schema: string;
  name: string;
  kind: "table" | "view";
  description: string;
  columns: { name: string; type: string; description: string }[];
};

/** What {@link publishedRole} may read, by name; nothing while it is not there. */
export function selectPublishedRelations(sql: Sql): Promise<PublishedRelation[]> {
  return sql<PublishedRelation[]>`
    select nspname as schema, relname as name, case when relkind in ('v', 'm') then 'view' else 'table' end as kind,
      regexp_replace(coalesce(obj_description(class.oid, 'pg_class'), ''), '\\s*\\[barline [0-9a-f]{32}\\]$', '') as description,
      (
        select json_agg(json_build_object('name', attname, 'type', format_type(atttypid, atttypmod),
          'description', coalesce(col_description(class.oid, attnum), '')) order by attnum)
        from pg_attribute where attrelid = class.oid and attnum > 0 and not attisdropped
      ) as columns
    from pg_class as class
    join pg_namespace as namespace on namespace.oid = relnamespace
    join pg_roles as reader on reader.rolname = ${publishedRole}
    where relkind in ('r', 'p', 'v', 'm') and nspname !~ '^pg_' and nspname <> 'information_schema'
      -- Views of an extension, such as Citus', are nobody's data.
      and not exists (
        select from pg_depend where classid = 'pg_class'::regclass and objid = class.oid and deptype = 'e')
      and has_schema_privilege(reader.oid, namespace.oid, 'usage') and has_table_privilege(reader.oid, class.oid, 'select')
    order by nspname <> 'public', nspname, relname`;
}
