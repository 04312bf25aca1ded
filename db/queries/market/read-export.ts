import type { Readable } from "node:stream";
import type postgres from "postgres";
import { isDistributed, type Sql, type TransactionSql } from "../../client.ts";
import { literal } from "../../quote.ts";

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
 * Reads all of the table, and takes some second for three million rows. Where the table lies on shards, each of these counts its own
 * transactions.
 */
export async function selectWrittenYears(sql: TransactionSql, table: string, date: string): Promise<WrittenYear[]> {
  return await sql<WrittenYear[]>`
    select year, sum(rows)::bigint as rows, md5(string_agg(writer::text || ' ' || rows, ',' order by writer::text, rows)) as written
    from (
      select extract(year from ${sql(date)})::int as year, xmin as writer, count(*) as rows
      from public.${sql(table)}
      group by year, xmin, tableoid
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

/** Some rows of a relation, in an order that is a key of it: all, or of the year of a `date`. */
export type RowsOrdered = { relation: string; order: readonly string[]; year: { date: string; year: number } | null };

/** Where every so many rows begin but the first of them: the keys of those rows, as JSON. */
export async function selectStarts(transaction: TransactionSql, wanted: RowsOrdered, rows: number): Promise<string[]> {
  await setRange(transaction, wanted);
  const order = listed(transaction, wanted.order);
  const starts = await transaction<{ key: string }[]>`
    select row_to_json(numbered)::text as key
    from (
      select ${order}, row_number() over (order by ${order}) as position
      from public.${transaction(wanted.relation)} where ${ofYear(transaction, wanted.year)}
    ) as numbered
    where position > 1 and position % ${rows}::bigint = 1
    order by position`;
  return starts.map(({ key }) => key);
}

export type RowsWanted = RowsOrdered & {
  columns: readonly { name: string; cast: "bigint" | "text" | "double precision" | null }[];
  /** The key of the first row, and of the one after the last, as {@link selectStarts} says them; all before and after where there is none. */
  from: string | undefined;
  before: string | undefined;
};

/** Copies rows out in the binary format. `cancel` ends the statement, over another connection of `pool`. */
export async function copyRows(
  pool: Sql,
  transaction: TransactionSql,
  wanted: RowsWanted,
): Promise<{ stream: Readable; cancel(): Promise<void> }> {
  const pid = await setRange(transaction, wanted);
  const relation = transaction(wanted.relation);
  const order = listed(transaction, wanted.order);
  const selected = wanted.columns.map(({ name, cast }) => {
    if (cast === null) return transaction`${transaction(name)}`;
    if (cast === "bigint") return transaction`${transaction(name)}::bigint`;
    return cast === "text"
      ? transaction`${transaction(name)}::text`
      : transaction`${transaction(name)}::double precision`;
  });
  const from = transaction`and (${order}) >= (
    select ${order} from json_populate_record(null::public.${relation}, current_setting('barline.export_from')::json))`;
  const before = transaction`and (${order}) < (
    select ${order} from json_populate_record(null::public.${relation}, current_setting('barline.export_before')::json))`;
  const stream = await transaction`
    copy (
      select ${selected.reduce((all, column) => transaction`${all}, ${column}`)}
      from public.${relation}
      where ${ofYear(transaction, wanted.year)} ${wanted.from === undefined ? transaction`` : from}
        ${wanted.before === undefined ? transaction`` : before}
      order by ${order}
    ) to stdout (format binary)`.readable();
  return { stream, cancel: async () => void (await pool`select pg_cancel_backend(${pid}::int)`) };
}

/** Says to the session which rows are wanted, as COPY takes no parameters; answers the server's number for the connection. */
async function setRange(
  transaction: TransactionSql,
  { year, from, before }: Pick<RowsOrdered, "year"> & Partial<Pick<RowsWanted, "from" | "before">>,
): Promise<number> {
  const firstDay = year ? `${String(year.year).padStart(4, "0")}-01-01` : "";
  // Of a function's settings other servers hear nothing.
  if (isDistributed(transaction)) {
    await transaction`set local citus.propagate_set_commands = 'local'`;
    const settings = { year: firstDay, from: from ?? "", before: before ?? "" };
    for (const [name, value] of Object.entries(settings))
      await transaction.unsafe(`set local barline.export_${name} = ${literal(value)}`);
  }
  const [backend] = await transaction<{ pid: number }[]>`
    select pg_backend_pid() as pid, set_config('barline.export_year', ${firstDay}::text, true),
      set_config('barline.export_from', ${from ?? ""}::text, true), set_config('barline.export_before', ${before ?? ""}::text, true)`;
  return backend?.pid ?? 0;
}

const ofYear = (transaction: TransactionSql, year: RowsOrdered["year"]): postgres.Fragment =>
  year
    ? transaction`${transaction(year.date)} >= current_setting('barline.export_year')::date
        and ${transaction(year.date)} < current_setting('barline.export_year')::date + interval '1 year'`
    : transaction`true`;

const listed = (transaction: TransactionSql, names: readonly string[]): postgres.Fragment =>
  names.map((name) => transaction`${transaction(name)}`).reduce((all, name) => transaction`${all}, ${name}`);
