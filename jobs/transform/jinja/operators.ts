import { alike, bounds } from "./collections.ts";
import { formatPercent } from "./formatting/percent.ts";
import { calculate, isWhole, numberOf } from "./numbers.ts";
import { characters, repr, str } from "./text.ts";
import { Dict, fail, NativeValue, Tuple, tuple, typeOf, Undefined, type Value } from "./values.ts";

/** More than any template means; it would take the memory of the process. */
const longestRepetition = 10_000_000;

/** `left operator right`, as Python has it. */
export function applyOperator(operator: string, left: Value, right: Value): Value {
  if (operator === "~") return str(left) + str(right);
  if (operator === "%" && typeof left === "string") return formatPercent(left, right);
  for (const side of [left, right]) if (side instanceof Undefined) fail(`'${side.name}' is not defined`);
  const found =
    calculate(operator, left, right) ??
    (left instanceof NativeValue ? left.operate(operator, right, false) : undefined) ??
    (right instanceof NativeValue ? right.operate(operator, left, true) : undefined) ??
    (operator === "+" ? add(left, right) : operator === "*" ? repeat(left, right) : undefined);
  if (found !== undefined) return found;
  const advice =
    operator === "+" && [left, right].some((side) => typeof side === "string") ? "; ~ puts texts together" : "";
  return fail(
    `${repr(left)} ${operator} ${repr(right)} has no meaning between ${typeOf(left)} and ${typeOf(right)}${advice}`,
  );
}

function add(left: Value, right: Value): Value | undefined {
  if (typeof left === "string" && typeof right === "string") return left + right;
  if (!Array.isArray(left) || !Array.isArray(right)) return undefined;
  if (left instanceof Tuple !== right instanceof Tuple) return undefined;
  return alike(left, [...left, ...right]);
}

function repeat(left: Value, right: Value): Value | undefined {
  if (isWhole(left)) return isWhole(right) ? undefined : repeat(right, left);
  if (!isWhole(right)) return undefined;
  const times = Math.max(numberOf(right), 0);
  if (typeof left !== "string" && !Array.isArray(left)) return undefined;
  if (left.length * times > longestRepetition) return fail(`${times} times ${left.length} is too much`);
  if (typeof left === "string") return left.repeat(times);
  return alike(left, Array.from({ length: times }, () => [...left]).flat());
}

/** `of[start:stop:step]`. */
export function slice(of: Value, start: Value, stop: Value, step: Value): Value {
  // As for an index that a list cannot have, Jinja2 gives what is not defined.
  if ([start, stop, step].some((bound) => bound !== null && !isWhole(bound)) && !(of instanceof Undefined)) {
    return new Undefined(`${typeOf(of)}[:]`);
  }
  if (of instanceof NativeValue) {
    return of.slice(start, stop, step) ?? fail(`a ${of.type} cannot be sliced`);
  }
  if (of instanceof Undefined) return fail(`'${of.name}' is not defined`);
  if (typeof of !== "string" && !Array.isArray(of)) return new Undefined(`${typeOf(of)}[:]`);
  const source: Value[] = typeof of === "string" ? characters(of) : of;
  const [from, to, by] = bounds(source.length, start, stop, step);
  const found: Value[] = [];
  for (let index = from; by > 0 ? index < to : index > to; index += by) found.push(source[index] ?? null);
  return typeof of === "string" ? found.join("") : of instanceof Tuple ? tuple(found) : found;
}

/** `of[key]`; undefined where there is nothing. */
export function item(of: Value, key: Value): Value | undefined {
  if (of instanceof Dict) return of.get(key);
  if (of instanceof NativeValue) return of.item(key);
  if ((Array.isArray(of) || typeof of === "string") && isWhole(key)) {
    return (typeof of === "string" ? characters(of) : of).at(Number(key));
  }
  return undefined;
}
