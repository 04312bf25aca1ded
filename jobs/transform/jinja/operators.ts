import {
  callOf,
  Float,
  fail,
  isDict,
  isNumber,
  numberOf,
  repr,
  str,
  Thing,
  Tuple,
  Undefined,
  type Value,
} from "./values.ts";

/** A number that is whole unless one of its sources was not. */
const numberLike = (value: number, ...from: Value[]): Value =>
  from.some((source) => source instanceof Float) ? new Float(value) : value;

/** Python's `%` between a text and its values: `%s`, `%d`, `%f`, with width and precision. */
function formatPercent(text: string, values: Value): string {
  const list = values instanceof Tuple ? [...values] : [values];
  let next = 0;
  const take = (): Value => list[next++] ?? null;
  return text.replace(
    /%(?:\((\w+)\))?(0?)(\d*)(?:\.(\d+))?([sdifr%])/g,
    (_, key: string, zero: string, width: string, precision: string, kind: string) => {
      if (kind === "%") return "%";
      const value = key && isDict(values) ? (values.get(key) ?? null) : take();
      const plain =
        kind === "s"
          ? str(value)
          : kind === "r"
            ? repr(value)
            : kind === "f"
              ? numberOf(value).toFixed(precision ? Number(precision) : 6)
              : String(Math.trunc(numberOf(value)));
      return plain.padStart(Number(width || 0), zero || " ");
    },
  );
}

/** `left operator right`, as Python has it. */
export function applyOperator(operator: string, left: Value, right: Value): Value {
  for (const side of [left, right]) if (side instanceof Undefined) fail(`'${side.name}' is not defined`);
  if (operator === "~") return str(left) + str(right);
  if (left instanceof Thing) return applyOwn(operator, left, right);
  if (operator === "+" && !isArithmetic(left, right)) return add(left, right);
  if (operator === "*" && !isArithmetic(left, right)) return repeat(left, right);
  if (operator === "%" && typeof left === "string") return formatPercent(left, right);
  if (!isArithmetic(left, right)) return fail(`${repr(left)} ${operator} ${repr(right)} has no meaning`);
  const [a, b] = [numberOf(left), numberOf(right)];
  if (b === 0 && ["/", "//", "%"].includes(operator)) return fail("division by zero");
  switch (operator) {
    case "+":
      return numberLike(a + b, left, right);
    case "-":
      return numberLike(a - b, left, right);
    case "*":
      return numberLike(a * b, left, right);
    case "/":
      return new Float(a / b);
    case "//":
      return numberLike(Math.floor(a / b), left, right);
    case "%":
      return numberLike(a - b * Math.floor(a / b), left, right);
    case "**":
      return b < 0 ? new Float(a ** b) : numberLike(a ** b, left, right);
    default:
      return fail(`the operator ${operator} is not known`);
  }
}

/** A date knows what a span added to it is. */
function applyOwn(operator: string, left: Thing, right: Value): Value {
  const own = left.attributes.get(operator === "+" ? "__add__" : operator === "-" ? "__sub__" : "");
  const call = own && callOf(own);
  return call ? call([right], new Map()) : fail(`${repr(left)} ${operator} ${repr(right)} has no meaning`);
}

const isArithmetic = (left: Value, right: Value) =>
  (isNumber(left) || typeof left === "boolean") && (isNumber(right) || typeof right === "boolean");

function add(left: Value, right: Value): Value {
  if (typeof left === "string" && typeof right === "string") return left + right;
  if (left instanceof Tuple && right instanceof Tuple) return Tuple.from<Value>([...left, ...right]);
  if (Array.isArray(left) && Array.isArray(right)) return [...left, ...right];
  return fail(`${repr(left)} + ${repr(right)} has no meaning; ~ puts texts together`);
}

function repeat(left: Value, right: Value): Value {
  if (typeof left === "string" && typeof right === "number") return left.repeat(Math.max(right, 0));
  if (Array.isArray(left) && typeof right === "number") return Array.from({ length: right }, () => left).flat();
  return fail(`${repr(left)} * ${repr(right)} has no meaning`);
}

/** `of[start:stop:step]`. */
export function slice(of: Value, start: Value, stop: Value, step: Value): Value {
  if (typeof of !== "string" && !Array.isArray(of)) return fail(`${repr(of)} cannot be sliced`);
  const source: Value[] = [...of];
  const by = step === null ? 1 : numberOf(step);
  if (by === 0) return fail("a slice needs a step that is not zero");
  const { length } = source;
  const bound = (value: Value, missing: number) => {
    if (value === null) return missing;
    const index = numberOf(value) < 0 ? numberOf(value) + length : numberOf(value);
    return by > 0 ? Math.min(Math.max(index, 0), length) : Math.min(Math.max(index, -1), length - 1);
  };
  const from = bound(start, by > 0 ? 0 : length - 1);
  const to = bound(stop, by > 0 ? length : -1);
  const found: Value[] = [];
  for (let index = from; by > 0 ? index < to : index > to; index += by) found.push(source[index] ?? null);
  return typeof of === "string" ? found.join("") : of instanceof Tuple ? Tuple.from(found) : found;
}

/** `of[key]`; Undefined where there is nothing. */
export function item(of: Value, key: Value): Value {
  if (isDict(of)) return of.get(key) ?? (of.has(key) ? null : new Undefined(str(key)));
  if ((Array.isArray(of) || typeof of === "string") && typeof key === "number") {
    const found = of[key < 0 ? key + of.length : key];
    return found === undefined ? new Undefined(`[${key}]`) : found;
  }
  if (of instanceof Thing) {
    const { list } = of.options;
    const found =
      typeof key === "number" && list ? list[key < 0 ? key + list.length : key] : of.attributes.get(str(key));
    return found === undefined ? new Undefined(`${of.label}[${repr(key)}]`) : found;
  }
  return new Undefined(str(key));
}
