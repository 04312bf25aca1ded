import { literal, quoteRelation, type Relation } from "../quote.ts";
import type { Distribution, Run } from "./types.ts";

/** Where the table goes that is replaced, until it is dropped. */
const outgrown = "barline_outgrown";

const regclass = (table: Relation) => `${literal(quoteRelation(table))}::regclass`;

type View = Relation & { definition: string; options: string | null };

/**
 * Puts a table in the place of another one of the same columns, beneath the views that read it: they, its rights and the names of its
 * indexes stay as they are. `fresh` has the same name in another schema. The caller holds back who writes. A relation that is no
 * view and reads the old table makes this fail with SQLSTATE 2BP01, and one that is read for long with 55P03.
 */
export async function replaceTable(
  run: Run,
  distribution: Pick<Distribution, "move">,
  { old, fresh }: { old: Relation; fresh: Relation },
): Promise<void> {
  const views = await readViews(run, old);
  // Who reads a view locks it before what it reads.
  await run(`lock table ${[...views, old].map(quoteRelation).join(", ")} in access exclusive mode`);
  const grants = await readTableGrants(run, old);
  const names = await readIndexes(run, old);
  await run(`create schema if not exists ${outgrown}`);
  await run(`alter table ${quoteRelation(old)} set schema ${outgrown}`);
  await distribution.move(run, fresh, old.schema);
  for (const [key, name] of await readIndexes(run, old)) {
    const wanted = names.get(key);
    if (wanted !== undefined && wanted !== name)
      await run(`alter index ${quoteRelation({ schema: old.schema, identifier: name })} rename to "${wanted}"`);
  }
  for (const grant of grants) await run(grant);
  for (const view of views) {
    const options = view.options === null ? "" : `with (${view.options})`;
    await run(`create or replace view ${quoteRelation(view)} ${options} as ${view.definition}`);
  }
  await run(`drop table ${quoteRelation({ schema: outgrown, identifier: old.identifier })}`);
  await run(`drop schema ${outgrown}`);
}

/** The views that read a table themselves, with every name in them written out. */
async function readViews(run: Run, table: Relation): Promise<View[]> {
  const [before] = await run("select current_setting('search_path') as path");
  await run("set local search_path = ''");
  const rows = await run(`
    select distinct nspname, relname, pg_get_viewdef(class.oid) as definition, array_to_string(reloptions, ', ') as options
    from pg_depend as dependency
    inner join pg_rewrite as rule on rule.oid = dependency.objid
    inner join pg_class as class on class.oid = rule.ev_class and class.relkind = 'v'
    inner join pg_namespace as namespace on namespace.oid = class.relnamespace
    where dependency.classid = 'pg_rewrite'::regclass and dependency.refclassid = 'pg_class'::regclass
      and dependency.refobjid = ${regclass(table)}`);
  await run(`set local search_path = ${before?.path || "''"}`);
  return rows.map(({ nspname, relname, definition, options }) => ({
    ...{ schema: String(nspname), identifier: String(relname), definition: String(definition) },
    options: options === null ? null : String(options),
  }));
}

async function readTableGrants(run: Run, table: Relation): Promise<string[]> {
  const rows = await run(`
    select format(
      'grant %s on %s to %s', privilege.privilege_type, ${literal(quoteRelation(table))},
      case when privilege.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(privilege.grantee)) end
    ) as statement
    from pg_class as class
    cross join aclexplode(class.relacl) as privilege
    where class.oid = ${regclass(table)} and privilege.grantee <> class.relowner`);
  return rows.map(({ statement }) => String(statement));
}

/** The names of a table's indexes, by what is indexed and how. */
async function readIndexes(run: Run, table: Relation): Promise<Map<string, string>> {
  const rows = await run(`
    select class.relname as name, jsonb_build_array(
      indisprimary, indisunique, amname, pg_get_expr(indpred, indrelid),
      array(select pg_get_indexdef(indexrelid, number, true) from generate_series(1, indnatts) as number)
    )::text as key
    from pg_index
    inner join pg_class as class on class.oid = indexrelid
    inner join pg_am as method on method.oid = class.relam
    where indrelid = ${regclass(table)}`);
  return new Map(rows.map(({ key, name }) => [String(key), String(name)]));
}
