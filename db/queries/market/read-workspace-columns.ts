import type { PendingQuery, Row } from "postgres";
import type { Sql } from "../../client.ts";
import type { WorkspaceColumn as PublishedColumn, WorkspaceGrain } from "../../schema.ts";

/** How a column of a workspace model is named in addresses: `z_score.z_20d`. No indicator has a dot in its name. */
export type WorkspaceName = `${string}.${string}`;

/** A published relation of a workspace model whose rows are of tickers, securities or their sessions. */
export type WorkspaceRelation = {
  model: string;
  description: string;
  schema: string;
  relation: string;
  grain: Exclude<WorkspaceGrain, "other">;
  /** Whether an index holds its key to one row; a view's, or one without, may repeat. */
  isUnique: boolean;
  publishedAt: Date;
  /** What it is called in a statement that reads several. */
  alias: string;
};

type WorkspaceKind = "number" | "text" | "boolean";

/** A column of the people's own models that can be shown, sorted and filtered by. */
export type WorkspaceColumn = {
  name: WorkspaceName;
  column: string;
  kind: WorkspaceKind;
  /** As the database has it, without its length or precision. */
  sqlType: string;
  description: string;
  relation: WorkspaceRelation;
};

/** What stands in a column. */
export type WorkspaceValue = number | string | boolean | null;

const kinds: Record<string, WorkspaceKind> = {
  smallint: "number",
  integer: "number",
  bigint: "number",
  real: "number",
  "double precision": "number",
  numeric: "number",
  text: "text",
  "character varying": "text",
  character: "text",
  name: "text",
  boolean: "boolean",
};

/** The columns that key each grain, and what they have to be for a statement to compare them. */
const keys: Record<WorkspaceRelation["grain"], Record<string, WorkspaceKind | "date">> = {
  ticker_session: { ticker: "text", trade_date: "date" },
  security_session: { security_id: "text", trade_date: "date" },
  ticker: { ticker: "text" },
};

/** Of whom and when a row is, which every page tells by itself. */
const keyColumns = ["ticker", "security_id", "trade_date"];

/** Names that stand in an address as they are. Others are left out: a comma or a dot would read as something else. */
const isPlain = (name: string) => /^\w+$/.test(name);

const kindOf = (type: string | undefined) => (type === "date" ? "date" : kinds[type ?? ""]);

type CatalogueRow = Omit<WorkspaceRelation, "alias" | "isUnique"> & {
  columns: PublishedColumn[];
  types: Record<string, string>;
  /** The columns of each of its unique indexes. */
  uniques: string[][];
};

/**
 * The relations that publications have listed, as the database has them now: one that is gone, changed or not to be read by this login is
 * left out, so that no page fails by a row that is out of date.
 */
function selectRelations(sql: Sql): Promise<CatalogueRow[]> {
  return sql<CatalogueRow[]>`
    select
      listed.name as model,
      listed.description,
      listed.schema,
      listed.relation,
      listed.grain,
      listed.columns,
      listed.published_at as "publishedAt",
      (
        select json_object_agg(attributes.attname, format_type(attributes.atttypid, null))
        from pg_attribute as attributes
        where attributes.attrelid = classes.oid and attributes.attnum > 0 and not attributes.attisdropped
      ) as types,
      coalesce(
        (
          select json_agg(parts.columns)
          from pg_index as indexes
          cross join lateral (
            select json_agg(attributes.attname) as columns
            from pg_attribute as attributes
            where attributes.attrelid = indexes.indrelid and attributes.attnum = any(indexes.indkey::int2[])
          ) as parts
          where
            indexes.indrelid = classes.oid
            and indexes.indisunique
            and indexes.indisvalid
            and indexes.indpred is null
            and indexes.indexprs is null
        ),
        '[]'
      ) as uniques
    from barline.workspace_relations as listed
    inner join pg_namespace as schemas on schemas.nspname = listed.schema
    inner join pg_class as classes
      on classes.relnamespace = schemas.oid and classes.relname = listed.relation and classes.relkind in ('r', 'p', 'v', 'm')
    where
      listed.grain in ('ticker_session', 'security_session', 'ticker')
      and has_schema_privilege(schemas.oid, 'usage')
      and has_table_privilege(classes.oid, 'select')
    order by listed.name`;
}

/** Whether the database has the key that the publication told, of types that can be compared. */
const hasKey = ({ grain, types }: CatalogueRow) =>
  Object.entries(keys[grain]).every(([column, kind]) => kindOf(types[column]) === kind);

const isKeyed = ({ grain, uniques }: CatalogueRow) =>
  uniques.some((columns) => columns.every((column) => column in keys[grain]));

/** Every column that is offered, by model and in the models' own order. */
export async function selectWorkspaceColumns(sql: Sql): Promise<WorkspaceColumn[]> {
  const rows = (await selectRelations(sql)).filter(
    (row) => isPlain(row.model) && !`${row.schema}${row.relation}`.includes(".") && hasKey(row),
  );
  return rows.flatMap((row, index) => {
    const { columns, types, uniques, ...told } = row;
    const relation = { ...told, alias: `workspace_${index}`, isUnique: isKeyed(row) };
    return columns.flatMap(({ name, kind, description }) => {
      const sqlType = types[name] ?? "";
      return kind !== null && isPlain(name) && kinds[sqlType] === kind && !keyColumns.includes(name)
        ? [{ name: `${row.model}.${name}` as const, column: name, kind, sqlType, description, relation }]
        : [];
    });
  });
}

/** A relation by its schema and name. */
export const relationName = (sql: Sql, { schema, relation }: WorkspaceRelation) => sql`${sql(schema)}.${sql(relation)}`;

const integers = ["smallint", "integer", "bigint"];

/**
 * The value of a column over rows called `alias`. What is no number counts as missing: it would sort above all numbers, and JSON
 * has no word for it.
 */
export function workspaceExpression(sql: Sql, { column, kind, sqlType }: WorkspaceColumn, alias: string) {
  const value = sql`${sql(alias)}.${sql(column)}`;
  if (kind === "text") return sql`${value}::text`;
  if (kind === "boolean" || integers.includes(sqlType)) return value;
  // As decimals, so that a `real` of 0.1 is 0.1. The others stay as they are: to make decimals of floats costs more than to sort them.
  const number = sqlType === "real" ? sql`${value}::numeric` : value;
  return sql`nullif(nullif(nullif(${number}, 'NaN'), 'Infinity'), '-Infinity')`;
}

/** The values of some columns in one array of JSON; every element is an expression over the statement's rows. */
export function jsonArrayOf(sql: Sql, expressions: readonly PendingQuery<Row[]>[]) {
  const list = expressions.flatMap((expression, index) => [index > 0 ? sql`,` : sql``, sql`to_jsonb(${expression})`]);
  return sql`array[${list.length > 0 ? list : sql``}]::jsonb[]`;
}
