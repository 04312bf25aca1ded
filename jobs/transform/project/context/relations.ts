import { str } from "../../jinja/text.ts";
import { isTrue } from "../../jinja/truth.ts";
import { callable, Dict, fail, isDict, type Keywords, Thing, type Value } from "../../jinja/values.ts";
import { quoteIdentifier, type Relation } from "../types.ts";
import type { Reference } from "./scope.ts";

const partNames = ["database", "schema", "identifier"] as const;
type PartName = (typeof partNames)[number];
type Policy = Record<PartName, boolean>;

/** What a relation of templates knows of itself. */
type Parts = Record<PartName, string | null> & {
  type: string | null;
  /** Which parts it prints, and which of these in quotes. */
  include: Policy;
  quote: Policy;
};

const all: Policy = { database: true, schema: true, identifier: true };

/** Schemas of a connection, which no database's name can stand before. */
const ownSchemas = /^pg_temp/;

function print({ include, quote, ...parts }: Parts): string {
  return partNames
    .flatMap((name) => {
      const part = include[name] ? parts[name] : null;
      if (part === null || part === "") return [];
      return quote[name] ? quoteIdentifier(part) : part;
    })
    .join(".");
}

/** What a call says of database, schema and identifier, by place or by name. */
function given(args: Value[], keywords: Keywords): Partial<Record<PartName, Value>> {
  const named = partNames.map((name, index): [PartName, Value | undefined] => [
    name,
    keywords.get(name) ?? args[index],
  ]);
  return Object.fromEntries(named.filter(([, value]) => value !== undefined && value !== null));
}

function changedPolicy(policy: Policy, args: Value[], keywords: Keywords): Policy {
  const changes = Object.entries(given(args, keywords)).map(([name, value]) => [name, isTrue(value)]);
  return { ...policy, ...Object.fromEntries(changes) };
}

const textOrNull = (value: Value | undefined) => (value === undefined || value === null ? null : str(value));
const types = ["table", "view", "cte", "materialized_view", "external"];

/** A relation as templates see it: it prints as its quoted name. */
function relationThing(parts: Parts): Thing {
  const { database, schema, identifier, type } = parts;
  const text = print(parts);
  const withPolicy = (key: "include" | "quote") =>
    callable((args, keywords) => relationThing({ ...parts, [key]: changedPolicy(parts[key], args, keywords) }));
  const incorporate = callable((_, keywords) => {
    const path = keywords.get("path");
    const named = isDict(path)
      ? new Map([...path].map(([key, value]): [string, Value] => [str(key), value]))
      : keywords;
    const changes = Object.fromEntries(
      Object.entries(given([], named)).map(([key, value]) => [key, textOrNull(value)]),
    );
    return relationThing({ ...parts, ...changes, type: textOrNull(keywords.get("type")) ?? type });
  });
  // What tells a relation from other things, as packages look at it.
  const metadata = new Dict([["type", "PostgresRelation"]]);
  const attributes: Record<string, Value> = {
    ...{ database, schema, identifier, type, metadata, name: identifier, table: identifier },
    ...{ include: withPolicy("include"), quote: withPolicy("quote"), incorporate },
    ...Object.fromEntries(types.map((one) => [`is_${one}`, type === one])),
    path: new Dict(partNames.map((name) => [name, parts[name]])),
    render: callable(() => text),
    without_identifier: callable(() => relationThing({ ...parts, include: { ...parts.include, identifier: false } })),
    get: callable(([name, fallback]) => attributes[str(name ?? null)] ?? fallback ?? null),
  };
  const missing = (name: string) => fail(`relation.${name} is not supported yet`);
  return new Thing("relation", attributes, { text, missing, mapping: true });
}

/** What `ref`, `source` and `this` give. */
export function relationValue(reference: Reference, database: string, type: string | null = null): Thing {
  if (typeof reference === "string") {
    const include = { database: false, schema: false, identifier: true };
    const quote = { ...all, identifier: false };
    return relationThing({ database: null, schema: null, identifier: reference, type: "cte", include, quote });
  }
  const { schema, identifier } = reference;
  const isPlain = database !== "" && !ownSchemas.test(schema);
  return relationThing({ database: isPlain ? database : null, schema, identifier, type, include: all, quote: all });
}

/** dbt's `api`: relations and columns made by name. */
export function apiValue(): Thing {
  const create = callable((_, keywords) => {
    const parts = Object.fromEntries(partNames.map((name) => [name, textOrNull(keywords.get(name))]));
    const type = textOrNull(keywords.get("type"));
    return relationThing({ ...(parts as Record<PartName, string | null>), type, include: all, quote: all });
  });
  const column = callable((args, keywords) => {
    const part = (name: string, index: number) => str(keywords.get(name) ?? args[index] ?? null);
    return columnValue({ name: part("column", 0), type: part("dtype", 1) });
  });
  const missing = (name: string) => fail(`api.${name} is not supported yet`);
  const translate = callable(([type]) => str(type ?? null));
  return new Thing(
    "api",
    {
      Relation: new Thing("api.Relation", { create, View: "view", Table: "table", CTE: "cte" }, { missing }),
      Column: new Thing("api.Column", { create: column, translate_type: translate }, { call: column.call, missing }),
    },
    { missing },
  );
}

/** The relation that a template means; undefined where it is none, but a text. */
export function relationOf(value: Value | undefined): Relation | undefined {
  if (!(value instanceof Thing) || value.label !== "relation") return undefined;
  const [schema, identifier] = [value.attributes.get("schema"), value.attributes.get("identifier")];
  return typeof schema === "string" && typeof identifier === "string" ? { schema, identifier } : undefined;
}

export type ColumnFacts = { name: string; type: string };

const isOf = (pattern: RegExp, type: string) => callable(() => pattern.test(type));

/** A column as `adapter.get_columns_in_relation` gives it: its type, and that without its size. */
export function columnValue({ name, type }: ColumnFacts): Thing {
  const [, base = type, size] = /^([^(]*?)\s*(?:\((.*?)\).*)?$/.exec(type) ?? [];
  const isString = /^(text|character varying|character|varchar)$/i.test(base);
  const length = size === undefined ? 256 : Number(size);
  const data = isString && base !== "text" && size !== undefined ? `character varying(${size})` : type;
  return new Thing("column", {
    name,
    column: name,
    dtype: base,
    data_type: data,
    char_size: isString && size !== undefined ? Number(size) : null,
    quoted: quoteIdentifier(name),
    is_string: callable(() => isString),
    is_number: isOf(/^(smallint|integer|bigint|numeric|real|double|decimal|float|int)/i, type),
    is_numeric: isOf(/^(numeric|decimal)/i, type),
    is_integer: isOf(/^(smallint|integer|bigint|int)/i, type),
    is_float: isOf(/^(real|double|float)/i, type),
    string_size: callable(() => (base === "text" ? 256 : length)),
  });
}
