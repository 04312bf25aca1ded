import { filters } from "./filters.ts";
import { attribute } from "./methods.ts";
import { applyOperator, item, slice } from "./operators.ts";
import type { Run, Scope } from "./scope.ts";
import type { Arguments, Expression } from "./syntax.ts";
import { tests } from "./tests.ts";
import {
  callOf,
  compare,
  contains,
  equals,
  Float,
  fail,
  isDict,
  isTrue,
  items,
  type Keywords,
  numberOf,
  str,
  Tuple,
  Undefined,
  type Value,
} from "./values.ts";

/** The value of an expression; a fault in it is thrown with `run.place` at it. */
export function evaluate(run: Run, scope: Scope, expression: Expression): Value {
  const of = (part: Expression) => evaluate(run, scope, part);
  run.place.line = expression.line;
  switch (expression.kind) {
    case "literal":
      return expression.float ? new Float(Number(expression.value)) : expression.value;
    case "name":
      return defined(scope.get(expression.name), expression.name);
    case "list":
      return expression.items.map(of);
    case "tuple":
      return Tuple.from<Value>(expression.items.map(of));
    case "dict":
      return new Map(expression.entries.map(([key, value]): [Value, Value] => [of(key), of(value)]));
    case "attribute":
      return named(attribute(of(expression.of), expression.name), expression);
    case "item":
      return subscript(of(expression.of), of(expression.key));
    case "slice": {
      const part = (bound: Expression | undefined) => (bound ? of(bound) : null);
      return slice(of(expression.of), part(expression.start), part(expression.stop), part(expression.step));
    }
    case "call":
      return callValue(run, scope, expression);
    case "filter":
      return applyFilter(run, scope, expression);
    case "test":
      return applyTest(run, scope, expression);
    case "unary":
      return applyUnary(expression.operator, of(expression.of));
    case "binary":
      return applyBinary(expression.operator, of(expression.left), () => of(expression.right));
    case "comparison":
      return compareChain(run, scope, expression);
    case "condition":
      if (isTrue(of(expression.when))) return of(expression.value);
      return expression.otherwise ? of(expression.otherwise) : new Undefined("the value without an else", true);
  }
}

const defined = (value: Value | undefined, name: string): Value => (value === undefined ? new Undefined(name) : value);

/** What is missing is told by all of its name. */
function named(value: Value, expression: Expression): Value {
  return value instanceof Undefined ? new Undefined(nameOf(expression)) : value;
}

function nameOf(expression: Expression): string {
  if (expression.kind === "name") return expression.name;
  if (expression.kind === "attribute") return `${nameOf(expression.of)}.${expression.name}`;
  if (expression.kind === "call") return `${nameOf(expression.of)}()`;
  return "this";
}

function subscript(of: Value, key: Value): Value {
  if (of instanceof Undefined) return fail(`'${of.name}' is not defined`);
  const found = item(of, key);
  return found instanceof Undefined && typeof key === "string" && !isDict(of) ? attribute(of, key) : found;
}

type Call = Extract<Expression, { kind: "call" }>;

/** Calls what an expression names; the place is the call's again when it is done. */
function callValue(run: Run, scope: Scope, expression: Call, extra?: Keywords): Value {
  const callee = evaluate(run, scope, expression.of);
  const { positional, keywords } = readArguments(run, scope, expression.args);
  for (const [name, value] of extra ?? []) keywords.set(name, value);
  if (callee instanceof Undefined) return fail(`'${callee.name}' is not defined`);
  const call = callOf(callee);
  if (!call) return fail(`'${nameOf(expression.of)}' is no macro and no function`);
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
  const keywords: Keywords = new Map(args.named.map(({ name, value }) => [name, of(value)]));
  for (const part of args.spread) {
    const values = of(part);
    if (!isDict(values)) return fail("** needs a dict");
    for (const [key, value] of values) keywords.set(str(key), value);
  }
  return { positional, keywords };
}

function applyFilter(run: Run, scope: Scope, expression: Extract<Expression, { kind: "filter" }>): Value {
  const value = evaluate(run, scope, expression.of);
  const { positional, keywords } = readArguments(run, scope, expression.args);
  run.place.line = expression.line;
  const { name } = expression;
  const filter = Object.hasOwn(filters, name) ? filters[name] : undefined;
  return filter ? filter(value, positional, keywords) : fail(`there is no filter '${name}'`);
}

function applyTest(run: Run, scope: Scope, expression: Extract<Expression, { kind: "test" }>): Value {
  const value = evaluate(run, scope, expression.of);
  const { positional } = readArguments(run, scope, expression.args);
  run.place.line = expression.line;
  const { name } = expression;
  const test = Object.hasOwn(tests, name) ? tests[name] : undefined;
  return test ? test(value, positional) !== expression.negated : fail(`there is no test '${name}'`);
}

function applyUnary(operator: "not" | "-" | "+", value: Value): Value {
  if (operator === "not") return !isTrue(value);
  const sign = operator === "-" ? -1 : 1;
  return value instanceof Float ? new Float(sign * value.value) : sign * numberOf(value);
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
