import { iterate, PythonSet } from "../collections.ts";
import type { Method } from "../signature.ts";
import { repr } from "../text.ts";
import { fail, type Value } from "../values.ts";

const given = (values: Value) => new PythonSet(iterate(values));
const every = (left: PythonSet, right: PythonSet) => left.iterate().every((item) => right.contains(item));

/** Of one set and any number of others. */
const combined =
  (combine: (self: PythonSet, other: PythonSet) => Value[]): Method<PythonSet> =>
  (self, args, keywords) => {
    if (keywords.size > 0) return fail("what a set is put together with has no name");
    return args.reduce(
      (found: PythonSet, other) => new PythonSet(combine(found, given(other))),
      new PythonSet(self.iterate()),
    );
  };

const nothing = (_: unknown): null => null;

export const setMethods: Record<string, Method<PythonSet>> = {
  add: ["value, /", (self, value) => nothing(self.add(value))],
  clear: ["", (self) => nothing(self.values.clear())],
  copy: ["", (self) => new PythonSet(self.iterate())],
  difference: combined((self, other) => self.iterate().filter((item) => !other.contains(item))),
  discard: ["value, /", (self, value) => nothing(self.values.delete(value))],
  intersection: combined((self, other) => self.iterate().filter((item) => other.contains(item))),
  isdisjoint: ["other, /", (self, other) => !self.iterate().some((item) => given(other).contains(item))],
  issubset: ["other, /", (self, other) => every(self, given(other))],
  issuperset: ["other, /", (self, other) => every(given(other), self)],
  remove: [
    "value, /",
    (self, value) =>
      self.contains(value) ? nothing(self.values.delete(value)) : fail(`the set has no ${repr(value)}`),
  ],
  symmetric_difference: [
    "other, /",
    (self, other) => {
      const right = given(other);
      return new PythonSet([
        ...self.iterate().filter((item) => !right.contains(item)),
        ...right.iterate().filter((item) => !self.contains(item)),
      ]);
    },
  ],
  union: combined((self, other) => [...self.iterate(), ...other.iterate()]),
  update: (self, args, keywords) => {
    if (keywords.size > 0) return fail("what a set is put together with has no name");
    for (const values of args) for (const value of [...iterate(values)]) self.add(value);
    return null;
  },
};
