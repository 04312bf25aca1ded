import { createHash } from "node:crypto";
import { parse, stringify } from "yaml";
import { ReturnSignal } from "../../jinja/execute.ts";
import {
  callable,
  fail,
  fromPlain,
  isDict,
  isTrue,
  items,
  type Keywords,
  numberOf,
  str,
  Thing,
  Tuple,
  toPlain,
  type Value,
} from "../../jinja/values.ts";
import { adapterValue } from "./adapter.ts";
import { modulesValue, timeValue } from "./modules.ts";
import { relationValue } from "./relations.ts";
import type { ContextOptions, RenderScope } from "./scope.ts";
import { tableValue } from "./tables.ts";

type Names = Record<string, Value>;

/** What dbt gives templates and Barline does not. Named, so that using one is refused by name. */
const unsupportedNames = [
  "graph",
  "load_relation",
  "selected_resources",
  "store_raw_result",
  "store_result",
  "submit_python_job",
];

const text = (value: Value | undefined) => str(value ?? null);
const silent = callable(() => "");

/** dbt's functions and names, as they are while one text is rendered. */
export function dbtNames(
  options: ContextOptions,
  scope: RenderScope,
  find: (name: string) => Value | undefined,
): Names {
  const own: Names = {
    ...referenceNames(options, scope),
    ...runNames(options, scope),
    ...queryNames(scope),
    ...plainNames(),
    modules: modulesValue(options.now),
    adapter: adapterValue({ scope, find, database: options.database }),
    exceptions: exceptionNames(),
    log: silent,
    print: silent,
    debug: silent,
    return: callable(([value]) => {
      throw new ReturnSignal(value ?? null);
    }),
    ...Object.fromEntries(unsupportedNames.map((name) => [name, unsupported(name)])),
  };
  const { ref = null, source = null, config = null, var: variable = null } = own;
  return { ...own, builtins: new Thing("builtins", { ref, source, config, var: variable }) };
}

function unsupported(name: string): Thing {
  const refuse = () => fail(`${name} is not supported yet`);
  return new Thing(name, {}, { call: refuse, missing: refuse });
}

function readName(what: string, names: Value[], projectName: string, keywords: Keywords): string {
  for (const version of ["v", "version"]) {
    if (keywords.has(version)) return fail(`${what}() of a version (${version}=) is not supported yet`);
  }
  const [first, second] = names;
  if (names.length === 1 && typeof first === "string") return first;
  if (names.length === 2 && first === projectName) return text(second);
  return fail("ref() takes the name of one model of this project");
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
  const get = callable(([name, fallback], keywords) => {
    const value = known[text(name)] ?? (known.meta as Names | undefined)?.[text(name)];
    return value === undefined || value === null ? (fallback ?? keywords.get("default") ?? null) : fromPlain(value);
  });
  const require = callable(([name]) => {
    const value = known[text(name)];
    return value === undefined
      ? scope.execute
        ? fail(`the config '${text(name)}' is required`)
        : ""
      : fromPlain(value);
  });
  return {
    ref: callable((names, keywords) => {
      const found = scope.ref(readName("ref", names, options.projectName, keywords));
      return typeof found === "string" ? new Thing("relation", {}, { text: found }) : relationValue(found, database);
    }),
    source: callable(([source, table]) => relationValue(scope.source(text(source), text(table)), database)),
    config: new Thing(
      "config",
      { get, require },
      {
        call: (args, keywords) => config(keywords, args),
        missing: (name) => fail(`config.${name} is not supported yet`),
      },
    ),
    ...(scope.self && { this: relationValue(scope.self, database) }),
    is_incremental: callable(() => scope.incremental),
    should_full_refresh: callable(() => scope.fullRefresh ?? false),
    should_store_failures: callable(() => Boolean(known.store_failures)),
    doc: callable(([name]) => options.docs.get(text(name)) ?? fail(`there is no docs block '${text(name)}'`)),
    ...(scope.node && { model: nodeValue(scope, options) }),
  };
}

function nodeValue({ node, self }: RenderScope, options: ContextOptions): Value {
  return fromPlain({
    name: node?.name,
    alias: self?.identifier ?? node?.name,
    schema: self?.schema ?? "public",
    database: options.database,
    unique_id: node?.uniqueId,
    resource_type: node?.resourceType,
    original_file_path: node?.path,
    path: node?.path.replace(/^[^/]*\//, ""),
    package_name: options.projectName,
    config: node?.config,
    tags: node?.tags,
  });
}

/** `var` and `env_var`: what is set, else what is given in its place, else a refusal. */
function lookUp(kind: string, missing: string, find: (name: string) => unknown): Value {
  return callable(([name, fallback], keywords) => {
    const key = text(name);
    const value = find(key);
    if (value !== undefined) return fromPlain(value);
    const given = fallback === undefined ? keywords.get("default") : fallback;
    return given === undefined ? fail(`${kind} '${key}' ${missing}`) : given;
  });
}

function runNames(options: ContextOptions, scope: RenderScope): Names {
  const variables = { ...options.variables, ...scope.variables };
  const environment = { ...options.environment, ...scope.environment };
  const target: Names = {
    name: "warehouse",
    target_name: "warehouse",
    profile_name: "barline",
    schema: "public",
    type: "postgres",
    threads: 2,
  };
  const named = { ...target, database: options.database, dbname: options.database };
  const flags: Names = { FULL_REFRESH: scope.fullRefresh ?? false, STORE_FAILURES: false, WHICH: "build" };
  const has = callable(([name]) => text(name) in variables);
  const variable = lookUp("var", "has no value and no default", (name) => variables[name]);
  return {
    execute: scope.execute,
    project_name: options.projectName,
    target: new Thing("target", named, {
      text: "warehouse",
      missing: (name) => fail(`target.${name} is not supported yet`),
    }),
    database: options.database,
    schema: "public",
    flags: new Thing("flags", flags, { missing: (name) => fail(`flags.${name} is not supported yet`) }),
    var: new Thing("var", { has_var: has }, { call: (args, keywords) => call(variable, args, keywords) }),
    env_var: lookUp("env_var", "has no value and no default", (name) => environment[name]),
    invocation_id: options.invocationId,
    run_started_at: timeValue(options.now()),
    dbt_version: "1.10.0",
    thread_id: "main",
  };
}

const call = (value: Value, args: Value[], keywords: Keywords): Value =>
  typeof value === "object" && value !== null && "call" in value ? value.call(args, keywords) : null;

/** `run_query` and `{% call statement(…) %}`. */
function queryNames(scope: RenderScope): Names {
  const results = new Map<string, Value>();
  const ask = (sql: string): Value => {
    if (!scope.execute) return null;
    return scope.query
      ? tableValue(scope.query(sql))
      : fail("a query can only be run while a model is built or tested");
  };
  return {
    run_query: callable(([sql]) => ask(text(sql))),
    statement: callable(([name], keywords) => {
      const caller = keywords.get("caller");
      const table = ask(caller === undefined ? "" : str(call(caller, [], new Map())));
      if (typeof name === "string" && table instanceof Thing) {
        const rows = table.attributes.get("rows") ?? null;
        const data = items(rows).map((row): Value => Tuple.from<Value>(items(row)));
        results.set(
          name,
          new Map<Value, Value>([
            ["table", table],
            ["data", data],
          ]),
        );
      }
      return "";
    }),
    load_result: callable(([name]) => results.get(text(name)) ?? null),
  };
}

function exceptionNames(): Thing {
  const refuse = callable(([message]) => fail(text(message)));
  const known: Names = { raise_compiler_error: refuse, raise_not_implemented: refuse, warn: silent };
  return new Thing("exceptions", known, { missing: (name) => fail(`exceptions.${name} is not supported yet`) });
}

function range(args: Value[]): Value {
  const [first = 0, second, step = 1] = args.map(numberOf);
  const [from, to] = second === undefined ? [0, first] : [first, second];
  return Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, index) => from + index * step);
}

function zip(lists: Value[]): Value {
  const all = lists.map(items);
  const length = Math.min(...all.map((list) => list.length));
  return Array.from({ length }, (_, index) => Tuple.from<Value>(all.map((list) => list[index] ?? null)));
}

const orFallback = (work: () => Value, fallback: Value | undefined): Value => {
  try {
    return work();
  } catch {
    return fallback ?? null;
  }
};

/** What Jinja and dbt give every template, wherever it stands. */
function plainNames(): Names {
  const distinct = (list: Value | undefined) => [...new Set(items(list ?? null))];
  return {
    range: callable(range),
    dict: callable(
      ([from], keywords) =>
        new Map<Value, Value>([...(isDict(from ?? null) ? (from as Map<Value, Value>) : []), ...keywords]),
    ),
    namespace: callable((_, keywords) => new Thing("namespace", new Map(keywords))),
    set: callable(([list]) => distinct(list)),
    set_strict: callable(([list]) => distinct(list)),
    zip: callable((lists) => zip(lists)),
    zip_strict: callable((lists) => zip(lists)),
    tojson: callable(([value]) => JSON.stringify(toPlain(value ?? null))),
    fromjson: callable(([value, fallback]) => orFallback(() => fromPlain(JSON.parse(text(value))), fallback)),
    toyaml: callable(([value]) => stringify(toPlain(value ?? null))),
    fromyaml: callable(([value, fallback]) => orFallback(() => fromPlain(parse(text(value))), fallback)),
    local_md5: callable(([value]) => createHash("md5").update(text(value)).digest("hex")),
    context: new Thing("context", {}, { missing: () => fail("context is not supported yet") }),
    as_bool: callable(([value]) => isTrue(value ?? null)),
  };
}
