import { Dict, Float, fail, NativeValue, OrderedDict, Tuple, tuple, Undefined, type Value } from "./values.ts";

/** As `{{ value }}` prints it. */
export function str(value: Value): string {
  if (typeof value === "string") return value;
  if (value instanceof Undefined) return value.refused ? fail(`'${value.name}' is not defined`) : "";
  return value instanceof NativeValue ? value.str() : repr(value);
}

/** A float as Python writes it: the fewest digits that mean it, and an exponent from 1e16 on and below 1e-4. */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (Object.is(value, -0)) return "-0.0";
  if (exponent < -4 || exponent >= 16) {
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const digits = mantissa.replace(/[-.]/g, "");
  const sign = value < 0 ? "-" : "";
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const whole = digits.padEnd(exponent + 1, "0");
  return `${sign}${whole.slice(0, exponent + 1)}.${whole.slice(exponent + 1) || "0"}`;
}

const named: Record<string, string> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
/** What Python does not show as it is: controls, separators but the blank, what has no character. */
const hidden = /[\\\n\r\t]|[^\P{C}]|[^\P{Z} ]/gu;

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  return (
    named[character] ??
    (code < 256
      ? `\\x${hex.padStart(2, "0")}`
      : code < 65_536
        ? `\\u${hex.padStart(4, "0")}`
        : `\\U${hex.padStart(8, "0")}`)
  );
}

function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const shown = text.replace(hidden, escaped);
  return mark + (mark === "'" ? shown.replaceAll("'", "\\'") : shown) + mark;
}

/** As Python shows it inside a list. */
export function repr(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "string") return quoted(value);
  if (value instanceof Float) return floatText(value.value);
  if (value instanceof Undefined) return value.refused ? fail(`'${value.name}' is not defined`) : "Undefined";
  if (value instanceof Tuple) return `(${value.map(repr).join(", ")}${value.length === 1 ? "," : ""})`;
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  if (value instanceof OrderedDict) return `OrderedDict(${repr([...value].map(tuple))})`;
  if (value instanceof Dict) {
    return `{${[...value].map(([key, item]) => `${repr(key)}: ${repr(item)}`).join(", ")}}`;
  }
  return value instanceof NativeValue ? value.repr() : "<function>";
}

/** As `repr`, with all but ASCII escaped. */
export const ascii = (value: Value): string => repr(value).replace(/[^\p{ASCII}]/gu, escaped);

/** What Python takes for a blank, as a class of a regular expression. */
export const blank = String.raw`[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`;

/** A text's characters as Python counts them. */
export const characters = (text: string): string[] => (/[\ud800-\udfff]/.test(text) ? [...text] : text.split(""));
export const lengthOf = (text: string): number => (/[\ud800-\udfff]/.test(text) ? [...text].length : text.length);
