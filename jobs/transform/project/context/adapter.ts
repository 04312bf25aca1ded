import { str } from "../../jinja/text.ts";
import { callable, fail, Thing, type Value } from "../../jinja/values.ts";
import { quoteIdentifier } from "../types.ts";
import { columnValue, relationName, relationValue } from "./relations.ts";
import type { RenderScope } from "./scope.ts";

type AdapterOptions = {
  scope: RenderScope;
  /** A macro of this name, the project's or dbt's. */
  find(name: string): Value | undefined;
  database: string;
};

const literal = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** What projects use of dbt's `adapter`; the rest of it is refused by name. */
export function adapterValue({ scope, find, database }: AdapterOptions): Thing {
  const ask = (sql: string) =>
    scope.query?.(sql) ?? fail("the database can only be asked while a model is built or tested");
  const dispatch = callable(([name]) => {
    const macro = str(name ?? null);
    return find(`postgres__${macro}`) ?? find(`default__${macro}`) ?? fail(`there is no macro 'default__${macro}'`);
  });
  const columnsOf = callable(([relation]) => {
    if (!scope.execute) return [];
    const { rows } = ask(`
      select attname, format_type(atttypid, atttypmod) as type
      from pg_attribute
      where attrelid = to_regclass(${literal(relationName(relation))}) and attnum > 0 and not attisdropped
      order by attnum`);
    return rows.map(([name, type]) => columnValue({ name: String(name), type: String(type) }));
  });
  const relationOf = callable((args, keywords) => {
    if (!scope.execute) return null;
    const schema = str(keywords.get("schema") ?? args[1] ?? null);
    const identifier = str(keywords.get("identifier") ?? args[2] ?? null);
    const { rows } = ask(
      `select 1 from pg_class where relnamespace = to_regnamespace(${literal(schema)}) and relname = ${literal(identifier)}`,
    );
    return rows.length > 0 ? relationValue({ schema, identifier }, database) : null;
  });
  const known: Record<string, Value> = {
    dispatch,
    type: callable(() => "postgres"),
    quote: callable(([name]) => quoteIdentifier(str(name ?? null))),
    get_columns_in_relation: columnsOf,
    get_relation: relationOf,
  };
  return new Thing("adapter", known, { missing: (name) => fail(`adapter.${name} is not supported yet`) });
}
