import { type Compiler, publishedRelation } from "../project/compile.ts";
import type { Model, Relation } from "../project/types.ts";
import type { Standing } from "./catalog.ts";
import { currentRelation } from "./names.ts";
import { withQueries } from "./query.ts";
import type { Session } from "./session.ts";
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
  fullRefresh: boolean;
};

/** A model's query, reading what this build has made so far. */
export function compileModel(context: ModelContext, model: Model, incremental: boolean): Promise<string> {
  const { session, compiler, built, fullRefresh } = context;
  return withQueries(session, (query) =>
    compiler.renderModel(model, {
      relationOf: (name) => currentRelation(built, name),
      self: publishedRelation(model.name),
      ...{ incremental, fullRefresh, query },
    }),
  );
}
