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
const unsupportedNames = ["adapter", "run_query", "statement", "graph", "model", "builtins", "load_result", "modules"];
const unsupportedNamesMore = [
  "run_started_at",
  "invocation_id",
  "dbt_version",
  "flags",
  "store_result",
  "selected_resources",
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

/** nunjucks says where in its message and drops the class of what we threw, so the line is read from there. */
function explain(error: unknown, path: string, thrown: PermanentError | undefined): PermanentError {
  if (error instanceof PermanentError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const line = /\[Line (\d+)/.exec(message)?.[1];
  const where = line ? `${path}:${line}` : path;
  if (thrown) return refuse(where, thrown.message, error);
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

/** `this`, as templates see it. */
const selfValue = (relation: Relation) => ({
  schema: relation.schema,
  identifier: relation.identifier,
  name: relation.identifier,
  table: relation.identifier,
  toString: () => quoteRelation(relation),
});

/**
 * A renderer of dbt's Jinja: nunjucks with dbt's functions and the project's macros. Not shared between threads of control,
 * and it need not be: rendering is synchronous.
 */
export function createJinja(options: JinjaOptions): Jinja {
  const environment = new nunjucks.Environment(null, { autoescape: false, throwOnUndefined: true });
  let current: RenderScope | undefined;
  let thrown: PermanentError | undefined;

  const fail = (message: string): never => {
    thrown = new PermanentError(message);
    throw thrown;
  };
  const scope = (): RenderScope => current ?? fail("can only be used while a file is rendered");
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (error instanceof PermanentError) thrown ??= error;
      throw error;
    }
  };
  const define = (name: string, value: unknown) => environment.addGlobal(name, value);

  for (const [name, value] of [
    ["True", true],
    ["False", false],
    ["None", null],
    ["execute", true],
  ] as const)
    define(name, value);
  define("target", { name: "barline", schema: "public", type: "postgres", toString: () => "barline" });
  define("project_name", options.projectName);
  define("ref", (...names: unknown[]) =>
    guarded(() => {
      if (names.length === 1 && typeof names[0] === "string") return scope().ref(names[0]);
      if (names.length === 2 && names[0] === options.projectName) return scope().ref(String(names[1]));
      return fail("ref() takes the name of one model of this project");
    }),
  );
  define("source", (source: unknown, table: unknown) => guarded(() => scope().source(String(source), String(table))));
  define("config", (values: unknown) =>
    guarded(() => {
      if (!isKeywords(values)) return fail("config() takes named values");
      const { __keywords, ...rest } = values;
      scope().config(rest);
      return "";
    }),
  );
  define("is_incremental", () => scope().incremental);
  define("var", (name: string, fallback?: unknown) => {
    const value = options.variables[name] ?? (isKeywords(fallback) ? fallback.default : fallback);
    return value === undefined ? fail(`var '${name}' has no value and no default`) : value;
  });
  define("env_var", (name: string, fallback?: unknown) => {
    const value = options.environment[name] ?? (isKeywords(fallback) ? fallback.default : fallback);
    return value === undefined ? fail(`env_var '${name}' is not set and has no default`) : value;
  });
  define("log", () => "");
  define("exceptions", { raise_compiler_error: (message: string) => fail(message), warn: () => "" });
  for (const name of [...unsupportedNames, ...unsupportedNamesMore]) {
    define(
      name,
      new Proxy(() => {}, {
        apply: () => fail(`${name}() is not supported yet`),
        get: () => fail(`${name} is not supported yet`),
      }),
    );
  }
  environment.addFilter("as_bool", (value: unknown) => value === true || value === "true" || value === "True");
  environment.addFilter("as_number", Number);
  environment.addFilter("as_text", String);
  environment.addFilter("as_native", (value: unknown) => value);

  for (const macro of options.macros) defineMacros(environment, macro);

  return {
    render(text, renderScope) {
      current = renderScope;
      thrown = undefined;
      // `this` is nothing in a test, and undefined is what throwOnUndefined refuses.
      define("this", renderScope.self && selfValue(renderScope.self));
      try {
        return new nunjucks.Template(text, environment, renderScope.path, true).render({});
      } catch (error) {
        throw explain(error, renderScope.path, thrown);
      } finally {
        current = undefined;
      }
    },
  };
}

/** Makes the macros of one file known to all files, as dbt does. */
function defineMacros(environment: nunjucks.Environment, { path, text }: { path: string; text: string }): void {
  try {
    const template = new nunjucks.Template(text, environment, path, true) as ExportingTemplate;
    template.getExported({}, null, (error, exported) => {
      if (error) throw error;
      for (const [name, macro] of Object.entries(exported ?? {})) {
        if (reservedMacros.test(name)) throw refuseUnsupported(path, `the macro ${name}, which changes dbt itself,`);
        environment.addGlobal(name, macro);
      }
    });
  } catch (error) {
    throw explain(error, path, undefined);
  }
}
