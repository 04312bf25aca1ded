import { iterate } from "../collections.ts";
import { countOf } from "../numbers.ts";
import { compare, equals } from "../order.ts";
import type { Method } from "../signature.ts";
import { repr } from "../text.ts";
import { isTrue } from "../truth.ts";
import { callOf, fail, type Value } from "../values.ts";

const nothing = (_: unknown): null => null;

function indexOf(self: Value[], value: Value, from: Value = 0, to: Value = self.length): number {
  const bound = (given: Value) => {
    const index = countOf(given, "where to look");
    return index < 0 ? Math.max(index + self.length, 0) : index;
  };
  const found = self.findIndex((entry, index) => index >= bound(from) && index < bound(to) && equals(entry, value));
  return found < 0 ? fail(`${repr(self)} has no ${repr(value)}`) : found;
}

const count = (self: Value[], value: Value) => self.filter((entry) => equals(entry, value)).length;

/** Sorts in place and keeps the order of what is equal, in reverse too. */
export function sortBy(list: Value[], key: (value: Value) => Value, reverse: boolean): Value[] {
  const keyed = list.map((value) => ({ value, key: key(value) }));
  keyed.sort((left, right) => (reverse ? compare(right.key, left.key) : compare(left.key, right.key)));
  return keyed.map(({ value }) => value);
}

/** Where an index stands in a list; refused beyond its ends. */
function place(self: Value[], index: Value): number {
  const given = countOf(index, "an index");
  const at = given < 0 ? given + self.length : given;
  return at >= 0 && at < self.length ? at : fail(`the list has no item ${given}`);
}

export const tupleMethods: Record<string, Method<Value[]>> = {
  count: ["value, /", count],
  index: ["value, start=, stop=, /", (self, value, from?: Value, to?: Value) => indexOf(self, value, from, to)],
};

export const listMethods: Record<string, Method<Value[]>> = {
  ...tupleMethods,
  append: ["value, /", (self, value) => nothing(self.push(value))],
  clear: ["", (self) => nothing(self.splice(0))],
  copy: ["", (self) => [...self]],
  extend: [
    "values, /",
    (self, values) => {
      for (const value of [...iterate(values)]) self.push(value);
      return null;
    },
  ],
  insert: [
    "index, value, /",
    (self, index, value) => nothing(self.splice(countOf(index, "where to insert"), 0, value)),
  ],
  pop: ["index=, /", (self, index: Value = -1) => self.splice(place(self, index), 1)[0] ?? null],
  remove: ["value, /", (self, value) => nothing(self.splice(indexOf(self, value), 1))],
  reverse: ["", (self) => nothing(self.reverse())],
  sort: [
    "*, key=, reverse=",
    (self, key: Value = null, reverse: Value = false) => {
      const call = key === null ? undefined : (callOf(key) ?? fail("sort(key) needs a function"));
      const sorted = sortBy([...self], (value) => (call ? call([value], new Map()) : value), isTrue(reverse));
      return nothing(self.splice(0, self.length, ...sorted));
    },
  ],
};
