/*
 * Jinja2, in an interpreter of our own: parser.ts reads a template, this file runs it, and values.ts has what it computes with.
 * A library was tried first. nunjucks is near to Jinja2 and yet another language: an empty list is true, a `set` leaks out of
 * its loop, two names are both given the whole of a tuple, None prints nothing, 1.0 is 1, and there are no `do`, no namespace,
 * no varargs and no `return`. None of it is an error, so a project that dbt builds would be built otherwise, silently; and its
 * lines, which a refusal has to name, are off by one or missing.
 */

import { items } from "./collections.ts";
import { evaluate, evaluateCall } from "./evaluate.ts";
import { Loop, LoopSignal } from "./loop.ts";
import { createScope, type Run, type Scope } from "./scope.ts";
import type { Macro, Parameter, Statement, Target } from "./syntax.ts";
import { str } from "./text.ts";
import { isTrue } from "./truth.ts";
import { type Callable, callable, Dict, fail, type Keywords, Thing, tuple, Undefined, type Value } from "./values.ts";

/** How `return(…)` leaves a macro with a value that is no text. */
export class ReturnSignal {
  constructor(readonly value: Value) {}
}

/** Macros that call each other without end are told before the stack is. */
const deepest = 200;

/** So are loops: nothing else of the process goes on meanwhile. */
const mostRounds = 1_000_000;

/** What a body prints. */
export function execute(run: Run, scope: Scope, body: Statement[]): string {
  const out: string[] = [];
  try {
    executeInto(run, scope, body, out);
  } catch (thrown) {
    if (thrown instanceof LoopSignal) return fail(`{% ${thrown.kind} %} stands in no loop`);
    throw thrown;
  }
  return out.join("");
}

function executeInto(run: Run, scope: Scope, body: Statement[], out: string[]): void {
  for (const statement of body) executeOne(run, scope, statement, out);
}

function executeOne(run: Run, scope: Scope, statement: Statement, out: string[]): void {
  run.place.line = statement.line;
  switch (statement.kind) {
    case "text":
      out.push(statement.value);
      return;
    case "print":
      out.push(print(run, statement.line, evaluate(run, scope, statement.value)));
      return;
    case "do":
      evaluate(run, scope, statement.value);
      return;
    case "set":
      assign(scope, statement.target, evaluate(run, scope, statement.value));
      return;
    case "setBlock": {
      const text = execute(run, scope.inner(), statement.body);
      assign(scope, statement.target, filtered(run, scope, statement.filters, text));
      return;
    }
    case "if": {
      const branch = statement.branches.find(({ when }) => !when || isTrue(evaluate(run, scope, when)));
      if (branch) executeInto(run, scope, branch.body, out);
      return;
    }
    case "for":
      executeFor(run, scope, statement, out, { over: evaluate(run, scope, statement.over), depth: 0 });
      return;
    case "break":
    case "continue":
      throw new LoopSignal(statement.kind);
    case "with":
      executeWith(run, scope, statement, out);
      return;
    case "macro":
      // dbt hides a macro from the file that it stands in: what calls it finds that of the project.
      scope.set(`dbt_macro__${statement.macro.name}`, bindMacro(run, run.place.path, statement.macro, scope));
      return;
    case "call": {
      const caller = bindBody(run, { ...statement, name: "caller" }, scope);
      out.push(print(run, statement.line, evaluateCall(run, scope, statement.value, caller)));
      return;
    }
    case "filterBlock":
      out.push(str(filtered(run, scope, statement.filters, execute(run, scope.inner(), statement.body))));
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
  if (target.kind === "name") {
    scope.set(target.name, value);
    return;
  }
  if (target.kind === "attribute") {
    const of = scope.get(target.of);
    if (!(of instanceof Thing) || of.label !== "namespace") fail(`'${target.of}' is no namespace()`);
    else of.attributes.set(target.name, value);
    return;
  }
  const values = items(value);
  if (values.length !== target.targets.length) {
    fail(`${values.length} values cannot be given to ${target.targets.length} names`);
  }
  for (const [index, part] of target.targets.entries()) assign(scope, part, values[index] ?? null);
}

/** The values see what is around, and not each other. */
function executeWith(run: Run, scope: Scope, statement: Extract<Statement, { kind: "with" }>, out: string[]): void {
  const inner = scope.inner();
  for (const { target, value } of statement.values) assign(inner, target, evaluate(run, scope, value));
  executeInto(run, inner, statement.body, out);
}

type For = Extract<Statement, { kind: "for" }>;

function executeFor(
  run: Run,
  scope: Scope,
  statement: For,
  out: string[],
  { over, depth }: { over: Value; depth: number },
): void {
  const { target, when, line } = statement;
  const again = callable(([inner = null]) => {
    const printed: string[] = [];
    executeFor(run, scope, statement, printed, { over: inner, depth: depth + 1 });
    return printed.join("");
  });
  const loop = new Loop(
    when ? chosen(run, scope, statement, over) : over,
    depth,
    statement.recursive ? again : undefined,
  );
  let found = loop.next();
  if (found.done) executeInto(run, scope.inner(), statement.otherwise, out);
  for (; !found.done; found = loop.next()) {
    if (++run.rounds > mostRounds) fail(`its loops go round more than ${mostRounds} times`);
    const inner = scope.inner();
    inner.set("loop", loop);
    run.place.line = line;
    assign(inner, target, found.value);
    try {
      executeInto(run, inner, statement.body, out);
    } catch (thrown) {
      if (!(thrown instanceof LoopSignal)) throw thrown;
      if (thrown.kind === "break") break;
    }
  }
}

/** What a `for … if …` goes through. */
function chosen(run: Run, scope: Scope, { target, when }: For, over: Value): Value {
  if (!when) return over;
  return items(over).filter((value) => {
    const inner = scope.inner();
    assign(inner, target, value);
    return isTrue(evaluate(run, inner, when));
  });
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
    // One that is given by its place and its name is left over below, and refused.
    const given = index < args.length ? args[index] : keywords.get(name);
    if (index >= args.length) keywords.delete(name);
    if (given !== undefined) scope.set(name, given);
    else scope.set(name, fallback ? evaluate(run, scope, fallback) : new Undefined(name));
  }
  const uses = usesOf(macro);
  const caller = keywords.get("caller");
  keywords.delete("caller");
  if (caller !== undefined && !uses.caller) fail(`'${macro.name}' does nothing with the block of a {% call %}`);
  if (caller !== undefined) scope.set("caller", caller);
  const extra = args.slice(macro.parameters.length);
  if (extra.length > 0 && !uses.varargs) {
    fail(`'${macro.name}' takes ${macro.parameters.length} values, and is given ${args.length}`);
  }
  const [unknown] = keywords.keys();
  if (unknown !== undefined && !uses.kwargs) fail(`'${macro.name}' takes no value named '${unknown}'`);
  if (uses.varargs) scope.set("varargs", tuple(extra));
  if (uses.kwargs) scope.set("kwargs", new Dict(keywords));
}

type Uses = { varargs: boolean; kwargs: boolean; caller: boolean };
const usesByBody = new WeakMap<Statement[], Uses>();

/** Whether a body speaks of `varargs`, `kwargs` and `caller`: only then may it be given more than it names. */
function usesOf({ body }: Body): Uses {
  const known = usesByBody.get(body);
  if (known) return known;
  const text = JSON.stringify(body, (_, value) => (typeof value === "bigint" ? String(value) : value));
  const speaksOf = (name: string) => text.includes(`"name":"${name}"`);
  const uses = { varargs: speaksOf("varargs"), kwargs: speaksOf("kwargs"), caller: speaksOf("caller") };
  usesByBody.set(body, uses);
  return uses;
}
