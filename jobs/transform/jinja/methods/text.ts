import { items } from "../collections.ts";
import { countOf } from "../numbers.ts";
import type { Method } from "../signature.ts";
import { blank, characters, lengthOf, repr } from "../text.ts";
import { isTrue } from "../truth.ts";
import { Dict, fail, Tuple, tuple, typeOf, type Value } from "../values.ts";
import { splitLines, splitText } from "./splitting.ts";
import { textTests } from "./text-tests.ts";

/** The text that a method needs; Python takes nothing else for one. */
function needText(value: Value, what: string): string {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null && "text" in value && typeof value.text === "string"
    ? value.text
    : fail(`${what} has to be a text, not a ${typeOf(value)}`);
}

const blankPattern = new RegExp(blank);

/** Python's strip(): of blanks, or of any of the given characters. */
export function strip(text: string, given: Value, sides: "both" | "left" | "right"): string {
  const set = given === null ? undefined : characters(needText(given, "what is taken off"));
  const letters = characters(text);
  const strips = (letter = "") => (set === undefined ? blankPattern.test(letter) : set.includes(letter));
  let [from, to] = [0, letters.length];
  if (sides !== "right") while (from < to && strips(letters[from])) from++;
  if (sides !== "left") while (to > from && strips(letters[to - 1])) to--;
  return letters.slice(from, to).join("");
}

/** Python's replace(): so many of them, all below zero. */
export function replaceText(text: string, old: string, by: string, count: number): string {
  if (count < 0)
    return old === ""
      ? by +
          characters(text)
            .map((letter) => letter + by)
            .join("")
      : text.replaceAll(old, () => by);
  const parts = old === "" ? ["", ...characters(text)] : text.split(old);
  const last = parts.length - 1;
  const limit = Math.min(count, old === "" ? parts.length : last);
  if (old === "") return parts.map((letter, index) => letter + (index < limit ? by : "")).join("");
  return parts.map((part, index) => part + (index === last ? "" : index < limit ? by : old)).join("");
}

/** Two letters that are one character, as it begins a word. */
const digraphs: Record<string, string> = { Ǆ: "ǅ", ǆ: "ǅ", Ǉ: "ǈ", ǉ: "ǈ", Ǌ: "ǋ", ǌ: "ǋ", Ǳ: "ǲ", ǳ: "ǲ" };

export const capitalize = (text: string) => {
  const [first = "", ...rest] = characters(text);
  // Where one character becomes two, only the first of them is large.
  const [head = "", ...tail] = characters(digraphs[first] ?? first.toUpperCase());
  const start = head + (head === "ʼ" ? tail.join("") : tail.join("").toLowerCase());
  return start + rest.join("").toLowerCase();
};

const titled = (text: string) => text.replace(/\p{L}+/gu, capitalize);

/** Fills a text up to a width. */
function fill(side: "left" | "right" | "both"): Method<string> {
  return [
    "width, fillchar=, /",
    (self, width, filler: Value = " ") => {
      const mark = needText(filler, "what fills up");
      if (lengthOf(mark) !== 1) return fail("what fills up has to be one character");
      const space = Math.max(0, countOf(width, "a width") - lengthOf(self));
      if (side !== "both") return side === "left" ? mark.repeat(space) + self : self + mark.repeat(space);
      const total = countOf(width, "a width");
      const left = Math.floor(space / 2) + (space & total & 1);
      return mark.repeat(left) + self + mark.repeat(space - left);
    },
  ];
}

/** The part of a text between two places, and where it begins. */
function within(self: string, start: Value = null, stop: Value = null) {
  const letters = characters(self);
  const bound = (given: Value, missing: number) => {
    if (given === null) return missing;
    const index = countOf(given, "where to look");
    return index < 0 ? Math.max(index + letters.length, 0) : index;
  };
  const [from, to] = [bound(start, 0), bound(stop, letters.length)];
  return { from, part: letters.slice(from, to).join(""), beyond: from > letters.length };
}

function find(last: boolean, required: boolean): Method<string> {
  return [
    "sub, start=, stop=, /",
    (self, sub, start?: Value, stop?: Value) => {
      const sought = needText(sub, "what is looked for");
      const { from, part, beyond } = within(self, start, stop);
      const at = beyond ? -1 : last ? part.lastIndexOf(sought) : part.indexOf(sought);
      if (at >= 0) return from + lengthOf(part.slice(0, at));
      return required ? fail(`${repr(self)} has no ${repr(sub)}`) : -1;
    },
  ];
}

function affix(test: (part: string, sought: string) => boolean): Method<string> {
  return [
    "affix, start=, stop=, /",
    (self, sought, start?: Value, stop?: Value) => {
      const { part, beyond } = within(self, start, stop);
      const all = sought instanceof Tuple ? [...sought] : [sought];
      return all.map((one) => needText(one, "an affix")).some((one) => !beyond && test(part, one));
    },
  ];
}

function partition(last: boolean): Method<string> {
  return [
    "sep, /",
    (self, sep) => {
      const separator = needText(sep, "a separator");
      if (separator === "") return fail("a separator may not be empty");
      const at = last ? self.lastIndexOf(separator) : self.indexOf(separator);
      if (at < 0) return tuple(last ? ["", "", self] : [self, "", ""]);
      return tuple([self.slice(0, at), separator, self.slice(at + separator.length)]);
    },
  ];
}

function expandTabs(self: string, size: Value = 8): Value {
  const width = countOf(size, "a tab's width");
  let column = 0;
  return characters(self)
    .map((letter) => {
      if (letter === "\n" || letter === "\r") column = 0;
      else if (letter !== "\t") column++;
      else {
        const space = width > 0 ? width - (column % width) : 0;
        column += space;
        return " ".repeat(space);
      }
      return letter;
    })
    .join("");
}

function translate(self: string, table: Value): Value {
  if (!(table instanceof Dict)) return fail("translate() needs a dict");
  return characters(self)
    .map((letter) => {
      const by = table.get(letter.codePointAt(0) ?? 0);
      if (by === undefined) return letter;
      return by === null
        ? ""
        : typeof by === "number"
          ? String.fromCodePoint(by)
          : needText(by, "what is put in its place");
    })
    .join("");
}

/** What translate() takes: of a dict, or of letters that stand for others and letters that go. */
function makeTable(from: Value, to: Value | undefined, without: Value | undefined): Value {
  const code = (letter: string) => letter.codePointAt(0) ?? 0;
  if (to === undefined) {
    if (!(from instanceof Dict)) return fail("maketrans() of one value needs a dict");
    return new Dict([...from].map(([key, by]): [Value, Value] => [typeof key === "string" ? code(key) : key, by]));
  }
  const [letters, others] = [
    characters(needText(from, "what is replaced")),
    characters(needText(to, "what is put in its place")),
  ];
  if (letters.length !== others.length) return fail("maketrans() needs two texts of one length");
  const gone = without === undefined ? [] : characters(needText(without, "what is left out"));
  return new Dict([
    ...letters.map((letter, index): [Value, Value] => [code(letter), code(others[index] ?? "")]),
    ...gone.map((letter): [Value, Value] => [code(letter), null]),
  ]);
}

const fold = (self: string) => self.toLowerCase().replaceAll("ß", "ss").replaceAll("ς", "σ");

export const textMethods: Record<string, Method<string>> = {
  ...textTests,
  capitalize: ["", (self) => capitalize(self)],
  casefold: ["", (self) => fold(self)],
  center: fill("both"),
  count: [
    "sub, start=, stop=, /",
    (self, sub, start?: Value, stop?: Value) => {
      const sought = needText(sub, "what is counted");
      const { part, beyond } = within(self, start, stop);
      return beyond ? 0 : sought === "" ? lengthOf(part) + 1 : part.split(sought).length - 1;
    },
  ],
  encode: ["encoding=, errors=", () => fail("encode() is not supported: a template has no bytes")],
  endswith: affix((part, sought) => part.endsWith(sought)),
  expandtabs: ["tabsize=", (self, size?: Value) => expandTabs(self, size)],
  find: find(false, false),
  index: find(false, true),
  join: [
    "list, /",
    (self, list) =>
      items(list)
        .map((item, index) => needText(item, `item ${index} of what is joined`))
        .join(self),
  ],
  ljust: fill("right"),
  lower: ["", (self) => self.toLowerCase()],
  lstrip: ["chars=, /", (self, chars: Value = null) => strip(self, chars, "left")],
  maketrans: ["x, y=, z=, /", (_, from, to?: Value, without?: Value) => makeTable(from, to, without)],
  partition: partition(false),
  removeprefix: [
    "prefix, /",
    (self, prefix) => {
      const start = needText(prefix, "a prefix");
      return self.startsWith(start) ? self.slice(start.length) : self;
    },
  ],
  removesuffix: [
    "suffix, /",
    (self, suffix) => {
      const end = needText(suffix, "a suffix");
      return end !== "" && self.endsWith(end) ? self.slice(0, -end.length) : self;
    },
  ],
  replace: [
    "old, new, count=, /",
    (self, old, by, count: Value = -1) =>
      replaceText(
        self,
        needText(old, "what is replaced"),
        needText(by, "what is put in its place"),
        countOf(count, "a count"),
      ),
  ],
  rfind: find(true, false),
  rindex: find(true, true),
  rjust: fill("left"),
  rpartition: partition(true),
  rsplit: ["sep=, maxsplit=", (self, sep: Value = null, limit: Value = -1) => splitText(self, sep, limit, true)],
  rstrip: ["chars=, /", (self, chars: Value = null) => strip(self, chars, "right")],
  split: ["sep=, maxsplit=", (self, sep: Value = null, limit: Value = -1) => splitText(self, sep, limit, false)],
  splitlines: ["keepends=", (self, keep: Value = false) => splitLines(self, isTrue(keep))],
  startswith: affix((part, sought) => part.startsWith(sought)),
  strip: ["chars=, /", (self, chars: Value = null) => strip(self, chars, "both")],
  swapcase: [
    "",
    (self) =>
      characters(self)
        .map((letter) => (letter === letter.toUpperCase() ? letter.toLowerCase() : letter.toUpperCase()))
        .join(""),
  ],
  title: ["", (self) => titled(self)],
  translate: ["table, /", translate],
  upper: ["", (self) => self.toUpperCase()],
  zfill: [
    "width, /",
    (self, width) => {
      const [, sign = "", rest = ""] = /^([-+]?)([\s\S]*)$/.exec(self) ?? [];
      return sign + "0".repeat(Math.max(0, countOf(width, "a width") - lengthOf(self))) + rest;
    },
  ],
};
