import { createHash } from "node:crypto";
import type { Model, Relation } from "../project/types.ts";

/** Twelve digits that stand for a name which may be as long as Postgres allows. */
export const shortHash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);

const longestName = 63;

/**
 * What the schemas of builds begin with. Two builds at a time have two stages: who makes a schema that another makes as well waits until
 * that one ends.
 */
const stages = {
  market: "barline_build__",
  workspace: "barline_workspace__",
  workspaceCheck: "barline_check__",
} as const;
export type Stage = keyof typeof stages;

/** Where what is to be published in a schema is built; made and dropped in the build's transaction, so that nobody else sees it. */
export function buildSchema(stage: Stage, schema: string): string {
  const name = stages[stage] + schema;
  return name.length <= longestName ? name : `${stages[stage]}${shortHash(schema)}`;
}

/** Where a model is built before it is published: under its own name, as queries may go by it. */
export const workRelation = (stage: Stage, { relation }: Model): Relation => ({
  schema: buildSchema(stage, relation.schema),
  identifier: relation.identifier,
});

const helper = (schema: string, kind: string, { uniqueId }: Model): Relation => ({
  schema,
  identifier: `barline_${kind}_${shortHash(uniqueId)}`,
});

/** The keys by which a table is filled. */
export const keysRelation = (stage: Stage, model: Model) => helper(workRelation(stage, model).schema, "keys", model);

/** An empty table of a model's columns, and the function that answers a part of its rows; gone when the model is built. */
export const shapeRelation = (stage: Stage, model: Model) => helper(workRelation(stage, model).schema, "shape", model);
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

/** The same in a distributed warehouse, where no temporary table can be on the shards. */
export const distributedDelta = (stage: Stage, model: Model) =>
  helper(workRelation(stage, model).schema, "delta", model);
