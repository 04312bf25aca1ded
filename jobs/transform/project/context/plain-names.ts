import { createHash } from "node:crypto";
import { Iterator, items, iterate, PythonSet, Range } from "../../jinja/collections.ts";
import { toJson } from "../../jinja/filters/json.ts";
import { parseJson } from "../../jinja/json.ts";
import { dictMethods, entriesOf } from "../../jinja/methods/dicts.ts";
import { countOf } from "../../jinja/numbers.ts";
import { bindMethod, define } from "../../jinja/signature.ts";
import { lengthOf, str } from "../../jinja/text.ts";
import { isTrue } from "../../jinja/truth.ts";
import { callable, Dict, fail, type Keywords, Thing, tuple, typeOf, type Value } from "../../jinja/values.ts";
import { parseYaml, toYaml } from "../../jinja/yaml.ts";

/** The sandbox in which dbt runs templates goes no further. */
const longestRange = 100_000;

const textOf = (value: Value) => (typeof value === "string" ? value : fail(`a text is needed, not a ${typeOf(value)}`));

function range(first: Value, second: Value | undefined, third: Value): Value {
  const [from, to] = second === undefined ? [0, first] : [first, second];
  const step = countOf(third, "the step of a range");
  if (step === 0) return fail("range() needs a step that is not zero");
  const made = new Range(countOf(from, "a range's start"), countOf(to, "a range's end"), step);
  return made.length > longestRange ? fail(`range() goes through no more than ${longestRange} numbers`) : made;
}

/** `dict(…)` and `namespace(…)`: a dict or pairs, and names over them. */
function entries(name: string, args: Value[], keywords: Keywords): [Value, Value][] {
  if (args.length > 1) return fail(`${name}() takes one value, and is given ${args.length}`);
  return [...args.flatMap(entriesOf), ...keywords];
}

const dictClass = new Thing("dict", new Map([["fromkeys", bindMethod(dictMethods, new Dict(), "fromkeys") ?? null]]), {
  call: (args, keywords) => new Dict(entries("dict", args, keywords)),
});

function zipped(lists: Value[]): Value {
  const all = lists.map(items);
  const length = Math.min(...(all.length === 0 ? [0] : all.map((list) => list.length)));
  return new Iterator(
    "zip",
    Array.from({ length }, (_, index) => tuple(all.map((list) => list[index] ?? null))),
  );
}

/** The fallback where what is given is nothing that can be read. */
function orFallback(work: () => Value, fallback: Value): Value {
  try {
    return work();
  } catch {
    return fallback;
  }
}

/** Prints nothing the first time, and then what it is given. */
function joiner(separator: Value): Value {
  let used = false;
  return callable(() => {
    const before = used;
    used = true;
    return before ? separator : "";
  });
}

function cycler(values: Value[]): Thing {
  if (values.length === 0) return fail("cycler() needs values to go round");
  let at = 0;
  const current = () => values[at] ?? null;
  const next = define("next", "", () => {
    const value = current();
    at = (at + 1) % values.length;
    return value;
  });
  const reset = define("reset", "", () => {
    at = 0;
    return null;
  });
  return new Thing(
    "cycler",
    { next, reset },
    { missing: (name) => (name === "current" ? current() : fail(`cycler.${name} is not supported`)) },
  );
}

/** By key without its case, what the first has and the second has not. */
function differenceOf(left: Value, right: Value): Value {
  const folded = (value: Value) =>
    new Map(
      entriesOf(value).map(([key, list]) => [
        textOf(key).toLowerCase(),
        items(list).map((item) => textOf(item).toLowerCase()),
      ]),
    );
  const [a, b] = [folded(left), folded(right)];
  const rest = [...a].map(([key, list]): [Value, Value] => [
    key,
    list.filter((item) => !(b.get(key) ?? []).includes(item)),
  ]);
  return new Dict(rest.filter(([, list]) => lengthOf(str(list)) > 2));
}

/** What Jinja and dbt give every template, wherever it stands. */
export function plainNames(): Record<string, Value> {
  return {
    cycler: callable((args) => cycler(args)),
    dict: dictClass,
    diff_of_two_dicts: define("diff_of_two_dicts", "dict_a, dict_b", differenceOf),
    fromjson: define("fromjson", "string, default=", (text, fallback: Value = null) => {
      const given = textOf(text);
      return orFallback(() => parseJson(given), fallback);
    }),
    fromyaml: define("fromyaml", "value, default=", (text, fallback: Value = null) => {
      const given = textOf(text);
      return orFallback(() => parseYaml(given), fallback);
    }),
    joiner: define("joiner", "sep=", (separator: Value = ", ") => joiner(separator)),
    lipsum: callable(() => fail("lipsum() is not supported")),
    local_md5: define("local_md5", "value", (text) => createHash("md5").update(textOf(text)).digest("hex")),
    namespace: callable((args, keywords) => {
      const all = entries("namespace", args, keywords).map(([key, value]): [string, Value] => [str(key), value]);
      return new Thing("namespace", new Map(all));
    }),
    range: define("range", "start, stop=, step=, /", (first, second?: Value, step: Value = 1) =>
      range(first, second, step),
    ),
    set: define("set", "value, default=", (list, fallback: Value = null) =>
      orFallback(() => new PythonSet(iterate(list)), fallback),
    ),
    set_strict: define("set_strict", "value", (list) => new PythonSet(iterate(list))),
    tojson: define("tojson", "value, default=, sort_keys=", (value, _?: Value, sort: Value = false) =>
      toJson(value, { sortKeys: isTrue(sort) }),
    ),
    toyaml: define("toyaml", "value, default=, sort_keys=", (value, _?: Value, sort: Value = false) =>
      toYaml(value, isTrue(sort)),
    ),
    zip: callable((args, keywords) => {
      const [unknown] = [...keywords.keys()].filter((key) => key !== "default");
      if (unknown !== undefined) return fail(`zip() takes no value named '${unknown}'`);
      return orFallback(() => zipped(args), keywords.get("default") ?? null);
    }),
    zip_strict: callable((args, keywords) =>
      keywords.size > 0 ? fail("zip_strict() takes no named values") : zipped(args),
    ),
  };
}
