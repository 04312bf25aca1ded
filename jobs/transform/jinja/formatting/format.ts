import { ascii, repr, str } from "../text.ts";
import { fail, type Keywords, Undefined, type Value } from "../values.ts";
import { formatValue } from "./specification.ts";

/** How `{0.name[key]}` gets into a value. */
export type Inner = { attribute(of: Value, name: string): Value; item(of: Value, key: Value): Value | undefined };

/** Python's `"{} {name!r:>10}".format(…)`. */
export function formatText(text: string, args: Value[], keywords: Keywords, inner: Inner): string {
  const state = { next: 0, numbered: false };
  return fill(text, 2);

  function fill(part: string, depth: number): string {
    if (depth < 0) return fail("places within places of a format go no deeper");
    let written = "";
    for (let at = 0; at < part.length; ) {
      const letter = part[at] ?? "";
      if ((letter === "{" || letter === "}") && part[at + 1] === letter) {
        written += letter;
        at += 2;
      } else if (letter === "}") return fail(`'${text}' has a } that closes nothing`);
      else if (letter !== "{") {
        written += letter;
        at++;
      } else {
        const end = closing(part, at);
        written += replaced(part.slice(at + 1, end), depth);
        at = end + 1;
      }
    }
    return written;
  }

  /** What stands for `name.attribute[key]!conversion:specification`. */
  function replaced(field: string, depth: number): string {
    const [, path = "", conversion, specification = ""] = /^((?:\[[^\]]*\]|[^!:[])*)(?:!(.))?(?::([\s\S]*))?$/.exec(
      field,
    ) ?? [fail(`{${field}} is no place for a value`)];
    const value = lookUp(path);
    const converted =
      conversion === undefined
        ? value
        : conversion === "r"
          ? repr(value)
          : conversion === "s"
            ? str(value)
            : conversion === "a"
              ? ascii(value)
              : fail(`!${conversion} is no conversion`);
    return formatValue(converted, fill(specification, depth - 1));
  }

  function lookUp(path: string): Value {
    const [, first = "", rest = ""] = /^([^.[]*)([\s\S]*)$/.exec(path) ?? [];
    if ((first === "" && state.numbered) || (/^\d+$/.test(first) && state.next > 0)) {
      return fail(`'${text}' has places with a number and places without one`);
    }
    if (/^\d+$/.test(first)) state.numbered = true;
    const found = first === "" ? args[state.next++] : /^\d+$/.test(first) ? args[Number(first)] : keywords.get(first);
    if (found === undefined) return fail(`format() has no value for {${path}}`);
    return [...rest.matchAll(/\.([^.[]+)|\[([^\]]+)\]/g)].reduce((value: Value, [, name, key = ""]) => {
      const next =
        name === undefined ? inner.item(value, /^\d+$/.test(key) ? Number(key) : key) : inner.attribute(value, name);
      return next === undefined || next instanceof Undefined ? fail(`format() has no value for {${path}}`) : next;
    }, found);
  }

  function closing(part: string, from: number): number {
    let depth = 0;
    for (let at = from; at < part.length; at++) {
      if (part[at] === "{") depth++;
      else if (part[at] === "}" && --depth === 0) return at;
    }
    return fail(`'${text}' has a { that is not closed`);
  }
}
