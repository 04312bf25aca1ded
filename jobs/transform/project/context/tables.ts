import { bounds } from "../../jinja/collections.ts";
import { sortBy } from "../../jinja/methods/lists.ts";
import { equals } from "../../jinja/order.ts";
import { bindMethod, define, type Method } from "../../jinja/signature.ts";
import { repr } from "../../jinja/text.ts";
import { isTrue } from "../../jinja/truth.ts";
import { fail, NativeValue, OrderedDict, Thing, tuple, type Value } from "../../jinja/values.ts";
import { columnValues } from "./postgres-values.ts";

/** What a query answered: its columns with their types in Postgres, and rows of texts as Postgres writes them. */
export type QueryTable = {
  columns: { name: string; type: number }[];
  rows: (string | null)[][];
  /** What Postgres says that it did, and to how many rows: `SELECT 3`. */
  message: string;
  count: number;
};

/** Asked of the database before the template can go on; the caller runs it and renders again. */
export class NeedsQuery {
  constructor(readonly sql: string) {}
}

/** How many values agate shows of a row or a column. */
const shown = 5;

/** Values that have both a place and a name, as agate's rows and columns do. */
class Sequence extends NativeValue {
  readonly type: string = "agate.MappedSequence";

  constructor(
    readonly values: Value[],
    readonly keys: string[] | undefined,
  ) {
    super();
  }

  override get length() {
    return this.values.length;
  }
  repr() {
    const more = this.values.length > shown ? ", ..." : "";
    return `<${this.type}: (${this.values.slice(0, shown).map(repr).join(", ")}${more})>`;
  }
  override iterate() {
    return this.values;
  }
  override item(key: Value): Value | undefined {
    if (typeof key === "number") return this.values.at(key);
    return typeof key === "string" ? this.#byName(key) : undefined;
  }
  #byName(name: string): Value | undefined {
    const index = this.keys?.lastIndexOf(name) ?? -1;
    return index < 0 ? undefined : this.values[index];
  }
  override slice(start: Value, stop: Value, step: Value): Value {
    const [from, to, by] = bounds(this.values.length, start, stop, step);
    const found: Value[] = [];
    for (let index = from; by > 0 ? index < to : index > to; index += by) found.push(this.values[index] ?? null);
    return tuple(found);
  }
  override equals(other: Value) {
    if (other instanceof Sequence) return equals(this.values, other.values);
    return Array.isArray(other) && equals([...this.values], [...other]);
  }
  override attribute(name: string): Value | undefined {
    return bindMethod(sequenceMethods, this, name);
  }
  override entries(): [string, Value][] {
    const keys = this.keys ?? fail(`a ${this.type} has no keys here`);
    return keys.map((key, index) => [key, this.values[index] ?? null]);
  }
}

const sequenceMethods: Record<string, Method<Sequence>> = {
  dict: ["", (self) => new OrderedDict(self.entries())],
  get: [
    "key, default=",
    (self, key, fallback: Value = null) => {
      const found = typeof key === "string" ? self.item(key) : undefined;
      return found === undefined ? (isTrue(fallback) ? fallback : null) : found;
    },
  ],
  items: ["", (self) => tuple(self.entries().map(tuple))],
  keys: ["", (self) => (self.keys ? tuple(self.keys) : null)],
  values: ["", (self) => tuple(self.values)],
};

class Row extends Sequence {
  override readonly type = "agate.Row";
}

class Column extends Sequence {
  override readonly type = "agate.Column";

  constructor(
    readonly name: string,
    readonly index: number,
    values: Value[],
  ) {
    super(values, undefined);
  }

  override attribute(name: string): Value | undefined {
    if (name === "name" || name === "index") return this[name];
    if (name === "data_type") return fail("data_type of a column is not supported");
    return bindMethod(columnMethods, this, name) ?? super.attribute(name);
  }
}

const known = (values: Value[]) => values.filter((value) => value !== null);
/** Nulls come last. */
const sorted = (values: Value[]) => [
  ...sortBy(known(values), (value) => value, false),
  ...values.filter((value) => value === null),
];

const columnMethods: Record<string, Method<Column>> = {
  values_distinct: [
    "",
    (self) =>
      tuple(self.values.filter((value, index) => self.values.findIndex((other) => equals(other, value)) === index)),
  ],
  values_sorted: ["", (self) => sorted(self.values)],
  values_without_nulls: ["", (self) => tuple(known(self.values))],
  values_without_nulls_sorted: ["", (self) => sorted(known(self.values))],
};

/** Names are told apart as dbt does it: the second `a` is `a_2`. */
function distinct(names: string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name}_${count}`;
  });
}

/** A table as agate has it; what templates do not read is refused by name. */
class Table extends NativeValue {
  readonly type = "agate.Table";
  readonly names: string[];
  readonly columns: Column[];
  readonly rows: Row[];

  constructor({ columns, rows }: Pick<QueryTable, "columns" | "rows">) {
    super();
    this.names = distinct(columns.map(({ name }) => name));
    this.columns = columns.map(({ type }, index) => {
      const values = columnValues(
        type,
        rows.map((row) => row[index] ?? null),
      );
      return new Column(this.names[index] ?? "", index, values);
    });
    this.rows = rows.map(
      (_, at) =>
        new Row(
          this.columns.map(({ values }) => values[at] ?? null),
          this.names,
        ),
    );
  }

  override get length() {
    return this.rows.length;
  }
  repr() {
    return fail("a table is printed by its columns and rows; as a whole it is not supported");
  }
  override iterate() {
    return this.rows;
  }
  override item(key: Value) {
    return typeof key === "number" ? this.rows.at(key) : undefined;
  }
  override attribute(name: string): Value | undefined {
    if (name === "columns") return new Sequence(this.columns, this.names);
    if (name === "rows") return new Sequence(this.rows, undefined);
    if (name === "column_names") return tuple(this.names);
    // It prints where dbt's log goes.
    if (name === "print_table")
      return define(
        "print_table",
        "max_rows=, max_columns=, output=, max_column_width=, locale=, max_precision=",
        () => null,
      );
    return fail(`${name} of a table is not supported`);
  }
}

/** What `run_query` gives; without rows and columns where nothing is to be fetched. */
export const tableValue = (table: QueryTable, fetched = true): Value =>
  new Table(fetched ? table : { columns: [], rows: [] });

/** What `load_result` gives of a statement. */
export function resultEntries(table: QueryTable, fetched: boolean): [string, Value][] {
  const made = new Table(fetched ? table : { columns: [], rows: [] });
  const code = table.message.replace(/ \d+/g, "");
  const response = new Thing(
    "AdapterResponse",
    { code, rows_affected: table.count, query_id: null },
    { text: table.message },
  );
  return [
    ["response", response],
    ["data", made.rows.map(({ values }) => tuple(values))],
    ["table", made],
  ];
}
