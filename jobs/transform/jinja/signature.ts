import { type Callable, callable, fail, type Keywords, type Value } from "./values.ts";

/**
 * What a function takes, as Python writes it: `old, new, count=, /` has two values that must be given and one that may be, none of
 * them by name; after `*` all are by name alone.
 */
type Signature = { names: string[]; required: string[]; unnamed: number; places: number };

const read = new Map<string, Signature>();

function readSignature(text: string): Signature {
  const known = read.get(text);
  if (known) return known;
  const parts = text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
  const plain = parts.filter((part) => part !== "/" && part !== "*");
  const names = plain.map((part) => part.replace(/=$/, ""));
  const star = parts.filter((part) => part !== "/").indexOf("*");
  const found = {
    names,
    required: plain.filter((part) => !part.endsWith("=")),
    unnamed: Math.max(parts.indexOf("/"), 0),
    places: star < 0 ? names.length : star,
  };
  read.set(text, found);
  return found;
}

/** Brings what a call gives into the order of a signature, and refuses what it has no place for. */
function bindArguments(name: string, text: string, args: Value[], keywords: Keywords): (Value | undefined)[] {
  const { names, required, unnamed, places } = readSignature(text);
  if (args.length > places) return fail(`${name}() takes ${places || "no"} values, and is given ${args.length}`);
  const values: (Value | undefined)[] = names.map((_, index) => args[index]);
  for (const [key, value] of keywords) {
    const index = names.indexOf(key);
    if (index < unnamed) return fail(`${name}() takes no value named '${key}'`);
    if (values[index] !== undefined) return fail(`${name}() is given '${key}' twice`);
    values[index] = value;
  }
  const missing = names.find((known, index) => values[index] === undefined && required.includes(known));
  return missing === undefined ? values : fail(`${name}() is not given its '${missing}'`);
}

/**
 * A function with its signature: it is called with the values in their order, undefined where one that may be left out is. One
 * without a signature looks at its arguments by itself.
 */
export type Method<Self> =
  | [signature: string, call: (self: Self, ...values: Value[]) => Value]
  | ((self: Self, args: Value[], keywords: Keywords) => Value);

export function callMethod<Self>(
  name: string,
  method: Method<Self>,
  self: Self,
  args: Value[],
  keywords: Keywords,
): Value {
  if (typeof method === "function") return method(self, args, keywords);
  const [signature, call] = method;
  // Those that must be given are; the others are declared as optional by who takes them.
  return call(self, ...(bindArguments(name, signature, args, keywords) as Value[]));
}

/** A function for templates that names what it takes. */
export function define(name: string, signature: string, call: (...values: Value[]) => Value): Callable {
  return callable((args, keywords) => call(...(bindArguments(name, signature, args, keywords) as Value[])));
}

/** A method of a value, ready to be called; undefined where a table has none of the name. */
export function bindMethod<Self>(
  methods: Record<string, Method<Self>>,
  self: Self,
  name: string,
): Callable | undefined {
  const method = Object.hasOwn(methods, name) ? methods[name] : undefined;
  return method && callable((args, keywords) => callMethod(name, method, self, args, keywords));
}
