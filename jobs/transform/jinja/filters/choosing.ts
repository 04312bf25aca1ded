import { ownAttribute } from "../attribute.ts";
import { Iterator, iterate } from "../collections.ts";
import { callMethod, type Method } from "../signature.ts";
import { str } from "../text.ts";
import { isTrue } from "../truth.ts";
import { fail, type Keywords, Undefined, type Value } from "../values.ts";
import { reach } from "./lists.ts";

type Tables = { filters: Record<string, Method<Value>>; tests: Record<string, Method<Value>> };

/** Applies what a table holds of a name, or refuses the name. */
export function applyNamed(
  kind: "filter" | "test",
  table: Record<string, Method<Value>>,
  name: string,
  value: Value,
  args: Value[],
  keywords: Keywords,
): Value {
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  return found ? callMethod(name, found, value, args, keywords) : fail(`there is no ${kind} '${name}'`);
}

function* mapped(tables: Tables, value: Value, args: Value[], keywords: Keywords): Generator<Value> {
  const { attribute, default: fallback = null, ...rest } = Object.fromEntries(keywords);
  const [name, ...others] = args;
  if (name === undefined && attribute === undefined) fail("map needs the name of a filter, or an attribute");
  if (name === undefined && Object.keys(rest).length > 0) fail(`map takes no value named '${Object.keys(rest)[0]}'`);
  // As Jinja2: of None, too, nothing is made.
  if (!(value instanceof Undefined) && !isTrue(value)) return;
  for (const item of iterate(value)) {
    if (name === undefined) yield reach(item, attribute ?? null, fallback);
    else yield applyNamed("filter", tables.filters, str(name), item, others, keywords);
  }
}

/** `select`, `reject` and those by attribute: the items for which a test holds, or does not. */
function chosen({ tests }: Tables, byAttribute: boolean, wanted: boolean): Method<Value> {
  return (value, args, keywords) => {
    const [attribute = null, test, ...rest] = byAttribute ? args : [null, ...args];
    function* choose(): Generator<Value> {
      if (value instanceof Undefined || !isTrue(value)) return yield* iterate(value instanceof Undefined ? value : []);
      if (byAttribute && args.length === 0) fail("selectattr and rejectattr need the name of an attribute");
      for (const item of iterate(value)) {
        const subject = reach(item, attribute);
        const holds =
          test === undefined ? isTrue(subject) : isTrue(applyNamed("test", tests, str(test), subject, rest, keywords));
        if (holds === wanted) yield item;
      }
    }
    return new Iterator("generator", choose());
  };
}

/** The filters that use other filters and tests by name. */
export function choosingFilters(tables: Tables): Record<string, Method<Value>> {
  return {
    attr: [
      "name",
      (value, name) => {
        if (value instanceof Undefined) return fail(`'${value.name}' is not defined`);
        return ownAttribute(value, str(name)) ?? new Undefined(str(name));
      },
    ],
    map: (value, args, keywords) => new Iterator("generator", mapped(tables, value, args, keywords)),
    reject: chosen(tables, false, false),
    rejectattr: chosen(tables, true, false),
    select: chosen(tables, false, true),
    selectattr: chosen(tables, true, true),
  };
}
