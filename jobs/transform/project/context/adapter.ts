import { str } from "../../jinja/text.ts";
import { isTrue } from "../../jinja/truth.ts";
import { callable, fail, type Keywords, Thing, type Value } from "../../jinja/values.ts";
import { literal, quoteIdentifier, quoteRelation, type Relation } from "../types.ts";
import { type ColumnFacts, columnValue, relationOf, relationValue } from "./relations.ts";
import type { RenderScope } from "./scope.ts";

/** Finds macros for one text. */
export type MacroFinder = {
  /** What `adapter.dispatch` finds: the macro for PostgreSQL, else the one for any database. */
  dispatched(name: string, namespace: string | undefined): Value | undefined;
};

type AdapterOptions = { scope: RenderScope; find: MacroFinder; database: string };

const missing = "the database can only be asked while a model is built or tested";
const text = (value: Value | undefined) => str(value ?? null);

/** Columns of a relation where it stands in this build. */
function readColumns({ query }: RenderScope, relation: Relation): ColumnFacts[] {
  if (!query) return fail(missing);
  const { rows } = query.ask(`
    select attname, format_type(atttypid, atttypmod) as type
    from pg_attribute
    where attrelid = to_regclass(${literal(quoteRelation(query.placeOf(relation)))}) and attnum > 0 and not attisdropped
    order by attnum`);
  return rows.map(([name, type]) => ({ name: String(name), type: String(type) }));
}

const kinds: Record<string, string> = { r: "table", p: "table", v: "view", m: "materialized_view", f: "external" };

/** What a relation is in the database: `table`, `view`; undefined where there is none. */
function readKind({ query }: RenderScope, relation: Relation): string | undefined {
  if (!query) return fail(missing);
  const { rows } = query.ask(
    `select relkind from pg_class where oid = to_regclass(${literal(quoteRelation(query.placeOf(relation)))})`,
  );
  const kind = rows[0]?.[0];
  return kind === undefined ? undefined : (kinds[String(kind)] ?? "table");
}

/** The relation as it stands, with its type; None where there is none, as while the project is only read. */
function standing(scope: RenderScope, relation: Relation | undefined, database: string): Value {
  if (!scope.execute || !relation) return null;
  const kind = readKind(scope, relation);
  return kind === undefined ? null : relationValue(relation, database, kind);
}

/** `load_relation`: what stands under a relation's name. */
export const loadRelation = (scope: RenderScope, database: string): Value =>
  callable(([relation]) => standing(scope, relationOf(relation), database));

/** Statements of the adapter; each is run once, when the build comes to it. */
function statements(scope: RenderScope): Record<string, Value> {
  const run = (sql: string): string => {
    if (!scope.execute) return "";
    if (!scope.query) return fail(missing);
    scope.query.ask(sql);
    return "";
  };
  const named = (value: Value | undefined): Relation =>
    relationOf(value) ?? fail("a relation is needed here, and not a text");
  return {
    create_schema: callable(([relation]) =>
      run(`create schema if not exists ${quoteIdentifier(named(relation).schema)}`),
    ),
    drop_relation: callable(([relation]) => {
      const kind = scope.execute ? readKind(scope, named(relation)) : undefined;
      return kind === undefined
        ? ""
        : run(`drop ${kind === "view" ? "view" : "table"} ${quoteRelation(named(relation))} cascade`);
    }),
    truncate_relation: callable(([relation]) => run(`truncate table ${quoteRelation(named(relation))}`)),
  };
}

/** What projects use of dbt's `adapter`; the rest of it is refused by name. */
export function adapterValue({ scope, find, database }: AdapterOptions): Thing {
  const dispatch = callable(([name, namespace], keywords) => {
    const macro = str(name ?? keywords.get("macro_name") ?? null);
    const within = namespace ?? keywords.get("macro_namespace");
    const found = find.dispatched(macro, typeof within === "string" ? within : undefined);
    return found ?? fail(`there is no macro 'default__${macro}'`);
  });
  const columnsOf = (relation: Value | undefined): ColumnFacts[] => {
    const known = relationOf(relation);
    return scope.execute && known ? readColumns(scope, known) : [];
  };
  const part = (args: Value[], keywords: Keywords, name: string, index: number) =>
    text(keywords.get(name) ?? args[index]);
  const known: Record<string, Value> = {
    dispatch,
    type: callable(() => "postgres"),
    quote: callable(([name]) => quoteIdentifier(text(name))),
    quote_as_configured: callable(([name]) => quoteIdentifier(text(name))),
    quote_seed_column: callable(([name, quoted]) =>
      quoted === null || isTrue(quoted ?? true) ? quoteIdentifier(text(name)) : text(name),
    ),
    get_columns_in_relation: callable(([relation]) => columnsOf(relation).map(columnValue)),
    get_missing_columns: callable(([from, to]) => {
      const present = new Set(columnsOf(to).map(({ name }) => name));
      return columnsOf(from)
        .filter(({ name }) => !present.has(name))
        .map(columnValue);
    }),
    get_relation: callable((args, keywords) => {
      const schema = part(args, keywords, "schema", 1);
      return standing(scope, { schema, identifier: part(args, keywords, "identifier", 2) }, database);
    }),
    check_schema_exists: callable((args, keywords) => {
      if (!scope.execute) return true;
      if (!scope.query) return fail(missing);
      const schema = part(args, keywords, "schema", 1);
      return scope.query.ask(`select 1 from pg_namespace where nspname = ${literal(schema)}`).rows.length > 0;
    }),
    ...statements(scope),
  };
  return new Thing("adapter", known, { missing: (name) => fail(`adapter.${name} is not supported yet`) });
}
