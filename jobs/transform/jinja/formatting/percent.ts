import { sizeOf } from "../collections.ts";
import { Decimal, digitsOf } from "../decimal.ts";
import { isNumber, isWhole, numberOf } from "../numbers.ts";
import { ascii, lengthOf, repr, str } from "../text.ts";
import { Dict, Float, fail, Tuple, typeOf, type Value } from "../values.ts";
import { realFigures } from "./specification.ts";

const placeholder = /%(?:\(([^)]*)\))?([-+ #0]*)(\*|\d+)?(?:\.(\*|\d+))?[hlL]?([\s\S])?/g;

/** Python's `%` between a text and its values. */
export function formatPercent(text: string, values: Value): string {
  const list = values instanceof Tuple ? values : [values];
  let next = 0;
  let named = false;
  const take = (): Value => {
    const value = list[next++];
    return value === undefined ? fail(`'${text}' has more places than it is given values`) : value;
  };
  const written = text.replace(
    placeholder,
    (_, key?: string, flags = "", width?: string, places?: string, kind = "") => {
      if (kind === "") return fail(`'${text}' ends within a place for a value`);
      // Once one is named, none is left that has no name.
      if (key !== undefined) [named, next] = [true, list.length];
      const given = (size: string | undefined) =>
        size === "*" ? numberOf(take()) : size === undefined ? undefined : Number(size);
      const [asked = 0, precision] = [given(width), given(places)];
      if (kind === "%") return "%";
      const value = key === undefined ? take() : entryOf(values, key);
      const side = { flags: asked < 0 ? `${flags}-` : flags, width: Math.abs(asked) };
      return padded(one(kind, value, flags, precision), side, "sra".includes(kind) || "c" === kind);
    },
  );
  const all = values instanceof Tuple || (!(values instanceof Dict) && !(Array.isArray(values) && next === 0));
  if (!named && all && next < list.length && !(sizeOf(values) === undefined && next > 0)) {
    return fail(`'${text}' has fewer places than it is given values`);
  }
  return written;
}

function entryOf(values: Value, key: string): Value {
  if (!(values instanceof Dict)) return fail(`%(${key})s needs a dict`);
  const value = values.get(key);
  return value === undefined ? fail(`the dict has no '${key}'`) : value;
}

function one(kind: string, value: Value, flags: string, precision: number | undefined): string {
  const cut = (text: string) => (precision === undefined ? text : [...text].slice(0, precision).join(""));
  if (kind === "s") return cut(str(value));
  if (kind === "r") return cut(repr(value));
  if (kind === "a") return cut(ascii(value));
  if (kind === "c") {
    if (typeof value === "string" && lengthOf(value) === 1) return value;
    return isWhole(value) ? String.fromCodePoint(Number(value)) : fail("%c needs one character or a number");
  }
  const sign = (negative: boolean) => (negative ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "");
  if ("diuxXo".includes(kind)) {
    const number = wholeOf(kind, value);
    const base = { x: 16, X: 16, o: 8 }[kind] ?? 10;
    const figures = (number < 0n ? -number : number).toString(base).padStart(precision ?? 0, "0");
    const prefix = flags.includes("#") && base !== 10 ? `0${kind}` : "";
    return sign(number < 0n) + prefix + (kind === "X" ? figures.toUpperCase() : figures);
  }
  if (!"eEfFgG".includes(kind)) return fail(`'%${kind}' is no place for a value`);
  if (!isNumber(value)) return fail(`%${kind} needs a number, not a ${typeOf(value)}`);
  const number = numberOf(value);
  if (!Number.isFinite(number)) return sign(number < 0) + (Number.isNaN(number) ? "nan" : "inf");
  const figures = realFigures(digitsOf(Math.abs(number)), kind, precision ?? 6, flags.includes("#"));
  return sign(number < 0 || Object.is(number, -0)) + figures;
}

function wholeOf(kind: string, value: Value): bigint {
  if (isWhole(value)) return BigInt(value);
  if ("diu".includes(kind) && value instanceof Float && Number.isFinite(value.value))
    return BigInt(Math.trunc(value.value));
  if ("diu".includes(kind) && value instanceof Decimal) return value.truncate();
  return fail(`%${kind} needs a whole number, not a ${typeOf(value)}`);
}

function padded(text: string, { flags, width }: { flags: string; width: number }, isText: boolean): string {
  const space = Math.max(0, width - lengthOf(text));
  if (flags.includes("-")) return text + " ".repeat(space);
  if (isText || !flags.includes("0")) return " ".repeat(space) + text;
  const [, sign = "", rest = ""] = /^([-+ ]?(?:0[xXo])?)([\s\S]*)$/.exec(text) ?? [];
  return sign + "0".repeat(space) + rest;
}
