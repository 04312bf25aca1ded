import type { Sql } from "../../client.ts";
import { type IndicatorColumn, indicatorExpression, indicatorsIn, martTables } from "./read-screen-columns.ts";
import { type WorkspaceColumn, workspaceExpression } from "./read-workspace-columns.ts";

type FactKind = "text" | "integer" | "number" | "decimal" | "date" | "instant" | "boolean";

/** A column that can be asked for of a bar: of the fact table, worked out of its columns, of the bar as the vendor stated it, or of a workspace model. */
export type FactColumn = {
  name: string;
  kind: FactKind;
  description: string;
  from: "table" | "ratio" | "stated" | WorkspaceColumn;
};

const kinds: Record<string, FactKind> = {
  smallint: "integer",
  integer: "integer",
  bigint: "integer",
  real: "decimal",
  numeric: "decimal",
  "double precision": "number",
  date: "date",
  "timestamp with time zone": "instant",
  boolean: "boolean",
};

/** Whose and of which session a row is, which every answer tells, and a note between builds that is no data. */
const unasked = ["ticker", "trade_date", "breadth_changed_at"];

/** The columns of a bar, and what those of the fact table are called. */
const prices = {
  ...{ open: "open_price", high: "high_price", low: "low_price", close: "close_price", volume: "volume" },
  vwap: "volume_weighted_average_price",
};

/** Prices, volume and its average price: adjusted for splits, or as the vendor stated them. */
export const barColumns = (adjusted: boolean): FactColumn[] =>
  Object.entries(prices).map(([stated, published]) => ({
    ...{ name: adjusted ? published : stated, kind: "decimal", description: "" },
    from: adjusted ? "table" : "stated",
  }));

/** The columns of the published fact table, and what else is worked out of them; none before the first publication. */
export async function selectFactColumns(sql: Sql): Promise<FactColumn[]> {
  const rows = await sql<{ name: string; type: string; description: string }[]>`
    select
      attname as name,
      format_type(atttypid, null) as type,
      coalesce(col_description(attrelid, attnum), '') as description
    from pg_attribute
    where
      attrelid = to_regclass('public.' || ${martTables.facts}::text)
      and attnum > 0
      and not attisdropped
    order by attnum`;
  const names = new Set(rows.map(({ name }) => name));
  const table = rows.filter(({ name }) => !unasked.includes(name));
  return [
    ...table.map(({ name, type, description }) => ({
      ...{ name, description, kind: kinds[type] ?? "text" },
      from: "table" as const,
    })),
    ...indicatorsIn(names)
      .filter((name) => !names.has(name))
      .map((name) => ({ name, kind: "decimal" as const, description: "", from: "ratio" as const })),
  ];
}

/** A workspace column as one that can be asked for of a bar. */
export const factColumnOf = (column: WorkspaceColumn): FactColumn => ({
  name: column.name,
  kind: kinds[column.sqlType] ?? "text",
  description: column.description,
  from: column,
});

/** The expression of a column over rows called `bars`, to which the others have been joined. */
export function factExpression(sql: Sql, { name, kind, from }: FactColumn) {
  if (from === "ratio") return indicatorExpression(sql, name as IndicatorColumn);
  const value =
    typeof from !== "string"
      ? workspaceExpression(sql, from, from.relation.alias)
      : sql`${sql(from === "stated" ? "stated" : "bars")}.${sql(name)}`;
  if (kind === "instant") return sql`to_char(${value} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  if (kind === "text") return sql`${value}::text`;
  return kind === "decimal" ? sql`${value}::numeric` : value;
}
