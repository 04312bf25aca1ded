import { whole } from "./numbers.ts";
import { Dict, Float, type Value } from "./values.ts";

const blanks = /[ \t\n\r]*/y;
const number = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?/y;
const text = /"(?:[^"\\\p{Cc}]|[\x7f-\x9f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/uy;
const words: [string, Value][] = [
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", new Float(Number.NaN)],
  ["Infinity", new Float(Infinity)],
  ["-Infinity", new Float(-Infinity)],
];

/**
 * Python's json.loads(): whole numbers of any size, those with a point as floats, and keys in the order in which they stand, which
 * JSON.parse() keeps none of. Throws a SyntaxError where it is no JSON.
 */
export function parseJson(source: string): Value {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) at += found[0].length;
    return found;
  };
  const next = (letter: string) => {
    take(blanks);
    const there = source[at] === letter;
    if (there) at++;
    return there;
  };
  const refuse = (): never => {
    throw new SyntaxError(`this is no JSON at ${at}`);
  };
  const readText = (): string => JSON.parse(take(text)?.[0] ?? refuse()) as string;

  function readList(): Value {
    const found: Value[] = [];
    if (next("]")) return found;
    do found.push(readValue());
    while (next(","));
    return next("]") ? found : refuse();
  }

  function readDict(): Value {
    const found = new Dict();
    if (next("}")) return found;
    do {
      take(blanks);
      const key = readText();
      if (!next(":")) refuse();
      found.set(key, readValue());
    } while (next(","));
    return next("}") ? found : refuse();
  }

  function readValue(): Value {
    take(blanks);
    if (source[at] === '"') return readText();
    if (next("[")) return readList();
    if (next("{")) return readDict();
    const word = words.find(([name]) => source.startsWith(name, at));
    if (word) {
      at += word[0].length;
      return word[1];
    }
    const [figures, fraction, exponent] = take(number) ?? refuse();
    return fraction === undefined && exponent === undefined ? whole(BigInt(figures)) : new Float(Number(figures));
  }

  const value = readValue();
  take(blanks);
  return at === source.length ? value : refuse();
}
