import { Markup } from "../markup.ts";
import { isWhole } from "../numbers.ts";
import { floatText, str } from "../text.ts";
import { Dict, Float, fail, typeOf, type Value } from "../values.ts";

type JsonOptions = {
  sortKeys?: boolean;
  indent?: string | undefined;
  /** What is to be written for a value that JSON does not know; without it that is refused. */
  other?: (value: Value) => Value;
};

const specials: Record<string, string> = {
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  '"': '\\"',
  "\\": "\\\\",
};

/** What JSON writes in ASCII as it is. */
const plain = /[^ !#-[\]-~]/g;

const quoted = (text: string) =>
  `"${text.replace(plain, (unit) => specials[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;

/** Python's json.dumps(): blanks after colons and commas, all but ASCII escaped; what JSON does not know is refused. */
export function toJson(value: Value, options: JsonOptions = {}, depth = 0): string {
  if (value === null) return "null";
  if (typeof value === "boolean") return String(value);
  if (isWhole(value)) return String(value);
  if (value instanceof Float) return floatText(value.value).replace("inf", "Infinity").replace("nan", "NaN");
  if (typeof value === "string" || value instanceof Markup) return quoted(str(value));
  const { indent } = options;
  const inner = (part: Value) => toJson(part, options, depth + 1);
  const framed = ([open, close]: [string, string], parts: string[]) => {
    if (parts.length === 0) return open + close;
    if (indent === undefined) return open + parts.join(", ") + close;
    const line = `\n${indent.repeat(depth + 1)}`;
    return `${open}${line}${parts.join(`,${line}`)}\n${indent.repeat(depth)}${close}`;
  };
  if (Array.isArray(value)) return framed(["[", "]"], value.map(inner));
  if (!(value instanceof Dict)) {
    return options.other ? inner(options.other(value)) : fail(`a ${typeOf(value)} is nothing that JSON knows`);
  }
  const entries = [...value].map(([key, item]): [Value, Value] => [key, item]);
  if (options.sortKeys) entries.sort(([left], [right]) => ordered(left, right));
  return framed(
    ["{", "}"],
    entries.map(([key, item]) => `${quoted(keyText(key))}: ${inner(item)}`),
  );
}

function ordered(left: Value, right: Value): number {
  if (typeof left === "string" && typeof right === "string") return left < right ? -1 : Number(left > right);
  if (isWhole(left) && isWhole(right)) return Number(left) - Number(right);
  return fail("keys of several kinds have no order");
}

function keyText(key: Value): string {
  if (typeof key === "string") return key;
  if (key === null || typeof key === "boolean" || isWhole(key) || key instanceof Float) return toJson(key);
  return fail(`a ${typeOf(key)} is no key that JSON knows`);
}

/** The filter of the name: its keys are sorted, and what HTML reads is escaped. */
export function jsonFilter(value: Value, indent: Value): Value {
  const space =
    indent === null ? undefined : typeof indent === "string" ? indent : " ".repeat(Math.max(0, Number(indent)));
  const text = toJson(value, { sortKeys: true, indent: space });
  return new Markup(text.replace(/[<>&']/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`));
}
