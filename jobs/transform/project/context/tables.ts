import { fromPlain } from "../../jinja/plain.ts";
import { Dict, Thing, tuple, type Value } from "../../jinja/values.ts";

/** What a query answered: names of its columns, and rows in their order. */
export type QueryTable = { columns: string[]; rows: unknown[][] };

/** Asked of the database before the template can go on; the caller runs it and renders again. */
export class NeedsQuery {
  constructor(readonly sql: string) {}
}

/** A value of Postgres as Python's driver gives it: numeric and bigint arrive as text, and are numbers here. */
function cell(value: unknown): Value {
  return value instanceof Date
    ? value
        .toISOString()
        .replace("T", " ")
        .replace(/\.\d+Z$/, "")
    : fromPlain(value);
}

const method = (value: () => Value) => new Thing("method", {}, { call: value });

/** Values that have both a place and a name, as agate's rows and columns do. */
function row(names: string[], values: Value[]): Thing {
  const attributes = new Map(names.map((name, index): [string, Value] => [name, values[index] ?? null]));
  attributes.set(
    "values",
    method(() => tuple(values)),
  );
  attributes.set(
    "keys",
    method(() => tuple(names)),
  );
  attributes.set(
    "dict",
    method(() => new Dict(names.map((name, index): [Value, Value] => [name, values[index] ?? null]))),
  );
  return new Thing("row", attributes, { list: values });
}

/** What `run_query` gives: a table as agate has it, as far as projects look into one. */
export function tableValue({ columns, rows }: QueryTable): Thing {
  const cells = rows.map((values) => values.map(cell));
  const columnThings = columns.map((name, index) => {
    const values = cells.map((entry) => entry[index] ?? null);
    const known: Record<string, Value> = { name, values: method(() => tuple(values)) };
    return new Thing("column", known, { list: values });
  });
  const byName = new Map(columns.map((name, index): [string, Value] => [name, columnThings[index] ?? null]));
  return new Thing(
    "table",
    {
      columns: new Thing("columns", byName, { list: columnThings }),
      column_names: tuple(columns),
      rows: new Thing("rows", {}, { list: cells.map((values) => row(columns, values)) }),
    },
    {},
  );
}
