/*
 * Jinja2, in an interpreter of our own: parser.ts reads a template, this file runs it, and values.ts has what it computes with.
 * A library was tried first. nunjucks is near to Jinja2 and yet another language: an empty list is true, a `set` leaks out of
 * its loop, two names are both given the whole of a tuple, None prints nothing, 1.0 is 1, and there are no `do`, no namespace,
 * no varargs and no `return`. None of it is an error, so a project that dbt builds would be built otherwise, silently; and its
 * lines, which a refusal has to name, are off by one or missing.
 */

import { evaluate, evaluateCall } from "./evaluate.ts";
import { createScope, type Run, type Scope } from "./scope.ts";
import type { Macro, Parameter, Statement, Target } from "./syntax.ts";
import {
  type Callable,
  callable,
  fail,
  isTrue,
  items,
  type Keywords,
  str,
  Thing,
  Tuple,
  type Value,
} from "./values.ts";

/** How `return(…)` leaves a macro with a value that is no text. */
export class ReturnSignal {
  constructor(readonly value: Value) {}
}

/** Macros that call each other without end are told before the stack is. */
const deepest = 200;

/** What a body prints. */
export function execute(run: Run, scope: Scope, body: Statement[]): string {
  return body.map((statement) => executeOne(run, scope, statement)).join("");
}

function executeOne(run: Run, scope: Scope, statement: Statement): string {
  run.place.line = statement.line;
  switch (statement.kind) {
    case "text":
      return statement.value;
    case "print":
      return print(run, statement.line, evaluate(run, scope, statement.value));
    case "do":
      evaluate(run, scope, statement.value);
      return "";
    case "set":
      assign(scope, statement.target, evaluate(run, scope, statement.value));
      return "";
    case "setBlock": {
      const text = execute(run, scope.inner(), statement.body);
      assign(scope, statement.target, filtered(run, scope, statement.filters, text));
      return "";
    }
    case "if": {
      const branch = statement.branches.find(({ when }) => !when || isTrue(evaluate(run, scope, when)));
      return branch ? execute(run, scope, branch.body) : "";
    }
    case "for":
      return executeFor(run, scope, statement);
    case "macro":
      scope.set(statement.macro.name, bindMacro(run, run.place.path, statement.macro, scope));
      return "";
    case "call": {
      const caller = bindBody(run, { ...statement, name: "caller" }, scope);
      return print(run, statement.line, evaluateCall(run, scope, statement.value, caller));
    }
    case "filterBlock":
      return str(filtered(run, scope, statement.filters, execute(run, scope.inner(), statement.body)));
  }
}

function print(run: Run, line: number, value: Value): string {
  run.place.line = line;
  return str(value);
}

function filtered(
  run: Run,
  scope: Scope,
  filters: Extract<Statement, { kind: "setBlock" }>["filters"],
  text: string,
): Value {
  if (!filters) return text;
  const inner = scope.inner();
  inner.set("caller", text);
  return evaluate(run, inner, filters);
}

function assign(scope: Scope, target: Target, value: Value): void {
  if (target.kind === "attribute") {
    const of = scope.get(target.of);
    if (!(of instanceof Thing) || of.label !== "namespace") fail(`'${target.of}' is no namespace()`);
    else of.attributes.set(target.name, value);
    return;
  }
  const [first = ""] = target.names;
  if (target.single) {
    scope.set(first, value);
    return;
  }
  const values = items(value);
  if (values.length !== target.names.length) {
    fail(`${values.length} values cannot be given to ${target.names.length} names`);
  }
  for (const [index, name] of target.names.entries()) scope.set(name, values[index] ?? null);
}

function executeFor(run: Run, scope: Scope, statement: Extract<Statement, { kind: "for" }>): string {
  const { target, when } = statement;
  const chosen = items(evaluate(run, scope, statement.over)).filter((value) => {
    if (!when) return true;
    const inner = scope.inner();
    assign(inner, target, value);
    return isTrue(evaluate(run, inner, when));
  });
  if (chosen.length === 0) return execute(run, scope.inner(), statement.otherwise);
  let printed = "";
  for (const [index, value] of chosen.entries()) {
    const inner = scope.inner();
    inner.set("loop", loopValue(chosen, index));
    assign(inner, target, value);
    printed += execute(run, inner, statement.body);
  }
  return printed;
}

/** `loop` within a `for`. */
function loopValue(list: Value[], index: number): Thing {
  const { length } = list;
  const values: [string, Value | undefined][] = [
    ["index", index + 1],
    ["index0", index],
    ["revindex", length - index],
    ["revindex0", length - index - 1],
    ["first", index === 0],
    ["last", index === length - 1],
    ["length", length],
    ["depth", 1],
    ["depth0", 0],
    ["previtem", list[index - 1]],
    ["nextitem", list[index + 1]],
    ["cycle", callable((args) => args[index % args.length] ?? null)],
  ];
  const known = values.filter((entry): entry is [string, Value] => entry[1] !== undefined);
  return new Thing("loop", new Map(known));
}

/** A macro that can be called, within what it can see. */
export function bindMacro(run: Run, path: string, macro: Macro, outer: Scope): Callable {
  return bindBody(run, macro, outer, path);
}

type Body = { name: string; line: number; parameters: Parameter[]; body: Statement[] };

function bindBody(run: Run, macro: Body, outer: Scope, path = run.place.path): Callable {
  return callable((args, keywords) => {
    if (run.depth >= deepest) return fail(`'${macro.name}' calls itself without end`);
    run.depth++;
    try {
      const scope = createScope(outer.get);
      Object.assign(run.place, { path, line: macro.line });
      bindArguments(run, scope, macro, args, new Map(keywords));
      return execute(run, scope, macro.body);
    } catch (thrown) {
      if (thrown instanceof ReturnSignal) return thrown.value;
      throw thrown;
    } finally {
      run.depth--;
    }
  });
}

function bindArguments(run: Run, scope: Scope, macro: Body, args: Value[], keywords: Keywords): void {
  for (const [index, { name, fallback }] of macro.parameters.entries()) {
    const given = index < args.length ? args[index] : keywords.get(name);
    keywords.delete(name);
    if (given !== undefined) scope.set(name, given);
    else if (fallback) scope.set(name, evaluate(run, scope, fallback));
  }
  const caller = keywords.get("caller");
  keywords.delete("caller");
  if (caller !== undefined) scope.set("caller", caller);
  const uses = usesOf(macro);
  const extra = args.slice(macro.parameters.length);
  if (extra.length > 0 && !uses.varargs) {
    fail(`'${macro.name}' takes ${macro.parameters.length} values, and is given ${args.length}`);
  }
  const [unknown] = keywords.keys();
  if (unknown !== undefined && !uses.kwargs) fail(`'${macro.name}' takes no value named '${unknown}'`);
  scope.set("varargs", Tuple.from<Value>(extra));
  scope.set("kwargs", new Map(keywords));
}

const usesByBody = new WeakMap<Statement[], { varargs: boolean; kwargs: boolean }>();

/** Whether a body speaks of `varargs` and `kwargs`: only then may it be given more than it names. */
function usesOf({ body }: Body): { varargs: boolean; kwargs: boolean } {
  const known = usesByBody.get(body);
  if (known) return known;
  const text = JSON.stringify(body);
  const speaksOf = (name: string) => text.includes(`"name":"${name}"`);
  const uses = { varargs: speaksOf("varargs"), kwargs: speaksOf("kwargs") };
  usesByBody.set(body, uses);
  return uses;
}
