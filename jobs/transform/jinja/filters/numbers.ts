import { sizeOf } from "../collections.ts";
import { Decimal } from "../decimal.ts";
import { formatValue } from "../formatting/specification.ts";
import { countOf, isNumber, isWhole, numberOf, parseFloatText, parseWhole, round, signed, whole } from "../numbers.ts";
import { applyOperator } from "../operators.ts";
import { compare } from "../order.ts";
import type { Method } from "../signature.ts";
import { repr, str } from "../text.ts";
import { Float, fail, NativeValue, typeOf, Undefined, type Value } from "../values.ts";

const isText = (value: Value) => typeof value === "string" || (value instanceof NativeValue && value.type === "Markup");
const settled = (value: Value): Value => (value instanceof Undefined ? fail(`'${value.name}' is not defined`) : value);

/** As a whole number where it is one or can be cut down to one. */
function toWhole(value: Value, fallback: Value, base: Value): Value {
  if (value instanceof Decimal) return whole(value.truncate());
  if (isWhole(settled(value))) return whole(BigInt(value as number));
  if (value instanceof Float) {
    if (Math.abs(value.value) === Infinity) return fail("infinity is no whole number");
    return Number.isNaN(value.value) ? fallback : whole(BigInt(Math.trunc(value.value)));
  }
  if (!isText(value)) return fallback;
  const found = parseWhole(str(value), countOf(base, "a base"));
  if (found !== undefined) return found;
  const float = parseFloatText(str(value));
  return float === undefined || !Number.isFinite(float) ? fallback : whole(BigInt(Math.trunc(float)));
}

function toFloat(value: Value, fallback: Value): Value {
  if (isNumber(settled(value))) return new Float(numberOf(value));
  const float = isText(value) ? parseFloatText(str(value)) : undefined;
  return float === undefined ? fallback : new Float(float);
}

function rounded(value: Value, precision: Value, method: Value): Value {
  if (method !== "common" && method !== "ceil" && method !== "floor")
    return fail("round by 'common', 'ceil' or 'floor'");
  if (!isNumber(settled(value))) return fail(`${repr(value)} cannot be rounded`);
  if (method === "common") {
    return precision === null ? toWhole(round(value, 0), null, 10) : round(value, countOf(precision, "precision"));
  }
  const scale = applyOperator("**", 10, precision);
  const scaled = applyOperator("*", value, scale);
  const down = toWhole(applyOperator("//", scaled, 1), null, 10);
  const up = method === "ceil" && compare(scaled, down) !== 0;
  const lower = compare(scaled, down) < 0 ? applyOperator("-", down, 1) : down;
  return applyOperator("/", up && compare(scaled, lower) > 0 ? applyOperator("+", lower, 1) : lower, scale);
}

function absolute(value: Value): Value {
  if (value instanceof Decimal) return value.absolute();
  if (isNumber(value)) return numberOf(value) < 0 ? signed("-", value) : signed("+", value);
  const own = value instanceof NativeValue && value.type === "timedelta" ? value : undefined;
  const zero = own?.operate("*", 0, false);
  if (!own || zero === undefined) return fail(`${repr(value)} has no size`);
  return compare(own, zero) < 0 ? signed("-", own) : own;
}

const prefixes = ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];

function fileSize(value: Value, binary: boolean): string {
  const given = toFloat(value, null);
  const bytes = given instanceof Float ? given.value : fail(`${repr(value)} is no number`);
  const base = binary ? 1024 : 1000;
  if (bytes === 1) return "1 Byte";
  if (bytes < base) return `${Math.trunc(bytes)} Bytes`;
  const found = prefixes.findIndex((_, index) => bytes < base ** (index + 2));
  const index = found < 0 ? prefixes.length - 1 : found;
  const prefix = prefixes[index] ?? "";
  const unit = binary ? `${prefix[0]?.toUpperCase()}iB` : prefix;
  return `${formatValue(new Float((base * bytes) / base ** (index + 2)), ".1f")} ${unit}`;
}

const length: Method<Value> = ["", (value) => sizeOf(value) ?? fail(`a ${typeOf(value)} has no length`)];

export const numberFilters: Record<string, Method<Value>> = {
  abs: ["", absolute],
  count: length,
  filesizeformat: ["binary=", (value, binary: Value = false) => fileSize(value, binary !== false)],
  float: ["default=", (value, fallback: Value = new Float(0)) => toFloat(value, fallback)],
  int: ["default=, base=", (value, fallback: Value = 0, base: Value = 10) => toWhole(value, fallback, base)],
  length,
  round: [
    "precision=, method=",
    (value, precision: Value = 0, method: Value = "common") => rounded(value, precision, method),
  ],
};
