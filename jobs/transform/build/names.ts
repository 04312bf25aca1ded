import { createHash } from "node:crypto";
import { publishedRelation } from "../project/compile.ts";
import type { Relation } from "../project/types.ts";

/** Twelve digits that stand for a name which may be as long as Postgres allows. */
export const shortHash = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);

/** Where a model is built before it is published; uncommitted, so that nobody else can see it. */
export const workRelation = (name: string): Relation => ({
  schema: "public",
  identifier: `barline_build_${shortHash(name)}`,
});

/** The keys by which a table is filled. */
export const keysRelation = (name: string): Relation => ({
  schema: "public",
  identifier: `barline_keys_${shortHash(name)}`,
});

/** An empty table of a model's columns, and the function that answers a part of its rows; gone when the model is built. */
export const shapeRelation = (name: string): Relation => ({
  schema: "public",
  identifier: `barline_shape_${shortHash(name)}`,
});
export const partFunction = (name: string): Relation => ({
  schema: "pg_temp",
  identifier: `barline_part_${shortHash(name)}`,
});

/** Where rows wait that are to be written into a table. */
export const deltaRelation = (name: string): Relation => ({
  schema: "pg_temp",
  identifier: `barline_delta_${shortHash(name)}`,
});

/** Where a model is to be read in this build. */
export function currentRelation(built: Map<string, { relation: Relation }>, name: string): Relation {
  return built.get(name)?.relation ?? publishedRelation(name);
}
