import { isScalar, parseDocument, visit } from "yaml";
import { isWhole, whole } from "./numbers.ts";
import { floatText, str } from "./text.ts";
import { utcMoment } from "./times/module.ts";
import { DateTime, PlainDate } from "./times/moment.ts";
import { Dict, Float, fail, NativeValue, typeOf, type Value } from "./values.ts";

/** What PyYAML takes for a float: an exponent comes after a point and with a sign, else it is a text. */
const float = /^[-+]?(?:\d[\d_]*(?::[0-5]?\d)*\.[\d_]*|\.[\d_]+)(?:e[-+]\d+)?$|^[-+]?\.inf$|^\.nan$/i;

/** Python's yaml.safe_load(): YAML 1.1, in which `yes` is true and 017 is 15. Throws where it is no YAML. */
export function parseYaml(text: string): Value {
  const document = parseDocument(text, { version: "1.1", intAsBigInt: true, merge: true, customTags: ["timestamp"] });
  const [error] = document.errors;
  if (error) throw error;
  visit(document, (_, node) => {
    if (!isScalar(node) || !node.source) return;
    if (typeof node.value === "number" && !float.test(node.source)) node.value = node.source;
    if (node.value instanceof Date) node.value = momentOf(node.value, node.source);
  });
  return fromYaml(document.toJS({ mapAsMap: true }));
}

function fromYaml(value: unknown): Value {
  if (typeof value === "bigint") return whole(value);
  if (typeof value === "number") return new Float(value);
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(fromYaml);
  if (value instanceof Map)
    return new Dict([...value].map(([key, item]): [Value, Value] => [fromYaml(key), fromYaml(item)]));
  return value instanceof NativeValue ? value : null;
}

/** A date; or a moment, which has a zone where one is written. */
function momentOf(value: Date, source: string): Value {
  const moment = utcMoment(value);
  if (/^\d+-\d+-\d+$/.test(source)) return new PlainDate(moment.year, moment.month, moment.day);
  return /(?:Z|[-+]\d\d?(?::\d\d)?)$/.test(source) ? moment : DateTime.ofMicroseconds(moment.microseconds);
}

/** Texts that would be read back as something else. */
const ambiguous =
  /^(?:~|null|true|false|yes|no|on|off|=|<<|[-+]?(?:0b[01_]+|0x[\da-f_]+|[\d][\d_]*(?::[0-5]?\d)*(?:\.[\d_]*)?(?:e[-+]\d+)?|\.[\d_]+(?:e[-+]\d+)?|\.inf)|\.nan|\d{4}-\d\d-\d\d.*)$/i;
const plainText =
  /^(?![-?:](?:\s|$))[^\s\-?:,[\]{}#&*!|>'"%@`=<][^#:]*(?:(?<=\S)#[^#:]*|:(?=\S)[^#:]*)*$|^-(?=[^\s\d.-])[^#:]*$/;

function textOf(text: string): string {
  if (/[\n\r\t]/.test(text)) return fail("toyaml() of a text with several lines or tabs is not supported");
  if (/[^\x20-\x7e]/.test(text)) {
    const escaped = text.replace(/["\\]/g, "\\$&").replace(/[^\x20-\x7e]/gu, (letter) => {
      const hex = (letter.codePointAt(0) ?? 0).toString(16).toUpperCase();
      return hex.length <= 2
        ? `\\x${hex.padStart(2, "0")}`
        : hex.length <= 4
          ? `\\u${hex.padStart(4, "0")}`
          : `\\U${hex.padStart(8, "0")}`;
    });
    return `"${escaped}"`;
  }
  if (text.length > 80 && text.includes(" "))
    return fail("toyaml() of a text longer than a line of 80 characters is not supported");
  if (text === "" || ambiguous.test(text) || !plainText.test(text) || /\s$/.test(text) || /: |:$| #/.test(text)) {
    return `'${text.replaceAll("'", "''")}'`;
  }
  return text;
}

function scalar(value: Value): string | undefined {
  if (value === null) return "null";
  if (typeof value === "string") return textOf(value);
  if (typeof value === "boolean" || isWhole(value)) return String(value);
  if (value instanceof Float) {
    if (!Number.isFinite(value.value)) return floatText(value.value).replace(/(inf|nan)/, ".$1");
    return floatText(value.value).replace(/^(-?\d+)e/, "$1.0e");
  }
  if (Array.isArray(value)) return value.length === 0 ? "[]" : undefined;
  if (value instanceof Dict) return value.size === 0 ? "{}" : undefined;
  return value instanceof PlainDate ? value.str() : fail(`toyaml() of a ${typeOf(value)} is not supported`);
}

function lines(value: Value, sortKeys: boolean): string[] {
  const nested = (item: Value, lead: string, inSequence: boolean): string[] => {
    const flat = scalar(item);
    if (flat !== undefined) return [`${lead} ${flat}`];
    const inner = lines(item, sortKeys);
    if (inSequence) return inner.map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`));
    return [lead, ...inner.map((line) => (Array.isArray(item) ? line : `  ${line}`))];
  };
  if (Array.isArray(value)) return value.flatMap((item) => nested(item, "-", true));
  if (!(value instanceof Dict)) return [scalar(value) ?? ""];
  const entries = [...value];
  if (sortKeys) entries.sort(([left], [right]) => (str(left) < str(right) ? -1 : 1));
  return entries.flatMap(([key, item]) => nested(item, `${scalar(key) ?? fail("toyaml() needs plain keys")}:`, false));
}

/** Python's yaml.safe_dump(). */
export function toYaml(value: Value, sortKeys: boolean): string {
  const flat = scalar(value);
  const ends =
    flat !== undefined &&
    !(typeof value === "object" && value !== null && !(value instanceof Float)) &&
    !/^['"]/.test(flat);
  return `${flat ?? lines(value, sortKeys).join("\n")}\n${ends ? "...\n" : ""}`;
}
