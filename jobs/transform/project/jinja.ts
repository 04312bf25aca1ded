import { readFileSync } from "node:fs";
import { PermanentError } from "../../orchestrator/errors.ts";
import { bindMacro, execute, ReturnSignal } from "../jinja/execute.ts";
import { SyntaxFault } from "../jinja/lexer.ts";
import { parseTemplate } from "../jinja/parser.ts";
import { createScope, type Place, type Run, type Scope } from "../jinja/scope.ts";
import type { Macro, Template } from "../jinja/syntax.ts";
import { fail, TemplateFault, Thing, type Value } from "../jinja/values.ts";
import { type Attempt, strictly } from "./attempt.ts";
import type { MacroFinder } from "./context/adapter.ts";
import { dbtNames } from "./context/functions.ts";
import type { ContextOptions, RenderScope } from "./context/scope.ts";
import { NeedsQuery } from "./context/tables.ts";
import type { ProjectFile } from "./files.ts";
import { refuse, refuseUnsupported } from "./refusal.ts";

export type JinjaOptions = ContextOptions & {
  macros: Omit<ProjectFile, "place">[];
  /** Of a file, whether what is not defined is refused in it: in ours dbt's silence would hide a mistake. Of none where left out. */
  refusesUndefined?(path: string): boolean;
  /** Strictly where left out: else files whose macros cannot be read are left out. */
  attempt?: Attempt;
};

export type Jinja = {
  render(text: string, scope: RenderScope): string;
  /** A macro that a file of `from` calls by this name, with its package before it where it is another's; generic tests are `test_<name>`. */
  find(name: string, from: string): Found | undefined;
};
type Found = { package: string; path: string; parameters: string[] };

/** Macros by which a project changes how dbt works. */
const reservedMacros = /^(generate_database_name|materialization_\w+|get_where_subquery|snapshot_\w+_strategy)$/;

const never = () => false;

type Known = { path: string; macro: Macro };
type Macros = Map<string, Known>;
/** Macros by package and name; those of dbt itself under "dbt". */
type Library = Map<string, Macros>;

/** A renderer of dbt's Jinja, with dbt's functions and the macros of the project and its packages. */
export function createJinja(options: JinjaOptions): Jinja {
  const templates = new Map<string, Template>();
  const parse = (text: string, line = 1): Template => {
    const key = `${line} ${text}`;
    const known = templates.get(key) ?? parseTemplate(text, line);
    templates.set(key, known);
    return known;
  };
  const library = readLibrary(options);
  const { projectName } = options;
  return {
    find(name, from) {
      const [own, namespace] = name.split(".").reverse() as [string, string | undefined];
      const places = namespace === undefined ? [from, projectName] : [namespace];
      const found = places.find((place) => library.get(place)?.has(own));
      const known = found === undefined ? undefined : library.get(found)?.get(own);
      if (found === undefined || !known) return undefined;
      return { package: found, path: known.path, parameters: known.macro.parameters.map((part) => part.name) };
    },
    render(text, scope) {
      const place: Place = { path: scope.path, line: scope.line ?? 1 };
      try {
        // dbt gives back what has nothing of Jinja in it as it is, with the newline at its end.
        if (!/\{[{%#]|[#}%]\}/.test(text)) return text;
        const run: Run = {
          place,
          globals: createScope(),
          depth: 0,
          rounds: 0,
          refusesUndefined: options.refusesUndefined ?? never,
          parsed: scope.execute ? undefined : scope.path,
        };
        const within = (inner: string, line?: number) =>
          execute(run, createScope(run.globals.get), parse(inner, line).body);
        run.globals = openGlobals(options, run, scope, { library, render: within });
        return within(text, scope.line);
      } catch (error) {
        throw explain(scope.path, place, error);
      }
    },
  };
}

/** A template is at fault where it was when it stopped. */
function explain(path: string, place: Place, error: unknown): unknown {
  if (error instanceof NeedsQuery) return error;
  if (error instanceof SyntaxFault) return refuse(`${path}:${error.line}`, error.message, error);
  const where = `${place.path}:${place.line}`;
  if (error instanceof ReturnSignal) return refuse(where, "return() can only be used in a macro");
  if (error instanceof PermanentError) return refuse(where, error.message.replace(/^[^\s:]+: /, ""), error);
  if (error instanceof TemplateFault) return refuse(where, error.message, error);
  return error instanceof Error ? refuse(where, error.message, error) : error;
}

function readLibrary({ macros, packages, attempt = strictly }: JinjaOptions): Library {
  const text = readFileSync(new URL("./context/cross-database.sql", import.meta.url), "utf8");
  const builtIn = readMacros([{ path: "dbt", text }], strictly);
  const library: Library = new Map([["dbt", builtIn]]);
  for (const name of packages) {
    const own = readMacros(
      macros.filter((file) => file.package === name),
      attempt,
    );
    refuseReserved(own, builtIn, attempt);
    library.set(name, own);
  }
  return library;
}

function readMacros(files: { path: string; text: string }[], attempt: Attempt): Macros {
  const found: Macros = new Map();
  for (const { path, text } of files) attempt({ path }, () => readFile(path, text, found));
  return found;
}

function readFile(path: string, text: string, found: Macros): void {
  try {
    for (const macro of parseTemplate(text).macros) {
      const before = found.get(macro.name);
      if (before) throw new SyntaxFault(`the macro '${macro.name}' is there twice, also in ${before.path}`, macro.line);
      found.set(macro.name, { path, macro });
    }
  } catch (error) {
    throw explain(path, { path, line: 1 }, error);
  }
}

/** `default__x` is what `adapter.dispatch('x')` finds; where x is dbt's own it would change dbt. */
function refuseReserved(own: Macros, builtIn: Macros, attempt: Attempt): void {
  for (const [name, { path, macro }] of [...own]) {
    const dispatched = /^(?:default|postgres)__(\w+)$/.exec(name)?.[1];
    const replaces = dispatched !== undefined && builtIn.has(dispatched) && !own.has(dispatched);
    if (!reservedMacros.test(dispatched ?? name) && !replaces) continue;
    own.delete(name);
    attempt({ path }, () => {
      throw refuseUnsupported(`${path}:${macro.line}`, `the macro ${name}, which changes dbt itself,`);
    });
  }
}

/** What a text sees: names of this rendering, macros of its package and the project, dbt's functions and macros, the packages. */
function openGlobals(
  options: ContextOptions,
  run: Run,
  scope: RenderScope,
  { library, render }: { library: Library; render(text: string): string },
): Scope {
  const { packages, closed } = options;
  const isClosed = closed?.has(scope.package) ?? false;
  const projectName = isClosed ? scope.package : options.projectName;
  const dispatch = isClosed ? new Map<string, string[]>() : options.dispatch;
  const bound = new Map<Known, Value>();
  const bind = (known: Known | undefined): Value | undefined => {
    if (!known) return undefined;
    const macro = bound.get(known) ?? bindMacro(run, known.path, known.macro, globals);
    bound.set(known, macro);
    return macro;
  };
  const macroOf = (place: string, name: string) => bind(library.get(place)?.get(name));
  const find: MacroFinder = {
    dispatched(name, namespace) {
      const known = namespace !== undefined && namespace !== "dbt" && library.has(namespace);
      const order = namespace === undefined ? undefined : dispatch.get(namespace);
      const places = order ?? (known ? [projectName, namespace] : [scope.package, projectName, "dbt"]);
      for (const place of places) {
        const macro = macroOf(place, `postgres__${name}`) ?? macroOf(place, `default__${name}`);
        if (macro !== undefined) return macro;
      }
      return known ? undefined : macroOf("dbt", name);
    },
  };
  const functions = dbtNames(options, scope, { find, render });
  const namespaceOf = (name: string) => {
    const macros = [...(library.get(name) ?? [])].map(([own, known]): [string, Value] => [own, bind(known) ?? null]);
    if (name !== "dbt") return new Thing(name, new Map(macros));
    const missing = (own: string) => fail(`dbt.${own} is not supported yet`);
    return new Thing(name, new Map([...Object.entries(functions), ...macros]), { missing });
  };
  const lookUp = (name: string): Value | undefined => {
    const given = scope.names && Object.hasOwn(scope.names, name) ? scope.names[name] : undefined;
    if (given !== undefined) return given;
    const own = macroOf(scope.package, name) ?? macroOf(projectName, name);
    if (own !== undefined) return own;
    const known = Object.hasOwn(functions, name) ? functions[name] : undefined;
    return known ?? macroOf("dbt", name) ?? (name === "dbt" || packages.includes(name) ? namespaceOf(name) : undefined);
  };
  const found = new Map<string, Value | undefined>();
  const globals = createScope((name) => {
    if (!found.has(name)) found.set(name, lookUp(name));
    return found.get(name);
  });
  return globals;
}
