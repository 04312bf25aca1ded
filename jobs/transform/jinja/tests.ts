import { contains, isIterable, PythonSet, sizeOf, View } from "./collections.ts";
import { Decimal } from "./decimal.ts";
import { Markup, textOf } from "./markup.ts";
import { isLower, isUpper } from "./methods/text-tests.ts";
import { isNumber, isWhole } from "./numbers.ts";
import { applyOperator } from "./operators.ts";
import { compare, equals } from "./order.ts";
import type { Method } from "./signature.ts";
import { str } from "./text.ts";
import { callOf, Dict, Float, Thing, Undefined, type Value } from "./values.ts";

/** Whether a value is of a kind. */
const kind = (is: (value: Value) => boolean): Method<Value> => ["", (value) => is(value)];
const ordered = (holds: (order: number) => boolean): Method<Value> => [
  "other, /",
  (value, other) => holds(compare(value, other)),
];
const same: Method<Value> = ["other, /", (value, other) => equals(value, other)];
const differs: Method<Value> = ["other, /", (value, other) => !equals(value, other)];
const less = ordered((order) => order < 0);
const atMost = ordered((order) => order <= 0);
const greater = ordered((order) => order > 0);
const atLeast = ordered((order) => order >= 0);
const leaves = (value: Value, by: Value, rest: number) => equals(applyOperator("%", value, by), rest);

const isSequence = (value: Value) =>
  value instanceof Undefined || (sizeOf(value) !== undefined && !(value instanceof View || value instanceof PythonSet));

/** Python's `is`: the same thing, not one that is equal. */
function sameThing(value: Value, other: Value): boolean {
  if (isWhole(value) && isWhole(other)) return typeof value === typeof other && value === other;
  return value === other;
}

/** What stands after `is`. */
export const tests: Record<string, Method<Value>> = {
  "!=": differs,
  "<": less,
  "<=": atMost,
  "==": same,
  ">": greater,
  ">=": atLeast,
  boolean: kind((value) => typeof value === "boolean"),
  callable: kind((value) => callOf(value) !== undefined || (value instanceof Undefined && !value.refused)),
  defined: kind((value) => !(value instanceof Undefined)),
  divisibleby: ["num", (value, num) => leaves(value, num, 0)],
  eq: same,
  equalto: same,
  escaped: kind((value) => value instanceof Markup),
  even: kind((value) => leaves(value, 2, 0)),
  false: kind((value) => value === false),
  float: kind((value) => value instanceof Float),
  ge: atLeast,
  greaterthan: greater,
  gt: greater,
  in: ["seq", (value, container) => contains(container, value)],
  integer: kind((value) => typeof value === "number" || typeof value === "bigint"),
  iterable: kind(isIterable),
  le: atMost,
  lessthan: less,
  lower: kind((value) => isLower(str(value))),
  lt: less,
  mapping: kind((value) => value instanceof Dict || (value instanceof Thing && value.options.mapping === true)),
  ne: differs,
  none: kind((value) => value === null),
  number: kind((value) => isNumber(value) || value instanceof Decimal),
  odd: kind((value) => leaves(value, 2, 1)),
  sameas: ["other", sameThing],
  sequence: kind(isSequence),
  string: kind((value) => textOf(value) !== undefined),
  true: kind((value) => value === true),
  undefined: kind((value) => value instanceof Undefined),
  upper: kind((value) => isUpper(str(value))),
};
