import { readFileSync } from "node:fs";
import { PermanentError } from "../../orchestrator/errors.ts";
import { bindMacro, execute, ReturnSignal } from "../jinja/execute.ts";
import { SyntaxFault } from "../jinja/lexer.ts";
import { parseTemplate } from "../jinja/parser.ts";
import { createScope, type Place, type Run } from "../jinja/scope.ts";
import type { Macro, Template } from "../jinja/syntax.ts";
import { fail, TemplateFault, Thing, type Value } from "../jinja/values.ts";
import { dbtNames } from "./context/functions.ts";
import type { ContextOptions, RenderScope } from "./context/scope.ts";
import { NeedsQuery } from "./context/tables.ts";
import { refuse, refuseUnsupported } from "./refusal.ts";

export type JinjaOptions = ContextOptions & {
  macros: { path: string; text: string }[];
  /** Of a file, whether what is not defined is refused in it: in ours dbt's silence would hide a mistake. Of none where left out. */
  refusesUndefined?(path: string): boolean;
};

export type Jinja = {
  render(text: string, scope: RenderScope): string;
  /** Macros of the project by name, with the file that each is from; generic tests as `test_<name>`. */
  macros: Map<string, { path: string; parameters: string[] }>;
};

/** Macros by which a project changes how dbt works. */
const reservedMacros =
  /^(generate_(schema|alias|database)_name|materialization_\w+|get_where_subquery|snapshot_\w+_strategy)$/;

const never = () => false;

type Known = { path: string; macro: Macro };

/** A renderer of dbt's Jinja, with dbt's functions and the project's macros. */
export function createJinja(options: JinjaOptions): Jinja {
  const templates = new Map<string, Template>();
  const parse = (text: string, line = 1): Template => {
    const key = `${line} ${text}`;
    const known = templates.get(key) ?? parseTemplate(text, line);
    templates.set(key, known);
    return known;
  };
  const builtIn = readBuiltIn();
  const own = readMacros(options.macros);
  refuseReserved(own, builtIn);
  return {
    macros: new Map(
      [...own].map(([name, { path, macro }]) => [
        name,
        { path, parameters: macro.parameters.map((part) => part.name) },
      ]),
    ),
    render(text, scope) {
      const place: Place = { path: scope.path, line: scope.line ?? 1 };
      try {
        // dbt gives back what has nothing of Jinja in it as it is, with the newline at its end.
        if (!/\{[{%#]|[#}%]\}/.test(text)) return text;
        const run: Run = {
          place,
          globals: createScope(),
          depth: 0,
          refusesUndefined: options.refusesUndefined ?? never,
          parsed: scope.execute ? undefined : scope.path,
        };
        const within = (inner: string, line?: number) =>
          execute(run, createScope(run.globals.get), parse(inner, line).body);
        fillGlobals(options, run, scope, { own, builtIn, render: within });
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

function readMacros(files: { path: string; text: string }[]): Map<string, Known> {
  const found = new Map<string, Known>();
  for (const { path, text } of files) {
    try {
      for (const macro of parseTemplate(text).macros) {
        const before = found.get(macro.name);
        if (before)
          throw new SyntaxFault(`the macro '${macro.name}' is there twice, also in ${before.path}`, macro.line);
        found.set(macro.name, { path, macro });
      }
    } catch (error) {
      throw explain(path, { path, line: 1 }, error);
    }
  }
  return found;
}

function readBuiltIn(): Map<string, Known> {
  const text = readFileSync(new URL("./context/cross-database.sql", import.meta.url), "utf8");
  return readMacros([{ path: "dbt", text }]);
}

/** `default__x` is what `adapter.dispatch('x')` finds; where x is dbt's own it would change dbt. */
function refuseReserved(own: Map<string, Known>, builtIn: Map<string, Known>): void {
  for (const [name, { path, macro }] of own) {
    const dispatched = /^(?:default|postgres)__(\w+)$/.exec(name)?.[1];
    if (!reservedMacros.test(name) && (dispatched === undefined || own.has(dispatched) || builtIn.has(dispatched)))
      continue;
    throw refuseUnsupported(`${path}:${macro.line}`, `the macro ${name}, which changes dbt itself,`);
  }
}

/** What a text sees: names of this rendering, the project's macros, dbt's functions, dbt's macros. */
function fillGlobals(
  options: ContextOptions,
  run: Run,
  scope: RenderScope,
  { own, builtIn, render }: { own: Map<string, Known>; builtIn: Map<string, Known>; render(text: string): string },
): void {
  const { globals } = run;
  const bind = ({ path, macro }: Known): Value => bindMacro(run, path, macro, globals);
  const bound = (macros: Map<string, Known>) => new Map([...macros].map(([name, known]) => [name, bind(known)]));
  const [dbtMacros, projectMacros] = [bound(builtIn), bound(own)];
  const find = (name: string) => projectMacros.get(name) ?? dbtMacros.get(name);
  const functions = dbtNames(options, scope, { find, render });
  const dbt = new Thing("dbt", new Map([...dbtMacros, ...Object.entries(functions)]), {
    missing: (name) => fail(`dbt.${name} is not supported yet`),
  });
  const all: Iterable<[string, Value]>[] = [dbtMacros, Object.entries(functions), projectMacros];
  for (const names of all) for (const [name, value] of names) globals.set(name, value);
  globals.set("dbt", dbt);
  globals.set(options.projectName, new Thing(options.projectName, projectMacros));
  for (const [name, value] of Object.entries(scope.names ?? {})) globals.set(name, value);
}
