import type { ResultColumn } from "../../../db/console/cursor.ts";
import type { ColumnKind, Table } from "../../http/tables/table.ts";
import type { StatementStream } from "./console.ts";

const kinds: Record<string, ColumnKind> = {
  smallint: "integer",
  integer: "integer",
  bigint: "integer",
  oid: "integer",
  numeric: "decimal",
  real: "number",
  "double precision": "number",
  boolean: "boolean",
  date: "date",
  "timestamp with time zone": "instant",
};

/** A result as a table: numbers with the digits that the database wrote. */
export function tableOfResult({ columns, batches }: StatementStream): Table {
  const told = columns.map(({ name, type }: ResultColumn) => ({ name, kind: kinds[type] ?? ("text" as const) }));
  async function* rows() {
    for await (const batch of batches)
      yield batch.map((row) =>
        row.map((value, index) => (told[index]?.kind === "boolean" && value !== null ? value === "true" : value)),
      );
  }
  return { name: "barline-sql", columns: told, batches: rows() };
}
