import type { Readable } from "node:stream";
import type postgres from "postgres";
import type { Sql, TransactionSql } from "../../client.ts";

/** A column as the catalog knows it; `precision` and `scale` where a numeric has them. */
export type RelationColumn = {
  name: string;
  type: string;
  precision: number | null;
  scale: number | null;
  description: string;
};

/** A published relation: its columns, what tells it from any other that stood or will stand under its name, and the tables whose rows it shows. */
export type Relation = { columns: RelationColumn[]; identity: string; description: string; tables: string[] };

/**
 * What stands under a name in `public`; undefined where nothing does. A table that was built anew is another, as its rows are; so are a view
 * with another text, and the same table on another server, as after a restore.
 */
export async function selectRelation(sql: TransactionSql, name: string): Promise<Relation | undefined> {
  const [row] = await sql<(Omit<Relation, "tables"> & { tables: string[] | null })[]>`
    with recursive reads as (
      select oid, relkind from pg_class where oid = to_regclass('public.' || quote_ident(${name}::text))
      union
      select source.oid, source.relkind
      from reads
      join pg_rewrite on pg_rewrite.ev_class = reads.oid and reads.relkind = 'v'
      join pg_depend on pg_depend.classid = 'pg_rewrite'::regclass and pg_depend.objid = pg_rewrite.oid
        and pg_depend.refclassid = 'pg_class'::regclass
      join pg_class as source on source.oid = pg_depend.refobjid and source.relkind in ('r', 'm', 'p', 'v', 'f')
    )
    select
      (
        select json_agg(
          json_build_object(
            'name', attname, 'type', format_type(atttypid, null),
            'precision', case when atttypid = 'numeric'::regtype and atttypmod >= 0 then (atttypmod - 4) >> 16 end,
            'scale', case when atttypid = 'numeric'::regtype and atttypmod >= 0 then (atttypmod - 4) & 65535 end,
            'description', coalesce(col_description(attrelid, attnum), '')
          ) order by attnum
        )
        from pg_attribute where attrelid = relation.oid and attnum > 0 and not attisdropped
      ) as columns,
      concat_ws(
        ' ', (select system_identifier from pg_control_system()),
        (select string_agg(oid::text, ' ' order by oid) from reads where relkind <> 'v'),
        (select md5(string_agg(pg_get_viewdef(oid), '' order by oid)) from reads where relkind = 'v')
      ) as identity,
      coalesce(regexp_replace(obj_description(relation.oid, 'pg_class'), '\s*\[barline [^\]]*\]$', ''), '') as description,
      (
        select array_agg(relname::text order by relname)
        from reads join pg_class using (oid) where reads.relkind <> 'v' and relnamespace = 'public'::regnamespace
      ) as tables
    from pg_class as relation
    where relation.oid = to_regclass('public.' || quote_ident(${name}::text))`;
  return row && { ...row, tables: row.tables ?? [] };
}

/** The rows of one year, and a text that is another where one of them was written or removed since. */
export type WrittenYear = { year: number; rows: number; written: string };

/**
 * What of each year of a table stands. A row's xmin names the transaction that wrote it, and no row is added to those of one that has
 * ended: where as many rows of the same ones stand as before, they are the same. Nothing can change a row past it, by whatever statement.
 * Reads all of the table, and takes some second for three million rows.
 */
export async function selectWrittenYears(sql: TransactionSql, table: string, date: string): Promise<WrittenYear[]> {
  return await sql<WrittenYear[]>`
    select year, sum(rows)::bigint as rows, md5(string_agg(writer::text || ' ' || rows, ',' order by writer::text)) as written
    from (
      select extract(year from ${sql(date)})::int as year, xmin as writer, count(*) as rows
      from public.${sql(table)}
      group by year, xmin
    ) as writers
    group by year order by year`;
}

/** The years of a relation that lies in several tables, and their rows. */
export async function selectYears(
  sql: TransactionSql,
  relation: string,
  date: string,
): Promise<Omit<WrittenYear, "written">[]> {
  return await sql<Omit<WrittenYear, "written">[]>`
    select extract(year from ${sql(date)})::int as year, count(*)::bigint as rows
    from public.${sql(relation)} group by year order by year`;
}

/** When the transaction began, whose snapshot is at the most a moment younger. */
export async function selectSnapshotTime(sql: TransactionSql): Promise<Date> {
  const [row] = await sql<{ at: Date }[]>`select transaction_timestamp() as at`;
  return row?.at ?? new Date(0);
}

export type RowsWanted = {
  relation: string;
  columns: readonly { name: string; cast: "bigint" | "text" | "double precision" | null }[];
  order: readonly string[];
  /** The rows whose `date` is of this year; all where it is null. */
  year: { date: string; year: number } | null;
};

/** Copies rows out in the binary format. `cancel` ends the statement, over another connection of `pool`. */
export async function copyRows(
  pool: Sql,
  transaction: TransactionSql,
  { relation, columns, order, year }: RowsWanted,
): Promise<{ stream: Readable; cancel(): Promise<void> }> {
  const from = year ? `${String(year.year).padStart(4, "0")}-01-01` : "";
  // COPY takes no parameters.
  const [backend] = await transaction<{ pid: number }[]>`
    select pg_backend_pid() as pid, set_config('barline.export_from', ${from}::text, true)`;
  const list = (parts: postgres.Fragment[]) => parts.reduce((all, part) => transaction`${all}, ${part}`);
  const selected = columns.map(({ name, cast }) => {
    if (cast === null) return transaction`${transaction(name)}`;
    if (cast === "bigint") return transaction`${transaction(name)}::bigint`;
    return cast === "text"
      ? transaction`${transaction(name)}::text`
      : transaction`${transaction(name)}::double precision`;
  });
  const wanted = year
    ? transaction`where ${transaction(year.date)} >= current_setting('barline.export_from')::date
        and ${transaction(year.date)} < current_setting('barline.export_from')::date + interval '1 year'`
    : transaction``;
  const stream = await transaction`
    copy (
      select ${list(selected)} from public.${transaction(relation)} ${wanted}
      order by ${list(order.map((name) => transaction`${transaction(name)}`))}
    ) to stdout (format binary)`.readable();
  return {
    stream,
    cancel: async () => void (await pool`select pg_cancel_backend(${backend?.pid ?? 0}::int)`),
  };
}
