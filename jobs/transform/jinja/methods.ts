import { item } from "./operators.ts";
import {
  type Callable,
  callable,
  compare,
  type Dict,
  equals,
  fail,
  isDict,
  items,
  type Keywords,
  numberOf,
  repr,
  str,
  Thing,
  Tuple,
  Undefined,
  type Value,
} from "./values.ts";

type Method<T> = (self: T, args: Value[], keywords: Keywords) => Value;

const stripped = (text: string, characters: Value | undefined, sides: "both" | "left" | "right"): string => {
  const set = characters === undefined || characters === null ? undefined : str(characters);
  const strips = (letter: string | undefined) =>
    letter !== undefined && (set === undefined ? /\s/.test(letter) : set.includes(letter));
  let [from, to] = [0, text.length];
  if (sides !== "right") while (from < to && strips(text[from])) from++;
  if (sides !== "left") while (to > from && strips(text[to - 1])) to--;
  return text.slice(from, to);
};

function split(text: string, separator: Value | undefined, limit: number): Value {
  if (separator === undefined || separator === null) return text.trim() === "" ? [] : text.trim().split(/\s+/);
  const parts = text.split(str(separator));
  if (limit < 0 || parts.length <= limit + 1) return parts;
  return [...parts.slice(0, limit), parts.slice(limit).join(str(separator))];
}

/** `"{} {name}".format(…)`, without format specifications. */
function format(text: string, args: Value[], keywords: Keywords): string {
  let next = 0;
  return text.replace(/\{\{|\}\}|\{(\w*)\}/g, (whole, name: string) => {
    if (whole === "{{" || whole === "}}") return whole.slice(1);
    const value = name === "" ? args[next++] : /^\d+$/.test(name) ? args[Number(name)] : keywords.get(name);
    return value === undefined ? fail(`format() has no value for {${name}}`) : str(value);
  });
}

const capitalize = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase();
export const title = (text: string) => text.replace(/[A-Za-z]+/g, capitalize);
const text = (value: Value | undefined) => str(value ?? null);
const affixes = (value: Value | undefined) => (value instanceof Tuple ? value.map(str) : [text(value)]);

const textMethods: Record<string, Method<string>> = {
  upper: (self) => self.toUpperCase(),
  lower: (self) => self.toLowerCase(),
  title: (self) => title(self),
  capitalize: (self) => capitalize(self),
  strip: (self, [characters]) => stripped(self, characters, "both"),
  lstrip: (self, [characters]) => stripped(self, characters, "left"),
  rstrip: (self, [characters]) => stripped(self, characters, "right"),
  split: (self, [separator, limit], keywords) =>
    split(self, separator ?? keywords.get("sep"), numberOf(limit ?? keywords.get("maxsplit") ?? -1)),
  splitlines: (self) => self.split(/\r?\n/),
  join: (self, [list]) =>
    items(list ?? null)
      .map(str)
      .join(self),
  replace: (self, [from, to, count]) => {
    if (count === undefined) return self.replaceAll(text(from), () => text(to));
    let result = self;
    for (let index = 0; index < numberOf(count); index++) result = result.replace(text(from), () => text(to));
    return result;
  },
  startswith: (self, [start]) => affixes(start).some((part) => self.startsWith(part)),
  endswith: (self, [end]) => affixes(end).some((part) => self.endsWith(part)),
  format,
  find: (self, [part]) => self.indexOf(text(part)),
  index: (self, [part]) =>
    self.includes(text(part)) ? self.indexOf(text(part)) : fail(`${repr(self)} has no ${repr(part ?? null)}`),
  count: (self, [part]) => self.split(text(part)).length - 1,
  isdigit: (self) => /^\d+$/.test(self),
  isalpha: (self) => /^[A-Za-z]+$/.test(self),
  isupper: (self) => self === self.toUpperCase() && self !== self.toLowerCase(),
  islower: (self) => self === self.toLowerCase() && self !== self.toUpperCase(),
  zfill: (self, [width]) => self.padStart(numberOf(width ?? 0), "0"),
  ljust: (self, [width]) => self.padEnd(numberOf(width ?? 0)),
  rjust: (self, [width]) => self.padStart(numberOf(width ?? 0)),
};

const indexOf = (self: Value[], value: Value | undefined) => self.findIndex((entry) => equals(entry, value ?? null));
const nothing = (_: unknown): null => null;

const listMethods: Record<string, Method<Value[]>> = {
  append: (self, [value]) => nothing(self.push(value ?? null)),
  extend: (self, [values]) => nothing(self.push(...items(values ?? null))),
  insert: (self, [index, value]) => nothing(self.splice(numberOf(index ?? 0), 0, value ?? null)),
  pop: (self, [index]) => {
    const removed = index === undefined ? self.pop() : self.splice(numberOf(index), 1)[0];
    return removed === undefined ? fail("pop from an empty list") : removed;
  },
  remove: (self, [value]) => {
    const index = indexOf(self, value);
    return index < 0 ? fail(`the list has no ${repr(value ?? null)}`) : nothing(self.splice(index, 1));
  },
  index: (self, [value]) => {
    const index = indexOf(self, value);
    return index < 0 ? fail(`the list has no ${repr(value ?? null)}`) : index;
  },
  count: (self, [value]) => self.filter((entry) => equals(entry, value ?? null)).length,
  reverse: (self) => nothing(self.reverse()),
  sort: (self, _, keywords) => nothing(self.sort(compare) && keywords.get("reverse") === true && self.reverse()),
  copy: (self) => [...self],
  clear: (self) => nothing(self.splice(0)),
};

const merge = (self: Dict, from: Value | undefined, keywords: Keywords) => {
  if (isDict(from ?? null)) for (const [key, value] of from as Dict) self.set(key, value);
  for (const [key, value] of keywords) self.set(key, value);
};

const dictMethods: Record<string, Method<Dict>> = {
  items: (self) => [...self].map(([key, value]) => Tuple.from<Value>([key, value])),
  keys: (self) => [...self.keys()],
  values: (self) => [...self.values()],
  get: (self, [key, fallback], keywords) =>
    self.has(key ?? null) ? (self.get(key ?? null) ?? null) : (fallback ?? keywords.get("default") ?? null),
  pop: (self, [key, fallback]) => {
    const value = self.get(key ?? null) ?? fallback;
    self.delete(key ?? null);
    return value === undefined ? fail(`the dict has no ${repr(key ?? null)}`) : value;
  },
  update: (self, [from], keywords) => nothing(merge(self, from, keywords)),
  setdefault: (self, [key, fallback]) => {
    if (!self.has(key ?? null)) self.set(key ?? null, fallback ?? null);
    return self.get(key ?? null) ?? null;
  },
  copy: (self) => new Map(self),
};

function bind<T>(methods: Record<string, Method<T>>, self: T, name: string): Callable | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return method && callable((args, keywords) => method(self, args, keywords));
}

/** `of.name`: an attribute, a method of Python's, or an entry of a dict. */
export function attribute(of: Value, name: string): Value {
  if (of instanceof Undefined) return fail(`'${of.name}' is not defined`);
  if (of instanceof Thing) {
    const value = of.attributes.get(name);
    return value === undefined ? (of.options.missing?.(name) ?? new Undefined(`${of.label}.${name}`)) : value;
  }
  if (typeof of === "string") return bind(textMethods, of, name) ?? new Undefined(name);
  if (Array.isArray(of)) return bind(listMethods, of, name) ?? new Undefined(name);
  if (isDict(of)) return bind(dictMethods, of, name) ?? item(of, name);
  return new Undefined(name);
}
