import { PythonSet } from "./collections.ts";
import { formatText } from "./formatting/format.ts";
import { dictMethods } from "./methods/dicts.ts";
import { listMethods, tupleMethods } from "./methods/lists.ts";
import { numberAttribute } from "./methods/numbers.ts";
import { setMethods } from "./methods/sets.ts";
import { textMethods } from "./methods/text.ts";
import { isWhole } from "./numbers.ts";
import { item } from "./operators.ts";
import { bindMethod, type Method } from "./signature.ts";
import { Dict, Float, fail, NativeValue, Tuple, typeOf, Undefined, type Value } from "./values.ts";

/** What a text's own places may reach into, which no other method of it does. */
const formats: Record<string, Method<string>> = {
  format: (self, args, keywords) => formatText(self, args, keywords, { attribute, item }),
  format_map: [
    "mapping, /",
    (self, mapping) => {
      if (!(mapping instanceof Dict)) return fail("format_map() needs a dict");
      return formatText(self, [], new Map([...mapping].map(([key, value]) => [String(key), value])), {
        attribute,
        item,
      });
    },
  ],
};

/** An item of a group that `groupby` made: a tuple whose two have names. */
export class Group extends Tuple {}

/** An attribute or a method of Python's; undefined where a value has none of the name. */
export function ownAttribute(of: Value, name: string): Value | undefined {
  // The sandbox in which dbt runs templates hides these.
  if (name.startsWith("_") && !(of instanceof NativeValue)) return undefined;
  if (of instanceof Group && (name === "grouper" || name === "list")) return of[name === "list" ? 1 : 0];
  if (of instanceof PythonSet) return bindMethod(setMethods, of, name);
  if (of instanceof NativeValue) return of.attribute(name);
  if (typeof of === "string") return bindMethod(textMethods, of, name) ?? bindMethod(formats, of, name);
  if (of instanceof Tuple) return bindMethod<Value[]>(tupleMethods, of, name);
  if (Array.isArray(of)) return bindMethod(listMethods, of, name);
  if (of instanceof Dict) return bindMethod(dictMethods, of, name);
  if (isWhole(of) || of instanceof Float) return numberAttribute(of, name);
  return undefined;
}

const refuseMissing = (of: Undefined) => fail(`'${of.name}' is not defined`);

/** The first that is there; None is. */
function firstOf(of: Value, key: string, ...ways: (() => Value | undefined)[]): Value {
  for (const way of ways) {
    const found = way();
    if (found !== undefined) return found;
  }
  return new Undefined(`${typeOf(of)}.${key}`);
}

/** `of.name`: an attribute, a method, or else an entry of a dict. */
export function attribute(of: Value, name: string): Value {
  if (of instanceof Undefined) return of.chained ? of : refuseMissing(of);
  return firstOf(
    of,
    name,
    () => ownAttribute(of, name),
    () => item(of, name),
  );
}

/** `of[key]`: an item, or else an attribute. */
export function subscript(of: Value, key: Value): Value {
  if (of instanceof Undefined) return of.chained ? of : refuseMissing(of);
  return firstOf(
    of,
    typeof key === "string" ? key : "[…]",
    () => item(of, key),
    () => (typeof key === "string" ? ownAttribute(of, key) : undefined),
  );
}
