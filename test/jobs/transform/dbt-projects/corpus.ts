import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { readerRole, type Sql } from "../../../../db/client.ts";
import { publishedRole } from "../../../../db/published-role.ts";

const texts = z.record(z.string(), z.string().nullable());
const build = z.strictObject({
  /** SQL that is run before. */
  setup: z.string().default(""),
  /** Files that are there from now on; null: no more. */
  files: texts.default({}),
  fullRefresh: z.boolean().default(false),
  select: z.array(z.string()).optional(),
  exclude: z.array(z.string()).optional(),
  variables: z.record(z.string(), z.unknown()).default({}),
});
const project = z.strictObject({
  name: z.string().regex(/^[a-z_0-9]+$/),
  files: texts,
  builds: z.array(build).default([{ setup: "", files: {}, fullRefresh: false, variables: {} }]),
  /** Columns that hold the moment of the build. */
  volatile: z.array(z.string()).default([]),
});

/** A small dbt project, and the builds it goes through one after another. `$schema` in a text is the schema that it has to itself. */
export type DifferentialProject = z.output<typeof project>;
export type Build = DifferentialProject["builds"][number];

const folder = fileURLToPath(new URL("projects", import.meta.url));

/** The corpus, by the file that each project is of. */
export function readCorpus(): DifferentialProject[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const parsed = z.array(project).safeParse(parse(readFileSync(join(folder, name), "utf8")));
      if (!parsed.success) throw new Error(`${basename(name)}: ${z.prettifyError(parsed.error)}`);
      return parsed.data;
    });
}

export const schemaOf = ({ name }: DifferentialProject) => `dt_${name}`;
const placed = (project: DifferentialProject, text: string) => text.replaceAll("$schema", schemaOf(project));

/** The project as a folder. */
export function createFolder(project: DifferentialProject, more: Record<string, string>) {
  const path = mkdtempSync(join(tmpdir(), "barline-dbt-project-"));
  const write = (files: Record<string, string | null>) => {
    for (const [name, text] of Object.entries(files)) {
      if (text === null) rmSync(join(path, name));
      else {
        mkdirSync(dirname(join(path, name)), { recursive: true });
        writeFileSync(join(path, name), placed(project, text));
      }
    }
  };
  write({ "dbt_project.yml": "name: shop\n", ...more, ...project.files });
  return { path, write, remove: () => rmSync(path, { recursive: true }) };
}

/** Runs what comes before a build, in the project's schema. */
export async function prepare(sql: Sql, project: DifferentialProject, { setup }: Build): Promise<void> {
  const schema = schemaOf(project);
  await sql.unsafe(
    `create schema if not exists ${schema}; set search_path = ${schema}; ${placed(project, setup)}; reset search_path`,
  );
}

/** A table or view as it stands: columns as `name type`, and rows as texts. */
export type Table = { kind: string; columns: string[]; rows: (string | null)[][]; more?: string[] };
/** How a build went. Of one that failed it is known what failed and, of what could not be run at all, only that. */
export type Outcome =
  | { tables: Record<string, Table>; tests: Record<string, string> }
  | { failed: Record<string, string> };
export type Recorded = Record<string, Outcome[]>;

const kinds: Record<string, string> = { r: "table", v: "view", m: "materialized view" };

/** Everything that stands in the project's schemas. */
export async function readTables(sql: Sql, project: DifferentialProject): Promise<Record<string, Table>> {
  const schema = schemaOf(project);
  const found = await sql<{ schema: string; name: string; kind: string; columns: string[]; types: string[] }[]>`
    select nspname as schema, relname as name, relkind as kind, array(
      select attname from pg_attribute
      where attrelid = class.oid and attnum > 0 and not attisdropped order by attnum
    )::text[] as columns, array(
      select format_type(atttypid, atttypmod) from pg_attribute
      where attrelid = class.oid and attnum > 0 and not attisdropped order by attnum
    )::text[] as types
    from pg_class as class join pg_namespace as namespace on namespace.oid = relnamespace
    where (nspname = ${schema} or nspname like ${`${schema.replaceAll("_", "\\_")}\\_%`}) and relkind in ('r', 'v', 'm')
    order by nspname, relname`;
  const tables: Record<string, Table> = {};
  for (const { schema: own, name, kind, columns, types } of found) {
    const label = own === schema ? name : `${own.slice(schema.length)}.${name}`;
    const kept = columns.filter((column) => !project.volatile.includes(column));
    const more = await readMore(sql, own, name);
    const rows = await readRows(sql, own, name, kept);
    tables[label] = {
      kind: kinds[kind] ?? kind,
      columns: kept.map((column) => `${column} ${types[columns.indexOf(column)]}`),
      rows,
      ...(more.length > 0 && { more }),
    };
  }
  return tables;
}

async function readRows(sql: Sql, schema: string, name: string, columns: string[]): Promise<(string | null)[][]> {
  const names = columns.map((column) => `"${column.replaceAll('"', '""')}"::text`);
  const rows = await sql.unsafe(`select array[${names.join(", ")}]::text[] as cells from "${schema}"."${name}"`);
  // dbt's database and ours have other names.
  const database = `"${sql.options.database}".`;
  return rows
    .map(({ cells }) => (cells as (string | null)[]).map((cell) => cell?.replaceAll(database, '"database".') ?? null))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Constraints, indexes, and what others may do. */
async function readMore(sql: Sql, schema: string, name: string): Promise<string[]> {
  const rows = await sql<{ text: string }[]>`
    with class as (
      select class.oid, relacl, relowner from pg_class as class
      join pg_namespace as namespace on namespace.oid = relnamespace
      where nspname = ${schema} and relname = ${name}
    )
    select pg_get_constraintdef(held.oid) as text from pg_constraint as held join class on conrelid = class.oid
    union all
    select regexp_replace(pg_get_indexdef(indexrelid), '^CREATE (UNIQUE )?INDEX .* USING', 'INDEX \\1USING')
    from pg_index join class on indrelid = class.oid
    union all
    select lower(privilege_type) || ' to ' || coalesce(nullif(pg_get_userbyid(grantee), 'unknown (OID=0)'), 'public')
    from class cross join aclexplode(relacl) where grantee <> relowner and pg_get_userbyid(grantee) <> all (${[readerRole, publishedRole]}::text[])
    order by 1`;
  return rows.map(({ text }) => text);
}
