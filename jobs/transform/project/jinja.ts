import nunjucks from "nunjucks";
import { PermanentError } from "../../orchestrator/errors.ts";
import { refuse, refuseUnsupported } from "./refusal.ts";
import { quoteRelation, type Relation } from "./types.ts";

/** What `ref`, `source`, `config` and the like mean while one file is rendered. */
export type RenderScope = {
  path: string;
  /** The relation that the file defines; undefined in tests. */
  self: Relation | undefined;
  incremental: boolean;
  ref(name: string): string;
  source(source: string, table: string): string;
  config(values: Record<string, unknown>): void;
};

export type JinjaOptions = {
  macros: { path: string; text: string }[];
  /** `vars` of the project and what the caller sets over them. */
  variables: Record<string, unknown>;
  /** What `env_var` may read. */
  environment: Record<string, string | undefined>;
  projectName: string;
};

export type Jinja = { render(text: string, scope: RenderScope): string };

/** What dbt gives templates and Barline does not. Named, so that using one is refused by name. */
const unsupportedNames = [
  "adapter",
  "builtins",
  "dbt_version",
  "flags",
  "graph",
  "invocation_id",
  "load_result",
  "model",
  "modules",
  "run_query",
  "run_started_at",
  "selected_resources",
  "statement",
  "store_result",
];
/** Macros by which a project changes how dbt works. */
const reservedMacros = /^(generate_(schema|alias|database)_name|(default|postgres)__\w+|materialization_\w+)$/;

type ExportingTemplate = nunjucks.Template & {
  getExported(
    context: object,
    parent: null,
    done: (error: Error | null, exported?: Record<string, unknown>) => void,
  ): void;
};

const isKeywords = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && "__keywords" in value;

type Fault = { path: string; error: unknown; thrown: PermanentError | undefined; line: number | undefined };

/** nunjucks says where in its message and drops the class of what we threw, so both are put together again here. */
function explain({ path, error, thrown, line }: Fault): PermanentError {
  if (error instanceof PermanentError) return error;
  const where = line === undefined ? path : `${path}:${line}`;
  if (thrown) return refuse(where, thrown.message.replace(`${path}: `, ""), error);
  const message = error instanceof Error ? error.message : String(error);
  const tag = /unknown block tag: (\w+)/.exec(message)?.[1];
  if (tag) return refuseUnsupported(where, `the Jinja block {% ${tag} %}`);
  const text =
    message
      .split("\n")
      .at(-1)
      ?.trim()
      .replace(/^((Template render )?Error: )+/, "") ?? message;
  return refuse(where, text, error);
}

/** nunjucks counts lines from 1 while it parses; from 0 while it renders, and then leaves out the first. */
function lineOf(error: unknown, phase: "parse" | "render"): number | undefined {
  const stated = /\[Line (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
  if (phase === "parse") return stated === undefined ? undefined : Number(stated);
  return Number(stated ?? 0) + 1;
}

/** `this`, as templates see it. */
const selfValue = (relation: Relation) => ({
  schema: relation.schema,
  identifier: relation.identifier,
  name: relation.identifier,
  table: relation.identifier,
  toString: () => quoteRelation(relation),
});

/** What dbt's functions have to know about the file that is being rendered. */
type RenderState = { scope: RenderScope | undefined; thrown: PermanentError | undefined };

/**
 * A renderer of dbt's Jinja: nunjucks with dbt's functions and the project's macros. It keeps which file it is at, and may, as
 * rendering is synchronous.
 */
export function createJinja(options: JinjaOptions): Jinja {
  const environment = new nunjucks.Environment(null, { autoescape: false, throwOnUndefined: true });
  const state: RenderState = { scope: undefined, thrown: undefined };
  for (const [name, value] of Object.entries(dbtFunctions(options, state))) environment.addGlobal(name, value);
  for (const [name, filter] of Object.entries(dbtFilters)) environment.addFilter(name, filter);
  for (const macro of options.macros) defineMacros(environment, macro);
  return {
    render(text, scope) {
      const { path } = scope;
      state.scope = scope;
      state.thrown = undefined;
      // There is no `this` in a test, and undefined is what throwOnUndefined refuses.
      environment.addGlobal("this", scope.self && selfValue(scope.self));
      const template = parse(environment, path, text);
      try {
        return template.render({});
      } catch (error) {
        throw explain({ path, error, thrown: state.thrown, line: lineOf(error, "render") });
      } finally {
        state.scope = undefined;
      }
    },
  };
}

function parse(environment: nunjucks.Environment, path: string, text: string): nunjucks.Template {
  try {
    return new nunjucks.Template(text, environment, path, true);
  } catch (error) {
    throw explain({ path, error, thrown: undefined, line: lineOf(error, "parse") });
  }
}

const dbtFilters = {
  as_bool: (value: unknown) => value === true || value === "true" || value === "True",
  as_number: Number,
  as_text: String,
  as_native: (value: unknown) => value,
};

function dbtFunctions(options: JinjaOptions, state: RenderState): Record<string, unknown> {
  const fail = (message: string): never => {
    state.thrown ??= new PermanentError(message);
    throw state.thrown;
  };
  /** Runs what may refuse; nunjucks keeps only the message of what passes through it. */
  const inScope = <T>(work: (scope: RenderScope) => T): T => {
    try {
      return work(state.scope ?? fail("this can only be used while a file is rendered"));
    } catch (error) {
      if (error instanceof PermanentError) state.thrown ??= error;
      throw error;
    }
  };
  const lookUp = (kind: string, values: Record<string, unknown>) => (name: string, fallback?: unknown) => {
    const value = values[name] ?? (isKeywords(fallback) ? fallback.default : fallback);
    return value === undefined ? fail(`${kind} '${name}' has no value and no default`) : value;
  };
  const unsupported = unsupportedNames.map((name) => {
    const refuseName = () => fail(`${name} is not supported yet`);
    return [name, new Proxy(() => {}, { apply: refuseName, get: refuseName })];
  });
  return {
    True: true,
    False: false,
    None: null,
    execute: true,
    project_name: options.projectName,
    target: { name: "barline", schema: "public", type: "postgres", toString: () => "barline" },
    ref: (...names: unknown[]) =>
      inScope((scope) => {
        const [first, second] = names;
        if (names.length === 1 && typeof first === "string") return scope.ref(first);
        if (names.length === 2 && first === options.projectName) return scope.ref(String(second));
        return fail("ref() takes the name of one model of this project");
      }),
    source: (source: unknown, table: unknown) => inScope((scope) => scope.source(String(source), String(table))),
    config: (values: unknown) =>
      inScope((scope) => {
        if (!isKeywords(values)) return fail("config() takes named values");
        const { __keywords, ...rest } = values;
        scope.config(rest);
        return "";
      }),
    is_incremental: () => inScope((scope) => scope.incremental),
    var: lookUp("var", options.variables),
    env_var: lookUp("env_var", options.environment),
    log: () => "",
    exceptions: { raise_compiler_error: (message: string) => fail(message), warn: () => "" },
    ...Object.fromEntries(unsupported),
  };
}

/** Makes the macros of one file known to all files, as dbt does. */
function defineMacros(environment: nunjucks.Environment, { path, text }: { path: string; text: string }): void {
  const template = parse(environment, path, text) as ExportingTemplate;
  template.getExported({}, null, (error, exported) => {
    if (error) throw explain({ path, error, thrown: undefined, line: lineOf(error, "render") });
    for (const [name, macro] of Object.entries(exported ?? {})) {
      if (reservedMacros.test(name)) throw refuseUnsupported(path, `the macro ${name}, which changes dbt itself,`);
      environment.addGlobal(name, macro);
    }
  });
}
