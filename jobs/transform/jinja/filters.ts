import { attribute, title } from "./methods.ts";
import { item } from "./operators.ts";
import { tests } from "./tests.ts";
import {
  compare,
  equals,
  Float,
  fail,
  fromPlain,
  isDict,
  isTrue,
  items,
  type Keywords,
  numberOf,
  str,
  Tuple,
  toPlain,
  Undefined,
  type Value,
} from "./values.ts";

/** A filter: the value before `|`, what stands in parentheses, and how to call what a template defines. */
export type Filter = (value: Value, args: Value[], keywords: Keywords) => Value;

const option = (args: Value[], keywords: Keywords, index: number, name: string): Value | undefined =>
  index < args.length ? args[index] : keywords.get(name);
const text = (value: Value | undefined) => str(value ?? null);

/** `a.b` or an index, in each item of a list. */
function reach(value: Value, path: Value): Value {
  if (typeof path === "number") return item(value, path);
  return str(path)
    .split(".")
    .reduce((found: Value, name) => (/^\d+$/.test(name) ? item(found, Number(name)) : attribute(found, name)), value);
}

const sorted = (list: Value[], keywords: Keywords, by?: Value): Value[] => {
  const sensitive = keywords.get("case_sensitive") === true;
  const key = (value: Value) => {
    const found = by === undefined ? value : reach(value, by);
    return typeof found === "string" && !sensitive ? found.toLowerCase() : found;
  };
  const result = [...list].sort((left, right) => compare(key(left), key(right)));
  return keywords.get("reverse") === true ? result.reverse() : result;
};

function unique(list: Value[]): Value[] {
  const found: Value[] = [];
  for (const value of list) if (!found.some((other) => equals(other, value))) found.push(value);
  return found;
}

/** `select`, `reject` and those by attribute: the items for which a test holds, or does not. */
function chosen(byAttribute: boolean, wanted: boolean): Filter {
  return (value, args) => {
    const [name, test, ...rest] = byAttribute ? args : [null, ...args];
    return items(value).filter((entry) => {
      const subject = byAttribute ? reach(entry, name ?? null) : entry;
      const check = test === undefined ? undefined : (tests[str(test)] ?? fail(`there is no test '${str(test)}'`));
      return (check ? check(subject, rest) : isTrue(subject)) === wanted;
    });
  };
}

function mapped(value: Value, args: Value[], keywords: Keywords): Value {
  const by = keywords.get("attribute");
  if (by !== undefined) return items(value).map((entry) => reach(entry, by));
  const [name, ...rest] = args;
  const filter = filters[text(name)] ?? fail(`there is no filter '${text(name)}'`);
  return items(value).map((entry) => filter(entry, rest, keywords));
}

function batch(value: Value, size: number): Value {
  const list = items(value);
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}

function indent(value: string, width: number, first: boolean): string {
  const [head = "", ...rest] = value.split("\n");
  const space = " ".repeat(width);
  return [first ? space + head : head, ...rest.map((line) => (line === "" ? line : space + line))].join("\n");
}

function rounded(value: Value, args: Value[], keywords: Keywords): Value {
  const scale = 10 ** numberOf(option(args, keywords, 0, "precision") ?? 0);
  const method = text(option(args, keywords, 1, "method") ?? "common");
  const round = method === "ceil" ? Math.ceil : method === "floor" ? Math.floor : Math.round;
  return new Float(round(numberOf(value) * scale) / scale);
}

function toNumber(value: Value, fallback: Value | undefined, whole: boolean): Value {
  const plain = typeof value === "string" ? Number(value.trim() || Number.NaN) : Number(toPlain(value));
  if (Number.isNaN(plain)) return fallback ?? (whole ? 0 : new Float(0));
  return whole ? Math.trunc(plain) : new Float(plain);
}

const extreme =
  (sign: 1 | -1): Filter =>
  (value, _, keywords) => {
    const list = sorted(items(value), new Map(), keywords.get("attribute"));
    return (sign === 1 ? list.at(-1) : list[0]) ?? new Undefined("the extreme of nothing");
  };

const isSettled = (value: Value) => !(value instanceof Undefined);

export const filters: Record<string, Filter> = {
  abs: (value) => (value instanceof Float ? new Float(Math.abs(value.value)) : Math.abs(numberOf(value))),
  // dbt's own four say what a setting of dbt_project.yml is to become; in SQL they print the same.
  as_bool: (value) => value === true || ["true", "True"].includes(str(value)),
  as_native: (value) => value,
  as_number: (value) => fromPlain(Number(str(value))),
  as_text: (value) => str(value),
  batch: (value, [size]) => batch(value, numberOf(size ?? 1)),
  capitalize: (value) => str(value).slice(0, 1).toUpperCase() + str(value).slice(1).toLowerCase(),
  count: (value) => items(value).length,
  default: (value, args, keywords) => {
    const falseToo = isTrue(option(args, keywords, 1, "boolean") ?? false);
    const kept = isSettled(value) && (!falseToo || isTrue(value));
    const fallback = option(args, keywords, 0, "default_value");
    return kept ? value : fallback === undefined ? "" : fallback;
  },
  dictsort: (value) =>
    isDict(value)
      ? sorted(
          [...value].map((entry) => Tuple.from<Value>(entry)),
          new Map(),
          0,
        )
      : fail("dictsort needs a dict"),
  escape: (value) => str(value).replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`),
  first: (value) => items(value)[0] ?? new Undefined("the first of nothing"),
  float: (value, args, keywords) => toNumber(value, option(args, keywords, 0, "default"), false),
  indent: (value, args, keywords) =>
    indent(
      str(value),
      numberOf(option(args, keywords, 0, "width") ?? 4),
      isTrue(option(args, keywords, 1, "first") ?? false),
    ),
  int: (value, args, keywords) => toNumber(value, option(args, keywords, 0, "default"), true),
  items: (value) => (isDict(value) ? [...value].map((entry) => Tuple.from<Value>(entry)) : fail("items needs a dict")),
  join: (value, args, keywords) => {
    const by = keywords.get("attribute");
    const list = items(value).map((entry) => str(by === undefined ? entry : reach(entry, by)));
    return list.join(text(option(args, keywords, 0, "d") ?? ""));
  },
  last: (value) => items(value).at(-1) ?? new Undefined("the last of nothing"),
  length: (value) => items(value).length,
  list: (value) => items(value),
  lower: (value) => str(value).toLowerCase(),
  map: mapped,
  max: extreme(1),
  min: extreme(-1),
  pprint: (value) => str(value),
  reject: chosen(false, false),
  rejectattr: chosen(true, false),
  replace: (value, [from, to]) => str(value).replaceAll(text(from), () => text(to)),
  reverse: (value) => (typeof value === "string" ? [...value].reverse().join("") : items(value).reverse()),
  round: rounded,
  safe: (value) => value,
  select: chosen(false, true),
  selectattr: chosen(true, true),
  sort: (value, args, keywords) => {
    const all = new Map(keywords);
    if (args[0] !== undefined) all.set("reverse", args[0]);
    return sorted(items(value), all, keywords.get("attribute"));
  },
  string: (value) => str(value),
  sum: (value, _, keywords) => {
    const by = keywords.get("attribute");
    const list = items(value).map((entry) => (by === undefined ? entry : reach(entry, by)));
    const total = list.reduce((sum: number, entry) => sum + numberOf(entry), 0);
    return list.some((entry) => entry instanceof Float) ? new Float(total) : total;
  },
  title: (value) => title(str(value)),
  tojson: (value) => JSON.stringify(toPlain(value)),
  trim: (value) => str(value).trim(),
  truncate: (value, [length]) => str(value).slice(0, numberOf(length ?? 255)),
  unique: (value, _, keywords) => {
    const by = keywords.get("attribute");
    return by === undefined ? unique(items(value)) : fail("unique(attribute) is not supported yet");
  },
  upper: (value) => str(value).toUpperCase(),
  wordcount: (value) => str(value).trim().split(/\s+/).filter(Boolean).length,
};
filters.d = filters.default as Filter;
filters.e = filters.escape as Filter;
