import {
  callOf,
  compare,
  contains,
  equals,
  Float,
  fail,
  isDict,
  isNumber,
  numberOf,
  str,
  Undefined,
  type Value,
} from "./values.ts";

/** `value is test(args)`. */
export type Test = (value: Value, args: Value[]) => boolean;

const settled = (value: Value): Value => (value instanceof Undefined ? fail(`'${value.name}' is not defined`) : value);
const other = ([value]: Value[]) => value ?? null;
const ordered =
  (holds: (order: number) => boolean): Test =>
  (value, args) =>
    holds(compare(settled(value), other(args)));
const isSequence = (value: Value) => typeof value === "string" || Array.isArray(value) || isDict(value);

const same: Test = (value, args) => equals(settled(value), other(args));
const differs: Test = (value, args) => !equals(settled(value), other(args));
const less = ordered((order) => order < 0);
const greater = ordered((order) => order > 0);

export const tests: Record<string, Test> = {
  "!=": differs,
  "<": less,
  "<=": ordered((order) => order <= 0),
  "==": same,
  ">": greater,
  ">=": ordered((order) => order >= 0),
  boolean: (value) => typeof value === "boolean",
  callable: (value) => callOf(value) !== undefined,
  defined: (value) => !(value instanceof Undefined),
  divisibleby: (value, args) => numberOf(value) % numberOf(other(args)) === 0,
  eq: same,
  equalto: same,
  even: (value) => numberOf(value) % 2 === 0,
  false: (value) => value === false,
  float: (value) => value instanceof Float,
  ge: ordered((order) => order >= 0),
  greaterthan: greater,
  gt: greater,
  in: (value, args) => contains(other(args), value),
  integer: (value) => typeof value === "number",
  iterable: (value) => isSequence(value),
  le: ordered((order) => order <= 0),
  lessthan: less,
  lower: (value) => str(value) === str(value).toLowerCase(),
  lt: less,
  mapping: (value) => isDict(value),
  ne: differs,
  none: (value) => value === null,
  number: (value) => isNumber(value) || typeof value === "boolean",
  odd: (value) => Math.abs(numberOf(value) % 2) === 1,
  sameas: (value, args) => value === other(args),
  sequence: (value) => isSequence(value),
  string: (value) => typeof value === "string",
  true: (value) => value === true,
  undefined: (value) => value instanceof Undefined,
  upper: (value) => str(value) === str(value).toUpperCase(),
};
