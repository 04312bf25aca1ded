import { str } from "../../jinja/text.ts";
import { isTrue } from "../../jinja/truth.ts";
import { callable, fail, Thing, type Value } from "../../jinja/values.ts";
import { quoteIdentifier, quoteRelation, type Relation } from "../types.ts";

/** A relation as templates see it: it prints as its quoted name. */
export function relationValue(relation: Relation, database: string): Thing {
  const parts = (withSchema: boolean) => (withSchema ? quoteRelation(relation) : quoteIdentifier(relation.identifier));
  const include = callable((_, keywords) => {
    const schema = keywords.get("schema");
    return parts(schema === undefined || isTrue(schema));
  });
  return new Thing(
    "relation",
    {
      database,
      schema: relation.schema,
      identifier: relation.identifier,
      name: relation.identifier,
      table: relation.identifier,
      include,
      render: callable(() => quoteRelation(relation)),
    },
    { text: quoteRelation(relation), missing: (name) => fail(`relation.${name} is not supported yet`) },
  );
}

/** The quoted name that a template means: a relation, or a text. */
export const relationName = (value: Value | undefined) => str(value ?? null);

export type ColumnFacts = { name: string; type: string };

const isOf = (pattern: RegExp, type: string) => callable(() => pattern.test(type));

/** A column as `adapter.get_columns_in_relation` gives it. */
export function columnValue({ name, type }: ColumnFacts): Thing {
  return new Thing("column", {
    name,
    column: name,
    dtype: type,
    data_type: type,
    quoted: quoteIdentifier(name),
    is_string: isOf(/^(text|character|varchar|char)/, type),
    is_number: isOf(/^(smallint|integer|bigint|numeric|real|double|decimal)/, type),
    is_numeric: isOf(/^(numeric|decimal)/, type),
    is_integer: isOf(/^(smallint|integer|bigint)/, type),
    is_float: isOf(/^(real|double)/, type),
  });
}
