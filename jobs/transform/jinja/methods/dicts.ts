import { items, iterate, View } from "../collections.ts";
import type { Method } from "../signature.ts";
import { repr } from "../text.ts";
import { Dict, fail, hashOf, NativeValue, tuple, typeOf, Undefined, type Value } from "../values.ts";

/** What dict() and update() take: a dict, or pairs. */
export function entriesOf(from: Value): [Value, Value][] {
  if (from instanceof Dict) return [...from];
  if (from instanceof NativeValue && from.entries) return from.entries();
  if (from instanceof Undefined) return fail(`'${from.name}' is not defined`);
  return items(from).map((entry, index) => {
    const pair = items(entry);
    const [key, value] = pair;
    if (pair.length !== 2 || key === undefined || value === undefined)
      return fail(`item ${index} of what a dict is made of is no pair`);
    return [key, value];
  });
}

export const dictMethods: Record<string, Method<Dict>> = {
  clear: [
    "",
    (self) => {
      self.clear();
      return null;
    },
  ],
  copy: ["", (self) => new Dict(self)],
  fromkeys: ["keys, value=, /", (_, keys, value: Value = null) => fromKeys(keys, value)],
  get: [
    "key, default=, /",
    (self, key, fallback: Value = null) => {
      hashOf(key);
      const found = self.get(key);
      return found === undefined ? fallback : found;
    },
  ],
  items: ["", (self) => new View("dict_items", self)],
  keys: ["", (self) => new View("dict_keys", self)],
  pop: [
    "key, default=, /",
    (self, key, fallback?: Value) => {
      const found = self.get(key) ?? (self.has(key) ? null : fallback);
      self.delete(key);
      return found === undefined ? fail(`the dict has no ${repr(key)}`) : found;
    },
  ],
  popitem: [
    "",
    (self) => {
      const last = [...self].at(-1) ?? fail("the dict is empty");
      self.delete(last[0]);
      return tuple(last);
    },
  ],
  setdefault: [
    "key, default=, /",
    (self, key, fallback: Value = null) => {
      if (!self.has(key)) self.set(key, fallback);
      return self.get(key) ?? null;
    },
  ],
  update: (self, args, keywords) => {
    if (args.length > 1) return fail(`update() takes one value, and is given ${args.length}`);
    for (const from of args) {
      if (from === null) return fail(`a ${typeOf(from)} cannot be gone through`);
      for (const [key, value] of entriesOf(from)) self.set(key, value);
    }
    for (const [key, value] of keywords) self.set(key, value);
    return null;
  },
  values: ["", (self) => new View("dict_values", self)],
};

const fromKeys = (keys: Value, value: Value) => new Dict([...iterate(keys)].map((key): [Value, Value] => [key, value]));
