import { Iterator, items, iterate } from "../../jinja/collections.ts";
import { countOf } from "../../jinja/numbers.ts";
import { applyOperator } from "../../jinja/operators.ts";
import { define } from "../../jinja/signature.ts";
import { isTrue } from "../../jinja/truth.ts";
import {
  type Callable,
  callable,
  callOf,
  fail,
  type Keywords,
  Thing,
  tuple,
  Undefined,
  type Value,
} from "../../jinja/values.ts";

const lazily = (values: Iterable<Value>) => new Iterator("itertools object", values);

function* product(lists: Value[][]): Generator<Value> {
  const [first, ...rest] = lists;
  if (!first) {
    yield tuple([]);
    return;
  }
  for (const value of first) for (const others of product(rest)) yield tuple([value, ...(others as Value[])]);
}

/** So many items of a list in their order, or in every order, each once or as often as one likes. */
function* chosen(list: Value[], size: number, kind: "combinations" | "permutations" | "repeating"): Generator<Value> {
  function* go(from: number, taken: number[]): Generator<Value> {
    if (taken.length === size) {
      yield tuple(taken.map((index) => list[index] ?? null));
      return;
    }
    for (let index = from; index < list.length; index++) {
      if (kind === "permutations" && taken.includes(index)) continue;
      const next = kind === "permutations" ? 0 : kind === "repeating" ? index : index + 1;
      yield* go(next, [...taken, index]);
    }
  }
  yield* go(0, []);
}

function* accumulated(values: Iterable<Value>, combine: Value, initial: Value | undefined): Generator<Value> {
  const call = combine === null ? undefined : (callOf(combine) ?? fail("accumulate() needs a function"));
  let total = initial;
  if (total !== undefined) yield total;
  for (const value of values) {
    total = total === undefined ? value : call ? call([total, value], new Map()) : applyOperator("+", total, value);
    yield total;
  }
}

function* counted(start: Value, step: Value): Generator<Value> {
  for (let value = start; ; value = applyOperator("+", value, step)) yield value;
}

function* repeated(value: Value, times: number): Generator<Value> {
  for (let index = 0; index < times; index++) yield value;
}

function* cycled(values: Value[]): Generator<Value> {
  while (values.length > 0) yield* values;
}

function* part(values: Iterable<Value>, from: number, to: number, step: number): Generator<Value> {
  let index = 0;
  let next = from;
  const source = values[Symbol.iterator]();
  while (index < to) {
    const found = source.next();
    if (found.done) return;
    if (index === next) {
      yield found.value;
      next += step;
    }
    index++;
  }
}

/** A function of any number of values and of some with a name. */
const many = (name: string, known: string[], call: (args: Value[], keywords: Keywords) => Value): Callable =>
  callable((args, keywords) => {
    const unknown = [...keywords.keys()].find((key) => !known.includes(key));
    return unknown === undefined ? call(args, keywords) : fail(`${name}() takes no value named '${unknown}'`);
  });

function zipLongest(lists: Value[][], filler: Value): Value {
  const length = Math.max(0, ...lists.map((list) => list.length));
  const row = (index: number) => tuple(lists.map((list) => (index < list.length ? (list[index] ?? null) : filler)));
  return lazily(Array.from({ length }, (_, index) => row(index)));
}

function islice(values: Value, bounds: Value[]): Value {
  const given = bounds.map((bound) => (bound === null ? undefined : countOf(bound, "a bound of islice()")));
  if (given.length === 0 || given.length > 3 || given.some((bound) => bound !== undefined && bound < 0)) {
    return fail("islice() takes one to three bounds that are not below zero");
  }
  const [from = 0, to = Infinity, step = 1] = given.length === 1 ? [0, ...given] : given;
  return lazily(part(iterate(values), from, to, step));
}

/** `modules.itertools`, as far as dbt gives it. */
export function itertoolsModule(): Thing {
  const known: Record<string, Value> = {
    accumulate: define("accumulate", "iterable, func=, *, initial=", (values, combine: Value = null, initial?: Value) =>
      lazily(accumulated(iterate(values), combine, initial === null ? undefined : initial)),
    ),
    chain: many("chain", [], (args) => lazily(args.flatMap(items))),
    combinations: define("combinations", "iterable, r", (values, size) =>
      lazily(chosen(items(values), countOf(size, "r"), "combinations")),
    ),
    combinations_with_replacement: define("combinations_with_replacement", "iterable, r", (values, size) =>
      lazily(chosen(items(values), countOf(size, "r"), "repeating")),
    ),
    compress: define("compress", "data, selectors", (data, selectors) => {
      const keep = items(selectors);
      return lazily(items(data).filter((_, index) => index < keep.length && isTrue(keep[index] ?? null)));
    }),
    count: define("count", "start=, step=", (start: Value = 0, step: Value = 1) => lazily(counted(start, step))),
    cycle: define("cycle", "iterable, /", (values) => lazily(cycled(items(values)))),
    islice: many("islice", [], ([values = null, ...bounds]) => islice(values, bounds)),
    permutations: define("permutations", "iterable, r=", (values, size: Value = null) => {
      const list = items(values);
      return lazily(chosen(list, size === null ? list.length : countOf(size, "r"), "permutations"));
    }),
    product: many("product", ["repeat"], (args, keywords) => {
      const lists = args.map(items);
      const times = countOf(keywords.get("repeat") ?? 1, "repeat");
      return lazily(product(Array.from({ length: times }, () => lists).flat()));
    }),
    repeat: define("repeat", "object, times=", (value, times: Value = null) =>
      lazily(repeated(value, times === null ? Infinity : countOf(times, "times"))),
    ),
    starmap: define("starmap", "function, iterable, /", (call, values) => {
      const run = callOf(call) ?? fail("starmap() needs a function");
      return lazily(items(values).map((args) => run(items(args), new Map())));
    }),
    zip_longest: many("zip_longest", ["fillvalue"], (args, keywords) =>
      zipLongest(args.map(items), keywords.get("fillvalue") ?? null),
    ),
  };
  return new Thing("modules.itertools", known, {
    missing: (name) =>
      name === "tee" ? fail("modules.itertools.tee is not supported") : new Undefined(`modules.itertools.${name}`),
  });
}
