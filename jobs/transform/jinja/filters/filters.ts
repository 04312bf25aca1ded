import type { Method } from "../signature.ts";
import { tests } from "../tests.ts";
import { isTrue } from "../truth.ts";
import { Tuple, Undefined, type Value } from "../values.ts";
import { choosingFilters } from "./choosing.ts";
import { jsonFilter } from "./json.ts";
import { listFilters } from "./lists.ts";
import { numberFilters } from "./numbers.ts";
import { textFilters } from "./text.ts";

const orDefault: Method<Value> = [
  "default_value=, boolean=",
  (value, fallback: Value = "", falseToo: Value = false) =>
    value instanceof Undefined || (isTrue(falseToo) && !isTrue(value)) ? fallback : value,
];

/** What stands after `|`: Jinja2's filters, and dbt's own five. */
export const filters: Record<string, Method<Value>> = {
  ...listFilters,
  ...numberFilters,
  ...textFilters,
  // These say what a setting of dbt_project.yml is to become; in SQL they change nothing.
  as_bool: ["", (value) => value],
  as_native: ["", (value) => value],
  as_number: ["", (value) => value],
  as_text: ["", (value) => value],
  d: orDefault,
  default: orDefault,
  is_list: ["", (value) => Array.isArray(value) && !(value instanceof Tuple)],
  tojson: ["indent=", (value, indent: Value = null) => jsonFilter(value, indent)],
};

Object.assign(filters, choosingFilters({ filters, tests }));
tests.filter = ["", (value) => typeof value === "string" && Object.hasOwn(filters, value)];
tests.test = ["", (value) => typeof value === "string" && Object.hasOwn(tests, value)];
