import { createHash } from "node:crypto";
import { utcMoment } from "../jinja/times/module.ts";
import type { Value } from "../jinja/values.ts";
import { relationValue } from "./context/relations.ts";
import type { NodeFacts, Query, RenderScope } from "./context/scope.ts";
import type { Jinja } from "./jinja.ts";
import { refuse } from "./refusal.ts";
import { type Model, quoteIdentifier, type Relation, type Source } from "./types.ts";

export type CompileScope = Pick<
  RenderScope,
  "line" | "fullRefresh" | "query" | "names" | "variables" | "environment" | "graph"
> & {
  /** The project or package that the text is of; the project where left out. */
  package?: string;
  /** What a model or source is to be read as; where it is published where left out. */
  relationOf?(model: string): Relation | undefined;
  /** What a model or source is to be read as, in SQL, instead of its relation. */
  replace?(name: string): string | undefined;
  self?: Relation;
  incremental?: boolean;
  /** False while the project is only read. */
  execute?: boolean;
  node?: NodeFacts;
  /** All that may be read; anything where left out. */
  known?: string[];
  /** Queries that stand for what is read, by name, in a unit test. */
  fixtures?: Map<string, string>;
  onDependency?(name: string): void;
  onConfig?(values: Record<string, unknown>): void;
};

export type Compiler = {
  /** Renders any text of the project to SQL, ephemeral models put before it. */
  render(path: string, text: string, scope: CompileScope): string;
  /** Renders a model's query. */
  renderModel(model: Model, scope: CompileScope): string;
  /** Where a model or source stands once all is published; undefined where the name is of neither. */
  relationOf(name: string): Relation | undefined;
  /** A hash of all that decides a model's rows but the data: its full SQL, its config, and the same of what it reads. */
  fingerprint(model: Model, query?: Query): string;
};

type CompilerOptions = {
  jinja: Jinja;
  models: Model[];
  sources: Source[];
  projectName: string;
  database: string;
  /** For `graph`. */
  graph?(): Value;
  /** Models that `ref` may name; more than `models` while these are still being read. */
  knownModels: Set<string>;
};

/** What a query reads that stands within the query itself. */
const temporaryName = (name: string) => `__dbt__cte__${name.replace(".", "__")}`;

export const factsOf = (model: Model): NodeFacts => ({
  name: model.name,
  uniqueId: model.uniqueId,
  package: model.package,
  fqn: model.fqn,
  resourceType: model.resourceType,
  path: model.path,
  config: { ...model.config.values, materialized: model.config.materialized },
  tags: model.config.tags,
});

/** Of each rendering different, and nothing that a model's rows should be built anew for. */
const timeless = { invocation_id: "", run_started_at: utcMoment(new Date(0)) };

/** Refs of a file are learned by rendering it, before there is anything to name. */
export const unknownRelation: Relation = { schema: "public", identifier: "unknown" };

/** Turns the project's files into SQL. */
export function createCompiler(options: CompilerOptions): Compiler {
  const { jinja, models, sources, knownModels, projectName } = options;
  const byName = new Map(models.map((model) => [model.name, model]));
  const sourceByName = new Map(sources.map((source) => [source.name, source]));
  const isEphemeral = (name: string) => byName.get(name)?.config.materialized === "ephemeral";

  const names = { byName, sourceByName, knownModels, isEphemeral };

  /** Renders one file alone, without what stands within the query. */
  const renderBody = (path: string, text: string, scope: CompileScope): string =>
    jinja.render(text, {
      ...{ path, package: projectName, ...(options.graph && { graph: options.graph }), ...givenIn(scope) },
      config: (values) => scope.onConfig?.(values),
      ...referencesIn(path, scope, names),
    });

  function needEphemeral(model: Model, scope: CompileScope, needed: Map<string, string>): void {
    if (needed.has(model.name)) return;
    for (const parent of model.dependsOn) {
      const found = byName.get(parent);
      if (found && isEphemeral(parent)) needEphemeral(found, scope, needed);
    }
    const { relationOf, query, names: replaced } = scope;
    const inner = { ...(relationOf && { relationOf }), ...(query && { query }), ...(replaced && { names: replaced }) };
    const own = { self: model.relation, package: model.package, node: factsOf(model) };
    needed.set(model.name, renderBody(model.path, model.text, { ...inner, ...own }));
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
      const fixture = scope.fixtures?.get(name);
      if (fixture !== undefined) needed.set(name, fixture);
      else if (model && isEphemeral(name)) needEphemeral(model, scope, needed);
    }
    const own = scope.fixtures?.get("this");
    if (own !== undefined && body.includes(temporaryName("this"))) needed.set("this", own);
    return needed.size === 0 ? body.trim() : wrap(body, needed);
  }

  const renderModel = (model: Model, scope: CompileScope) =>
    render(model.path, model.text, {
      ...{ line: model.line, node: factsOf(model), known: model.dependsOn },
      ...{ package: model.package, self: model.relation },
      ...scope,
    });

  const prefix = options.database && `${quoteIdentifier(options.database)}.`;
  const fingerprint = (model: Model, query?: Query) =>
    hashOf(model, { byName, renderModel, query, prefix, hashes: new Map() });
  const relationOf = (name: string) => byName.get(name)?.relation ?? sourceByName.get(name)?.relation;
  return { render, renderModel, fingerprint, relationOf };
}

type Names = {
  byName: ReadonlyMap<string, Model>;
  sourceByName: ReadonlyMap<string, Source>;
  knownModels: ReadonlySet<string>;
  isEphemeral(name: string): boolean;
};

/** What `ref` and `source` mean in one text. */
function referencesIn(path: string, scope: CompileScope, names: Names): Pick<RenderScope, "ref" | "source"> {
  const note = (name: string) => {
    if (scope.known && !scope.known.includes(name)) throw refuse(path, hiddenRead(name));
    scope.onDependency?.(name);
  };
  const given = (name: string) => {
    if (scope.fixtures && !scope.fixtures.has(name)) throw refuse(path, `reads '${name}', which is not given`);
    return scope.fixtures !== undefined;
  };
  const placeOf = (name: string, published: Relation) => scope.relationOf?.(name) ?? published;
  return {
    ref: (name) => {
      if (!names.knownModels.has(name)) throw refuse(path, `reads the model '${name}', which is not in the project`);
      note(name);
      const replaced = scope.replace?.(name);
      if (replaced !== undefined) return replaced;
      if (given(name) || names.isEphemeral(name)) return temporaryName(name);
      return placeOf(name, names.byName.get(name)?.relation ?? unknownRelation);
    },
    source: (source, table) => {
      const name = `${source}.${table}`;
      const found = names.sourceByName.get(name);
      if (!found) throw refuse(path, `reads the source '${name}', which no YAML file declares`);
      note(name);
      return scope.replace?.(name) ?? (given(name) ? temporaryName(name) : placeOf(name, found.relation));
    },
  };
}

/** What a scope says, without what it leaves out. */
function givenIn(scope: CompileScope) {
  const { execute = true, incremental = false, self, line, node, fullRefresh, query } = scope;
  return {
    ...{ self, incremental, execute },
    ...(scope.package !== undefined && { package: scope.package }),
    ...(scope.graph && { graph: scope.graph }),
    ...(line !== undefined && { line }),
    ...(node && { node }),
    ...(fullRefresh !== undefined && { fullRefresh }),
    ...(query && { query }),
    ...(scope.names && { names: scope.names }),
    ...(scope.variables && { variables: scope.variables }),
    ...(scope.environment && { environment: scope.environment }),
  };
}

/** Puts what a query needs before it: around the whole query rather than merged into its own WITH, as no SQL has to be parsed for that. */
function wrap(body: string, needed: ReadonlyMap<string, string>): string {
  const parts = [...needed].map(([name, sql]) => `${temporaryName(name)} as (\n${sql.trim()}\n)`);
  return `with ${parts.join(",\n")}\nselect * from (\n${body.trim()}\n) as compiled`;
}

type Hashing = Pick<Compiler, "renderModel"> & {
  byName: ReadonlyMap<string, Model>;
  query: Query | undefined;
  /** What stands before each relation, and is another where the warehouse moves. */
  prefix: string;
  /** Of what was rendered already: many ways may lead to one model. */
  hashes: Map<string, string>;
};

function hashOf(model: Model, hashing: Hashing): string {
  const { byName, renderModel, query, prefix, hashes } = hashing;
  const known = hashes.get(model.name);
  if (known !== undefined) return known;
  const scope = { names: timeless, ...(query && { query }) };
  const sql = model.resourceType === "seed" ? model.text : renderModel(model, scope);
  const { materialized, uniqueKey, indexes, seed } = model.config;
  const parents = model.dependsOn.flatMap((name) => byName.get(name) ?? []).map((parent) => hashOf(parent, hashing));
  const hash = createHash("sha256")
    .update(
      JSON.stringify([
        prefix ? sql.replaceAll(prefix, "") : sql,
        materialized,
        uniqueKey,
        indexes,
        parents,
        ...(seed ? [seed] : []),
      ]),
    )
    .digest("hex")
    .slice(0, 32);
  hashes.set(model.name, hash);
  return hash;
}

/** Read only while it is built: then it may not have been built before. dbt refuses it with the same advice. */
const hiddenRead = (name: string) =>
  `reads '${name}' only while it is built; write it outside of {% if execute %} too, as in '-- depends_on: {{ ref('${name}') }}'`;

/** `this` in a unit test: the rows that are given for it. */
export const fixtureOfThis = () => relationValue(temporaryName("this"), "");
