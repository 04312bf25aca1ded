import { createHash } from "node:crypto";
import type { Model, Relation } from "../project/types.ts";

/** Twelve digits that stand for a name which may be as long as Postgres allows. */
export const shortHash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);

const longestName = 63;
const mark = "barline_build__";

/** Where what is to be published in a schema is built; made and dropped in the build's transaction, so that nobody else sees it. */
export function buildSchema(schema: string): string {
  const name = mark + schema;
  return name.length <= longestName ? name : `${mark}${shortHash(schema)}`;
}

/** Where a model is built before it is published: under its own name, as queries may go by it. */
export const workRelation = ({ relation }: Model): Relation => ({
  schema: buildSchema(relation.schema),
  identifier: relation.identifier,
});

const helper = (schema: string, kind: string, { uniqueId }: Model): Relation => ({
  schema,
  identifier: `barline_${kind}_${shortHash(uniqueId)}`,
});

/** The keys by which a table is filled. */
export const keysRelation = (model: Model) => helper(workRelation(model).schema, "keys", model);

/** An empty table of a model's columns, and the function that answers a part of its rows; gone when the model is built. */
export const shapeRelation = (model: Model) => helper(workRelation(model).schema, "shape", model);
export const partFunction = (model: Model) => helper("pg_temp", "part", model);

/** Where rows wait that are to be written into a table. */
export const deltaRelation = (model: Model) => helper("pg_temp", "delta", model);

/** An index's name, which no other in its schema has: PostgreSQL looks for a free one only where an index is made, not where it is moved to. */
export function indexName(
  { relation }: Model,
  index: { columns: string[]; unique: boolean; type: string | undefined },
): string {
  const hash = shortHash(JSON.stringify([relation, index]));
  return `${relation.identifier.slice(0, longestName - hash.length - 1)}_${hash}`;
}
