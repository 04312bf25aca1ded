import type { Compiler, CompileScope } from "../project/compile.ts";
import { type Model, quoteIdentifier, quoteRelation, type Relation } from "../project/types.ts";
import type { Standing } from "./catalog.ts";
import { workRelation } from "./names.ts";
import type { Places } from "./places.ts";
import { renderHere } from "./query.ts";
import type { Session } from "./session.ts";
import type { ShardWork } from "./shards.ts";
import type { ModelAction } from "./types.ts";

/** A model in the course of a build. */
export type BuiltModel = {
  model: Model;
  action: ModelAction;
  rows: number | null;
  fingerprint: string;
  /** Where its rows are to be read until it is published. */
  relation: Relation;
  /** In an incremental build, the rows to be written and not yet in the table. */
  delta: Relation | undefined;
  /** The columns that an incremental build writes; all of the table where undefined. */
  columns?: string[];
  /** Unique indexes that stand on the rows, as sorted column names: they prove what a test would. */
  proven: string[][];
  /** Why the whole of an incremental model was built. */
  reason: string | undefined;
};

export type ModelContext = {
  session: Session;
  compiler: Compiler;
  standing: Map<string, Standing>;
  built: Map<string, BuiltModel>;
  places: Places;
  /** Schemas made for this build. */
  schemas: Set<string>;
  /** Of models and sources, the column that says when a row happened. */
  eventTimes: Map<string, string>;
  fullRefresh: boolean;
  /** Of a distributed warehouse. */
  shards: ShardWork | undefined;
  now(): Date;
};

/** A model's query, reading what this build has made so far. */
export function compileModel(
  context: ModelContext,
  model: Model,
  incremental: boolean,
  scope: CompileScope = {},
): Promise<string> {
  const { compiler, fullRefresh } = context;
  return renderHere(context, (query) => compiler.renderModel(model, { incremental, fullRefresh, query, ...scope }));
}

/** Where a model is to be built, its schema made. */
export async function openWork({ session, schemas }: ModelContext, model: Model): Promise<Relation> {
  const relation = workRelation(session.stage, model);
  if (!schemas.has(relation.schema)) {
    await session.run(`create schema if not exists ${quoteIdentifier(relation.schema)}`);
    schemas.add(relation.schema);
  }
  return relation;
}

/** Where what a model's name stands for is to be read in this build. */
export const placeOf = ({ compiler, places }: Pick<ModelContext, "compiler" | "places">, name: string): Relation => {
  const relation = compiler.relationOf(name);
  return places.of(relation ?? { schema: "", identifier: name });
};

export const isMoved = ({ relation, model }: BuiltModel) => quoteRelation(relation) !== quoteRelation(model.relation);
