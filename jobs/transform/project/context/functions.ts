import { ReturnSignal } from "../../jinja/execute.ts";
import { fromPlain, toPlain } from "../../jinja/plain.ts";
import { define } from "../../jinja/signature.ts";
import { str } from "../../jinja/text.ts";
import { utcMoment } from "../../jinja/times/module.ts";
import { isTrue } from "../../jinja/truth.ts";
import { callable, callOf, Dict, fail, isDict, type Keywords, Thing, type Value } from "../../jinja/values.ts";
import { adapterValue, loadRelation, type MacroFinder } from "./adapter.ts";
import { modulesValue } from "./modules.ts";
import { nodeValue } from "./node.ts";
import { plainNames } from "./plain-names.ts";
import { apiValue, relationValue } from "./relations.ts";
import type { ContextOptions, RenderScope } from "./scope.ts";
import { resultEntries, tableValue } from "./tables.ts";

type Names = Record<string, Value>;

/** What dbt gives templates and Barline does not. Named, so that using one is refused by name. */
const unsupportedNames = ["self", "selected_resources", "store_raw_result", "store_result", "submit_python_job"];

const text = (value: Value | undefined) => str(value ?? null);
const silent = (name: string, signature: string) => define(name, signature, () => "");

/** What dbt's functions need of the rendering that they are called in. */
export type Around = {
  find: MacroFinder;
  /** Renders what a variable says, which may be a template. */
  render(text: string): string;
};

/** dbt's functions and names, as they are while one text is rendered. */
export function dbtNames(options: ContextOptions, scope: RenderScope, { find, render }: Around): Names {
  const own: Names = {
    ...referenceNames(options, scope),
    ...runNames(options, scope, render),
    ...queryNames(scope),
    ...plainNames(),
    modules: modulesValue(options.now),
    adapter: adapterValue({ scope, find, database: options.database }),
    api: apiValue(),
    load_relation: loadRelation(scope, options.database),
    exceptions: exceptionNames(),
    context: new Thing("context", {}, { missing: () => fail("context is not supported yet") }),
    log: silent("log", "msg, info="),
    print: silent("print", "msg"),
    debug: silent("debug", ""),
    return: define("return", "data", (value) => {
      throw new ReturnSignal(value);
    }),
    ...(scope.graph ? { graph: scope.graph() } : { graph: unsupported("graph") }),
    ...Object.fromEntries(unsupportedNames.map((name) => [name, unsupported(name)])),
  };
  const { ref = null, source = null, config = null, var: variable = null } = own;
  return { ...own, builtins: new Thing("builtins", { ref, source, config, var: variable }) };
}

function unsupported(name: string): Thing {
  const refuse = () => fail(`${name} is not supported yet`);
  return new Thing(name, {}, { call: refuse, missing: refuse });
}

function readName(what: string, names: Value[], packages: string[], keywords: Keywords): string {
  for (const version of ["v", "version"]) {
    if (keywords.has(version)) return fail(`${what}() of a version (${version}=) is not supported yet`);
  }
  const [first, second] = names;
  if (names.length === 1 && typeof first === "string") return first;
  if (names.length === 2 && packages.includes(text(first))) return text(second);
  return fail("ref() takes the name of one model of this project or of an installed package");
}

function referenceNames(options: ContextOptions, scope: RenderScope): Names {
  const { database } = options;
  const config = (values: Keywords, args: Value[]) => {
    const [given] = args;
    if (args.length > 0 && !isDict(given ?? null)) return fail("config() takes named values");
    const all = {
      ...(toPlain(given ?? null) as object),
      ...Object.fromEntries([...values].map(([key, value]) => [key, toPlain(value)])),
    };
    scope.config(all);
    return "";
  };
  const known = scope.node?.config ?? {};
  const unchecked = (validator: Value) => validator === null || fail("the validator of a config is not supported");
  const get = define(
    "config.get",
    "name, default=, validator=",
    (name, fallback: Value = null, validator: Value = null) => {
      unchecked(validator);
      const value = known[text(name)] ?? (known.meta as Names | undefined)?.[text(name)];
      return value === undefined || value === null ? fallback : fromPlain(value);
    },
  );
  const require = define("config.require", "name, validator=", (name, validator: Value = null) => {
    unchecked(validator);
    const value = known[text(name)];
    return value === undefined
      ? scope.execute
        ? fail(`the config '${text(name)}' is required`)
        : ""
      : fromPlain(value);
  });
  return {
    ref: callable((names, keywords) => {
      return relationValue(scope.ref(readName("ref", names, options.packages, keywords)), database);
    }),
    source: define("source", "source_name, table_name, /", (source, table) =>
      relationValue(scope.source(text(source), text(table)), database),
    ),
    config: new Thing(
      "config",
      { get, require },
      {
        call: (args, keywords) => config(keywords, args),
        missing: (name) => fail(`config.${name} is not supported yet`),
      },
    ),
    ...(scope.self && { this: relationValue(scope.self, database) }),
    is_incremental: define("is_incremental", "", () => scope.incremental),
    should_full_refresh: define("should_full_refresh", "", () =>
      fromPlain(known.full_refresh ?? scope.fullRefresh ?? false),
    ),
    should_store_failures: define("should_store_failures", "", () => Boolean(known.store_failures)),
    doc: callable((names) => {
      const name = names.map(text).join(".");
      return options.docs.get(name) ?? fail(`there is no docs block '${name}'`);
    }),
    ...(scope.node && { model: nodeValue(scope.node, scope.self, options) }),
  };
}

const missing = (kind: string, key: string) => fail(`${kind} '${key}' has no value and no default`);

/** `var`: what is set, else what is given in its place, else a refusal. A text may be a template of its own. */
const variableOf = (variables: Record<string, unknown>, render: (text: string) => string) =>
  define("var", "var_name, default=", (name, fallback?: Value) => {
    const value = fromPlain(variables[text(name)]);
    if (Object.hasOwn(variables, text(name))) return typeof value === "string" ? render(value) : value;
    return fallback === undefined ? missing("var", text(name)) : fallback;
  });

const environmentOf = (environment: Record<string, string | undefined>) =>
  define("env_var", "var, default=", (name, fallback: Value = null) => {
    const value = environment[text(name)] ?? fallback;
    return value ?? missing("env_var", text(name));
  });

function runNames(options: ContextOptions, scope: RenderScope, render: (text: string) => string): Names {
  const variables = { ...options.variables(scope.package), ...scope.variables };
  const environment = { ...options.environment, ...scope.environment };
  const target: Names = {
    name: "warehouse",
    target_name: "warehouse",
    profile_name: "barline",
    schema: options.schema,
    type: "postgres",
    threads: 2,
  };
  const named = { ...target, database: options.database, dbname: options.database };
  const flags: Names = {
    ...{ FULL_REFRESH: scope.fullRefresh ?? false, STORE_FAILURES: false, WHICH: "build", EMPTY: false },
    ...{ DEBUG: false, FAIL_FAST: false, QUIET: false, WARN_ERROR: false, INTROSPECT: true, USE_COLORS: false },
    ...{ INDIRECT_SELECTION: "eager", PRINTER_WIDTH: 80, DEFER: false },
  };
  const has = define("var.has_var", "var_name", (name) => Object.hasOwn(variables, text(name)));
  const variable = variableOf(variables, render);
  return {
    execute: scope.execute,
    project_name: options.projectName,
    target: new Thing("target", named, {
      text: "warehouse",
      missing: (name) => fail(`target.${name} is not supported yet`),
    }),
    database: options.database,
    schema: options.schema,
    flags: new Thing("flags", flags, { missing: (name) => fail(`flags.${name} is not supported yet`) }),
    var: new Thing("var", { has_var: has }, { call: variable.call }),
    env_var: environmentOf(environment),
    invocation_id: options.invocationId,
    run_started_at: utcMoment(options.now()),
    dbt_version: "1.10.0",
    thread_id: "main",
  };
}

/** `run_query` and `{% call statement(…) %}`. */
function queryNames(scope: RenderScope): Names {
  /** None once it was loaded, which dbt allows once. */
  const results = new Map<string, Value>();
  const ask = (sql: string) =>
    scope.query ? scope.query.ask(sql) : fail("a query can only be run while a model is built or tested");
  const statement = (name: Value, fetched: Value, caller: Value | undefined): Value => {
    const sql = caller === undefined ? "" : str(callOf(caller)?.([], new Map()) ?? null);
    if (!scope.execute) return "";
    const found = ask(sql);
    if (name !== null) results.set(text(name), new Dict(resultEntries(found, isTrue(fetched))));
    return "";
  };
  return {
    run_query: define("run_query", "sql", (sql) => (scope.execute ? tableValue(ask(text(sql))) : null)),
    statement: define(
      "statement",
      "name=, fetch_result=, auto_begin=, language=, *, caller=",
      (name: Value = null, fetched: Value = false, _auto?: Value, language: Value = "sql", caller?: Value) =>
        language === "sql"
          ? statement(name, fetched, caller)
          : fail("statement() in another language than SQL is not supported"),
    ),
    load_result: define("load_result", "name", (name) => {
      const found = results.get(text(name));
      if (found === null) return fail(`the result '${text(name)}' was loaded before; keep it by {% set %}`);
      if (found !== undefined) results.set(text(name), null);
      return found ?? null;
    }),
  };
}

function exceptionNames(): Thing {
  const refuse = (name: string) => define(name, "msg, node=", (message) => fail(text(message)));
  const known: Names = {
    raise_compiler_error: refuse("raise_compiler_error"),
    raise_not_implemented: refuse("raise_not_implemented"),
    warn: silent("warn", "msg, node="),
  };
  return new Thing("exceptions", known, { missing: (name) => fail(`exceptions.${name} is not supported yet`) });
}
