import { isIterable, items, sizeOf } from "../collections.ts";
import { formatPercent } from "../formatting/percent.ts";
import { escapeHtml, Markup, textOf } from "../markup.ts";
import { splitLines } from "../methods/splitting.ts";
import { capitalize, replaceText, strip, textMethods } from "../methods/text.ts";
import { countOf } from "../numbers.ts";
import { slice } from "../operators.ts";
import { callMethod, type Method } from "../signature.ts";
import { characters, repr, str } from "../text.ts";
import { isTrue } from "../truth.ts";
import { Dict, fail, type Keywords, Tuple, tuple, typeOf, Undefined, type Value } from "../values.ts";
import { wrapLine } from "./wrapping.ts";

const title = (text: string) =>
  text
    .split(/([-\s({[<]+)/)
    .filter((part) => part !== "")
    .map((part) => capitalize(part))
    .join("");

function indent(value: Value, width: Value, first: Value, blank: Value): Value {
  const text = textOf(value) ?? fail(`indent needs a text, not a ${typeOf(value)}`);
  const space = typeof width === "string" ? width : " ".repeat(countOf(width, "width"));
  const [head = "", ...rest] = splitLines(`${text}\n`, false);
  const all = [head, ...rest.map((line) => (line === "" && !isTrue(blank) ? line : space + line))].join("\n");
  return isTrue(first) ? space + all : all;
}

function truncate(value: Value, length: Value, killWords: Value, end: Value, leeway: Value): Value {
  const most = countOf(length, "length");
  const tail = str(end);
  const grace = leeway === null ? 5 : countOf(leeway, "leeway");
  if (most < characters(tail).length) return fail(`truncate needs a length of ${characters(tail).length} or more`);
  const size = sizeOf(value) ?? fail(`a ${typeOf(value)} has no length`);
  if (size <= most + grace) return value;
  const cut = str(slice(value, null, most - characters(tail).length, null));
  if (isTrue(killWords)) return cut + tail;
  const at = cut.lastIndexOf(" ");
  return (at < 0 ? cut : cut.slice(0, at)) + tail;
}

function wordWrap(value: Value, args: { width: Value; breakLong: Value; mark: Value; onHyphens: Value }): Value {
  if (value instanceof Undefined) return fail(`'${value.name}' is not defined`);
  const width = countOf(args.width, "width");
  if (width <= 0) return fail("wordwrap needs a width above zero");
  const options = { width, breakLong: isTrue(args.breakLong), onHyphens: isTrue(args.onHyphens) };
  const mark = args.mark === null ? "\n" : str(args.mark);
  return splitLines(str(value), false)
    .map((line) => wrapLine(line, options).join(mark))
    .join(mark);
}

const percentEncoded = (text: string, safe: RegExp) =>
  [...new TextEncoder().encode(text)]
    .map((byte) => {
      const letter = String.fromCharCode(byte);
      return byte < 128 && safe.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");

function urlEncode(value: Value): string {
  if (textOf(value) !== undefined || !isIterable(value)) return percentEncoded(str(value), /[\w.~/-]/);
  const quote = (part: Value) => percentEncoded(str(part), /[\w.~-]/).replaceAll("%20", "+");
  const pairs = value instanceof Dict ? [...value].map(tuple) : items(value);
  return pairs.map((pair) => items(pair).map(quote).join("=")).join("&");
}

function xmlAttributes(value: Value, space: Value): Value {
  if (!(value instanceof Dict)) return fail("xmlattr needs a dict");
  const shown = [...value].flatMap(([key, item]) => {
    if (item === null || item instanceof Undefined) return [];
    if (/[\s/>=]/.test(str(key))) return fail(`${repr(key)} is no name of an attribute`);
    return [`${escapeHtml(str(key))}="${escapeHtml(str(item))}"`];
  });
  const text = shown.join(" ");
  return isTrue(space) && text ? ` ${text}` : text;
}

const entities: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', nbsp: "\u00a0", apos: "'" };

function stripTags(value: Value): Value {
  const plain = str(value)
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/<[\s\S]*?>/g, "");
  return plain
    .split(/\s+/)
    .filter((part) => part !== "")
    .join(" ")
    .replace(/&(#?\w+);/g, (_, name: string) => {
      const code = /^#(x[0-9a-f]+|\d+)$/i.exec(name)?.[1];
      if (code !== undefined) return String.fromCodePoint(Number(code.startsWith("x") ? `0${code}` : code));
      return entities[name] ?? fail(`striptags of the entity &${name}; is not supported`);
    });
}

function formatFilter(value: Value, args: Value[], keywords: Keywords): Value {
  if (args.length > 0 && keywords.size > 0) return fail("format takes values by name or by place, not both");
  return formatPercent(str(value), keywords.size > 0 ? new Dict(keywords) : tuple(args));
}

/** Its lines are at most 80 characters wide, where one fits. */
function prettyPrinted(value: Value): Value {
  const sorted = (item: Value): Value => {
    if (item instanceof Dict) {
      const entries = [...item].map(([key, inner]): [Value, Value] => [key, sorted(inner)]);
      return new Dict(entries.sort(([left], [right]) => (str(left) < str(right) ? -1 : 1)));
    }
    if (!Array.isArray(item)) return item;
    return item instanceof Tuple ? tuple(item.map(sorted)) : item.map(sorted);
  };
  const text = repr(sorted(value));
  return text.length <= 80 ? text : fail("pprint of more than fits into a line of 80 characters is not supported");
}

const escaped: Method<Value> = ["", (value) => (value instanceof Markup ? value : new Markup(escapeHtml(str(value))))];

export const textFilters: Record<string, Method<Value>> = {
  capitalize: ["", (value) => capitalize(str(value))],
  center: [
    "width=",
    (value, width: Value = 80) => callMethod("center", textMethods.center ?? fail(""), str(value), [width], new Map()),
  ],
  e: escaped,
  escape: escaped,
  forceescape: ["", (value) => new Markup(escapeHtml(str(value)))],
  format: formatFilter,
  indent: [
    "width=, first=, blank=",
    (value, width: Value = 4, first: Value = false, blank: Value = false) => indent(value, width, first, blank),
  ],
  lower: ["", (value) => str(value).toLowerCase()],
  pprint: ["", prettyPrinted],
  replace: [
    "old, new, count=",
    (value, old, by, count: Value = null) =>
      replaceText(str(value), str(old), str(by), count === null ? -1 : countOf(count, "count")),
  ],
  safe: ["", (value) => (value instanceof Markup ? value : new Markup(str(value)))],
  string: ["", (value) => (value instanceof Markup ? value : str(value))],
  striptags: ["", stripTags],
  title: ["", (value) => title(str(value))],
  trim: ["chars=", (value, chars: Value = null) => strip(str(value), chars, "both")],
  truncate: [
    "length=, killwords=, end=, leeway=",
    (value, length: Value = 255, killWords: Value = false, end: Value = "...", leeway: Value = null) =>
      truncate(value, length, killWords, end, leeway),
  ],
  upper: ["", (value) => str(value).toUpperCase()],
  urlencode: ["", (value) => urlEncode(value)],
  urlize: () => fail("urlize is not supported"),
  wordcount: ["", (value) => str(value).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0],
  wordwrap: [
    "width=, break_long_words=, wrapstring=, break_on_hyphens=",
    (value, width: Value = 79, breakLong: Value = true, mark: Value = null, onHyphens: Value = true) =>
      wordWrap(value, { width, breakLong, mark, onHyphens }),
  ],
  xmlattr: ["autospace=", (value, space: Value = true) => xmlAttributes(value, space)],
};
