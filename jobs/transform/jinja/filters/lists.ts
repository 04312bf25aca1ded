import { Group, subscript } from "../attribute.ts";
import { Iterator, items, iterate, PythonSet, Range, View } from "../collections.ts";
import { entriesOf } from "../methods/dicts.ts";
import { sortBy } from "../methods/lists.ts";
import { countOf } from "../numbers.ts";
import { applyOperator } from "../operators.ts";
import { compare, equals } from "../order.ts";
import type { Method } from "../signature.ts";
import { characters, str } from "../text.ts";
import { isTrue } from "../truth.ts";
import { Dict, fail, tuple, Undefined, type Value } from "../values.ts";

/** The parts of `a.b.0`; none where there is no attribute. */
function pathOf(attribute: Value): Value[] {
  if (attribute === null) return [];
  if (typeof attribute !== "string") return [attribute];
  return attribute.split(".").map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

/** `a.b` or an index, in an item of a list. */
export function reach(value: Value, attribute: Value, fallback: Value = null): Value {
  return pathOf(attribute).reduce((found: Value, part) => {
    const next = subscript(found, part);
    return next instanceof Undefined && fallback !== null ? fallback : next;
  }, value);
}

const lowered = (value: Value, sensitive: boolean) =>
  typeof value === "string" && !sensitive ? value.toLowerCase() : value;

/** What a filter compares its items by: themselves or an attribute, texts without their case unless that counts. */
const keyOf =
  (attribute: Value, sensitive: Value): ((value: Value) => Value) =>
  (value) =>
    lowered(reach(value, attribute), isTrue(sensitive));

const extreme = (sign: 1 | -1): Method<Value> => [
  "case_sensitive=, attribute=",
  (value, sensitive: Value = false, attribute: Value = null) => {
    const key = keyOf(attribute, sensitive);
    const [first, ...rest] = items(value).map((item) => ({ item, key: key(item) }));
    if (!first) return new Undefined("the extreme of nothing");
    return rest.reduce((best, next) => (compare(next.key, best.key) * sign > 0 ? next : best), first).item;
  },
];

/** By several attributes, with commas between them. */
function sort(value: Value, reverse: Value, sensitive: Value, attribute: Value): Value {
  const attributes: Value[] = typeof attribute === "string" ? attribute.split(",") : [attribute];
  const key = (item: Value) => attributes.map((part) => keyOf(part, sensitive)(item));
  return sortBy(items(value), key, isTrue(reverse));
}

function dictSort(value: Value, sensitive: Value, by: Value, reverse: Value): Value {
  if (!(value instanceof Dict)) return fail("dictsort needs a dict");
  const place = by === "key" ? 0 : by === "value" ? 1 : fail("dictsort sorts by 'key' or by 'value'");
  return sortBy([...value].map(tuple), (entry) => keyOf(place, sensitive)(entry), isTrue(reverse));
}

function groupBy(value: Value, attribute: Value, fallback: Value, sensitive: Value): Value {
  const key = (item: Value) => lowered(reach(item, attribute, fallback), isTrue(sensitive));
  const groups: { key: Value; values: Value[] }[] = [];
  for (const item of sortBy(items(value), key, false)) {
    const last = groups.at(-1);
    if (last && equals(last.key, key(item))) last.values.push(item);
    else groups.push({ key: key(item), values: [item] });
  }
  return groups.map(({ key: shared, values }) => {
    const name = isTrue(sensitive) ? shared : reach(values[0] ?? null, attribute, fallback);
    return Group.from<Value>([name, values]) as Group;
  });
}

function* unique(value: Value, key: (item: Value) => Value): Generator<Value> {
  const seen = new PythonSet([]);
  for (const item of iterate(value)) {
    const known = key(item);
    if (seen.contains(known)) continue;
    seen.add(known);
    yield item;
  }
}

function* batch(value: Value, size: number, filler: Value): Generator<Value> {
  let part: Value[] = [];
  for (const item of iterate(value)) {
    if (part.length === size) {
      yield part;
      part = [];
    }
    part.push(item);
  }
  while (part.length > 0 && filler !== null && part.length < size) part.push(filler);
  if (part.length > 0) yield part;
}

function* sliced(value: Value, slices: number, filler: Value): Generator<Value> {
  const list = items(value);
  if (slices === 0) fail("slice() into no slices");
  const [each, extra] = [Math.floor(list.length / slices), list.length % slices];
  for (let index = 0, from = 0; index < slices; index++) {
    const part = list.slice(from, from + each + (index < extra ? 1 : 0));
    from += part.length;
    if (filler !== null && index >= extra) part.push(filler);
    yield part;
  }
}

function sum(value: Value, attribute: Value, start: Value): Value {
  if (typeof start === "string") return fail("sum() cannot put texts together; join() does");
  return items(value).reduce((total: Value, item) => applyOperator("+", total, reach(item, attribute)), start);
}

function reversed(value: Value): Value {
  if (typeof value === "string") return characters(value).reverse().join("");
  const list = items(value).reverse();
  return isReversible(value) ? new Iterator("reversed list", list) : list;
}

/** What has an order of its own; what can be gone through once has no end to begin at. */
const isReversible = (value: Value) =>
  Array.isArray(value) || value instanceof Dict || value instanceof Range || value instanceof View;

function last(value: Value): Value {
  if (typeof value !== "string" && !(value instanceof Undefined) && !isReversible(value))
    return fail("last needs a list; put | list before it");
  return items(value).at(-1) ?? new Undefined("the last of nothing");
}

export const listFilters: Record<string, Method<Value>> = {
  batch: [
    "linecount, fill_with=",
    (value, size, filler: Value = null) => new Iterator("generator", batch(value, countOf(size, "batch"), filler)),
  ],
  dictsort: [
    "case_sensitive=, by=, reverse=",
    (value, sensitive: Value = false, by: Value = "key", reverse: Value = false) =>
      dictSort(value, sensitive, by, reverse),
  ],
  first: [
    "",
    (value) => {
      for (const item of iterate(value)) return item;
      return new Undefined("the first of nothing");
    },
  ],
  groupby: [
    "attribute, default=, case_sensitive=",
    (value, attribute, fallback: Value = null, sensitive: Value = false) =>
      groupBy(value, attribute, fallback, sensitive),
  ],
  items: [
    "",
    (value) => {
      if (value instanceof Undefined) return new Iterator("generator", iterate(value));
      return value instanceof Dict
        ? new Iterator("generator", entriesOf(value).map(tuple))
        : fail("items needs a dict");
    },
  ],
  join: [
    "d=, attribute=",
    (value, separator: Value = "", attribute: Value = null) =>
      items(value)
        .map((item) => str(reach(item, attribute)))
        .join(str(separator)),
  ],
  last: ["", last],
  list: ["", (value) => items(value)],
  max: extreme(1),
  min: extreme(-1),
  random: ["", () => fail("random is not supported, as a build would not give the same twice")],
  reverse: ["", reversed],
  slice: [
    "slices, fill_with=",
    (value, slices, filler: Value = null) => new Iterator("generator", sliced(value, countOf(slices, "slice"), filler)),
  ],
  sort: [
    "reverse=, case_sensitive=, attribute=",
    (value, reverse: Value = false, sensitive: Value = false, attribute: Value = null) =>
      sort(value, reverse, sensitive, attribute),
  ],
  sum: ["attribute=, start=", (value, attribute: Value = null, start: Value = 0) => sum(value, attribute, start)],
  unique: [
    "case_sensitive=, attribute=",
    (value, sensitive: Value = false, attribute: Value = null) =>
      new Iterator("generator", unique(value, keyOf(attribute, sensitive))),
  ],
};
