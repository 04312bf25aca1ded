import { attribute, subscript } from "./attribute.ts";
import { contains, items } from "./collections.ts";
import { applyNamed } from "./filters/choosing.ts";
import { filters } from "./filters/filters.ts";
import { signed } from "./numbers.ts";
import { applyOperator, slice } from "./operators.ts";
import { compare, equals } from "./order.ts";
import type { Run, Scope } from "./scope.ts";
import type { Arguments, Expression } from "./syntax.ts";
import { tests } from "./tests.ts";
import { str } from "./text.ts";
import { isTrue } from "./truth.ts";
import { callOf, Dict, Float, fail, isDict, type Keywords, tuple, Undefined, type Value } from "./values.ts";

/** The value of an expression; a fault in it is thrown with `run.place` at it. */
export function evaluate(run: Run, scope: Scope, expression: Expression): Value {
  const of = (part: Expression) => evaluate(run, scope, part);
  run.place.line = expression.line;
  switch (expression.kind) {
    case "literal":
      return expression.float ? new Float(Number(expression.value)) : expression.value;
    case "name": {
      const value = scope.get(expression.name);
      return named(run, value === undefined ? new Undefined(expression.name) : value, expression);
    }
    case "list":
      return expression.items.map(of);
    case "tuple":
      return tuple(expression.items.map(of));
    case "dict":
      return new Dict(expression.entries.map(([key, value]): [Value, Value] => [of(key), of(value)]));
    case "attribute":
      return named(run, attribute(of(expression.of), expression.name), expression);
    case "item":
      return named(run, subscript(of(expression.of), of(expression.key)), expression);
    case "slice": {
      const part = (bound: Expression | undefined) => (bound ? of(bound) : null);
      return slice(of(expression.of), part(expression.start), part(expression.stop), part(expression.step));
    }
    case "call":
      return callValue(run, scope, expression);
    case "filter":
    case "test":
      return applyExpression(run, scope, expression);
    case "unary":
      return expression.operator === "not"
        ? !isTrue(of(expression.of))
        : signed(expression.operator, of(expression.of));
    case "binary":
      return applyBinary(expression.operator, of(expression.left), () => of(expression.right));
    case "comparison":
      return compareChain(run, scope, expression);
    case "condition":
      if (isTrue(of(expression.when))) return of(expression.value);
      return expression.otherwise ? of(expression.otherwise) : new Undefined("the value without an else");
  }
}

/** What is missing is told by all of its name, and refused where the file is one of ours. */
function named(run: Run, value: Value, expression: Expression): Value {
  if (!(value instanceof Undefined)) return value;
  const { path } = run.place;
  // A name that nothing has will have nothing when it is executed either; what a query gives is known only then.
  const chained = value.chained || (expression.kind !== "name" && run.parsed === path);
  return new Undefined(nameOf(expression) ?? value.name, run.refusesUndefined(path), chained);
}

function nameOf(expression: Expression): string | undefined {
  if (expression.kind === "name") return expression.name;
  if (expression.kind === "attribute") return `${nameOf(expression.of) ?? "this"}.${expression.name}`;
  if (expression.kind === "call") return `${nameOf(expression.of) ?? "this"}()`;
  if (expression.kind === "item" && expression.key.kind === "literal") {
    return `${nameOf(expression.of) ?? "this"}[${JSON.stringify(expression.key.value)}]`;
  }
  return undefined;
}

type Call = Extract<Expression, { kind: "call" }>;

/** Calls what an expression names; the place is the call's again when it is done. */
function callValue(run: Run, scope: Scope, expression: Call, extra?: Keywords): Value {
  const callee = evaluate(run, scope, expression.of);
  const { positional, keywords } = readArguments(run, scope, expression.args);
  for (const [name, value] of extra ?? []) keywords.set(name, value);
  if (callee instanceof Undefined) return callee.chained ? callee : fail(`'${callee.name}' is not defined`);
  const call = callOf(callee);
  if (!call) return fail(`'${nameOf(expression.of) ?? str(callee)}' is no macro and no function`);
  run.place.line = expression.line;
  const before = { ...run.place };
  const value = call(positional, keywords);
  Object.assign(run.place, before);
  return value;
}

/** The value of a `{% call %}`: the macro is given its block as `caller`. */
export function evaluateCall(run: Run, scope: Scope, expression: Expression, caller: Value): Value {
  if (expression.kind !== "call") return fail("{% call %} needs a macro to call");
  return callValue(run, scope, expression, new Map([["caller", caller]]));
}

function readArguments(run: Run, scope: Scope, args: Arguments): { positional: Value[]; keywords: Keywords } {
  const of = (part: Expression) => evaluate(run, scope, part);
  const positional = args.positional.flatMap(({ value, spread }) => (spread ? items(of(value)) : [of(value)]));
  const keywords: Keywords = new Map();
  const add = (name: string, value: Value) => {
    if (keywords.has(name)) fail(`'${name}' is given twice`);
    keywords.set(name, value);
  };
  for (const { name, value } of args.named) add(name, of(value));
  for (const part of args.spread) {
    const values = of(part);
    if (!isDict(values)) return fail("** needs a dict");
    for (const [key, value] of values) add(typeof key === "string" ? key : fail("** needs texts for names"), value);
  }
  return { positional, keywords };
}

function applyExpression(run: Run, scope: Scope, expression: Extract<Expression, { kind: "filter" | "test" }>): Value {
  const value = evaluate(run, scope, expression.of);
  const { positional, keywords } = readArguments(run, scope, expression.args);
  run.place.line = expression.line;
  const { kind, name } = expression;
  const found = applyNamed(kind, kind === "filter" ? filters : tests, name, value, positional, keywords);
  return kind === "test" && expression.negated ? !isTrue(found) : named(run, found, expression);
}

/** `and` and `or` give one of their sides, and look at the right one only where it matters. */
function applyBinary(operator: string, left: Value, right: () => Value): Value {
  if (operator === "and") return isTrue(left) ? right() : left;
  if (operator === "or") return isTrue(left) ? left : right();
  return applyOperator(operator, left, right());
}

function compareChain(run: Run, scope: Scope, expression: Extract<Expression, { kind: "comparison" }>): boolean {
  let left = evaluate(run, scope, expression.first);
  return expression.rest.every(({ operator, right: part }) => {
    const right = evaluate(run, scope, part);
    const holds = holdsBetween(operator, left, right);
    left = right;
    return holds;
  });
}

function holdsBetween(operator: string, left: Value, right: Value): boolean {
  switch (operator) {
    case "==":
      return equals(left, right);
    case "!=":
      return !equals(left, right);
    case "in":
      return contains(right, left);
    case "not in":
      return !contains(right, left);
    case "<":
      return compare(left, right) < 0;
    case "<=":
      return compare(left, right) <= 0;
    case ">":
      return compare(left, right) > 0;
    default:
      return compare(left, right) >= 0;
  }
}
