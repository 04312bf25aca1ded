import { createHash } from "node:crypto";
import type { Jinja } from "./jinja.ts";
import { refuse } from "./refusal.ts";
import { type Model, quoteRelation, type Relation, type Source } from "./types.ts";

export type CompileScope = {
  /** Where a model stands while this is compiled: published, or built and not yet published. */
  relationOf(model: string): Relation;
  self?: Relation;
  incremental?: boolean;
  onDependency?(name: string): void;
  onConfig?(values: Record<string, unknown>): void;
};

export type Compiler = {
  /** Renders any text of the project to SQL, ephemeral models put before it. */
  render(path: string, text: string, scope: CompileScope): string;
  /** Where a source stands; undefined where the name is none of a source. */
  sourceRelation(name: string): Relation | undefined;
  /** A hash of all that decides a model's rows but the data: its full SQL, its config, and the same of what it reads. */
  fingerprint(model: Model): string;
};

type CompilerOptions = {
  jinja: Jinja;
  models: Model[];
  sources: Source[];
  /** Models that `ref` may name; more than `models` while these are still being read. */
  knownModels: Set<string>;
};

/** Where a model is published. */
export const publishedRelation = (model: string): Relation => ({ schema: "public", identifier: model });

const temporaryName = (model: string) => `__dbt__cte__${model}`;

/** Turns the project's files into SQL. */
export function createCompiler({ jinja, models, sources, knownModels }: CompilerOptions): Compiler {
  const byName = new Map(models.map((model) => [model.name, model]));
  const sourceByName = new Map(sources.map((source) => [source.name, source]));

  /** Renders one file alone, without the ephemeral models that it reads. */
  function renderBody(path: string, text: string, scope: CompileScope): string {
    return jinja.render(text, {
      path,
      self: scope.self,
      incremental: scope.incremental ?? false,
      config: (values) => scope.onConfig?.(values),
      ref: (name) => {
        if (!knownModels.has(name)) throw refuse(path, `reads the model '${name}', which is not in the project`);
        scope.onDependency?.(name);
        return byName.get(name)?.config.materialized === "ephemeral"
          ? temporaryName(name)
          : quoteRelation(scope.relationOf(name));
      },
      source: (source, table) => {
        const name = `${source}.${table}`;
        const found = sourceByName.get(name);
        if (!found) throw refuse(path, `reads the source '${name}', which no YAML file declares`);
        scope.onDependency?.(name);
        return quoteRelation(found.relation);
      },
    });
  }

  function needEphemeral(model: Model, scope: CompileScope, needed: Map<string, string>): void {
    if (needed.has(model.name)) return;
    for (const parent of model.dependsOn) {
      const found = byName.get(parent);
      if (found?.config.materialized === "ephemeral") needEphemeral(found, scope, needed);
    }
    const inner: CompileScope = { relationOf: scope.relationOf, self: publishedRelation(model.name) };
    needed.set(model.name, renderBody(model.path, model.text, inner));
  }

  function render(path: string, text: string, scope: CompileScope): string {
    const read = new Set<string>();
    const needed = new Map<string, string>();
    const onDependency = (name: string) => {
      read.add(name);
      scope.onDependency?.(name);
    };
    const body = renderBody(path, text, { ...scope, onDependency });
    for (const name of read) {
      const model = byName.get(name);
      if (model?.config.materialized === "ephemeral") needEphemeral(model, scope, needed);
    }
    if (needed.size === 0) return body.trim();
    // Around the whole query rather than merged into its own WITH: no SQL has to be parsed for that.
    const parts = [...needed].map(([name, sql]) => `${temporaryName(name)} as (\n${sql.trim()}\n)`);
    return `with ${parts.join(",\n")}\nselect * from (\n${body.trim()}\n) as compiled`;
  }

  function fingerprint(model: Model): string {
    const sql = render(model.path, model.text, { relationOf: publishedRelation, self: publishedRelation(model.name) });
    const { materialized, uniqueKey, indexes } = model.config;
    const parents = model.dependsOn.flatMap((name) => byName.get(name) ?? []).map(fingerprint);
    return createHash("sha256")
      .update(JSON.stringify([sql, materialized, uniqueKey, indexes, parents]))
      .digest("hex")
      .slice(0, 32);
  }

  return { render, fingerprint, sourceRelation: (name) => sourceByName.get(name)?.relation };
}
